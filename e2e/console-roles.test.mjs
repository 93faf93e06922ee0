// Every route of the console against every role. The routes are read from the source: one that is not in the table fails the test.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, watchedPage } from './harness/browser.mjs';
import { Person, signInAs } from './harness/console.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Serve } from './harness/serve.mjs';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '../crates/bonin-gateway/src/http/console');
const ROLES = ['OWNER', 'OPERATOR', 'VIEWER'];

/** Who may: everyone who is signed in, those who run it, the owner alone. */
const ALL = [true, true, true];
const RUN = [true, true, false];
const OWN = [true, false, false];

/** What each route is for. A POST is sent with a right token and an empty form: whoever may gets past the role, to the form. */
const TABLE = {
  'GET /console': ALL,
  'GET /console/verifications': ALL,
  'POST /console/verifications': ALL,
  'GET /console/verifications/{store}/{id}': ALL,
  'POST /console/verifications/{store}/{id}/reveal': RUN,
  'POST /console/verifications/{store}/{id}/erase': OWN,
  'GET /console/erasure': OWN,
  'POST /console/erasure': OWN,
  'GET /console/stores': ALL,
  'GET /console/stores/new': RUN,
  'POST /console/stores/new': RUN,
  'GET /console/stores/{id}': ALL,
  'POST /console/stores/{id}': RUN,
  'GET /console/channels': ALL,
  'GET /console/channels/new': RUN,
  'POST /console/channels/new': RUN,
  'GET /console/channels/{id}': ALL,
  'POST /console/channels/{id}/name': RUN,
  'POST /console/channels/{id}/credentials': RUN,
  'POST /console/channels/{id}/test': RUN,
  'POST /console/channels/{id}/retire': RUN,
  'POST /console/channels/{id}/restore': RUN,
  'GET /console/secrets': ALL,
  'GET /console/secrets/new': RUN,
  'POST /console/secrets/new': RUN,
  'GET /console/secrets/{id}': ALL,
  'POST /console/secrets/{id}/name': RUN,
  'GET /console/secrets/{id}/revoke': RUN,
  'POST /console/secrets/{id}/revoke': RUN,
  'GET /console/webhooks': ALL,
  'GET /console/webhooks/new': RUN,
  'POST /console/webhooks/new': RUN,
  'GET /console/webhooks/{id}': ALL,
  'POST /console/webhooks/{id}': RUN,
  'POST /console/webhooks/{id}/secret': RUN,
  'POST /console/webhooks/{id}/pause': RUN,
  'POST /console/webhooks/{id}/resume': RUN,
  'POST /console/webhooks/{id}/test': RUN,
  'GET /console/webhooks/{id}/deliveries/{delivery}': ALL,
  'POST /console/webhooks/{id}/deliveries/{delivery}/replay': RUN,
  'GET /console/webhooks/{id}/retire': RUN,
  'POST /console/webhooks/{id}/retire': RUN,
  'GET /console/users': OWN,
  'GET /console/users/new': OWN,
  'POST /console/users/new': OWN,
  'GET /console/users/{id}': OWN,
  'POST /console/users/{id}/role': OWN,
  'POST /console/users/{id}/password': OWN,
  'POST /console/users/{id}/second-factor': OWN,
  'POST /console/users/{id}/disable': OWN,
  'POST /console/users/{id}/enable': OWN,
  'POST /console/users/{id}/unlock': OWN,
  'GET /console/audit': ALL,
  'POST /console/audit/verify': ALL,
  'POST /console/audit/head': OWN,
  'GET /console/settings': ALL,
  'POST /console/settings/password': ALL,
  'POST /console/settings/totp': ALL,
  'POST /console/settings/totp/confirm': ALL,
  'POST /console/settings/totp/cancel': ALL,
  'POST /console/settings/totp/remove': ALL,
  'POST /console/settings/sessions/end': ALL,
  'POST /console/settings/sessions/{id}/end': ALL,
};

/** Routes that are there for those who are not signed in; e2e/console-entrance.test.mjs looks at them. */
const ENTRANCE = [
  'GET /console/setup', 'POST /console/setup', 'GET /console/login', 'POST /console/login', 'GET /console/login/code',
  'POST /console/login/code', 'GET /console/password', 'POST /console/password', 'POST /console/logout',
  'GET /console/style.css', 'GET /console/console.js',
];

async function sources(folder) {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = found.filter((entry) => entry.isFile() && entry.name.endsWith('.rs'));
  return Promise.all(files.map((file) => readFile(join(file.parentPath ?? file.path, file.name), 'utf8')));
}

/** `GET /console/…`, `POST /console/…` of every `.route(…)` in the source. */
async function routes() {
  const all = new Set();
  for (const text of await sources(SOURCE)) {
    const paths = Object.fromEntries([...text.matchAll(/const (\w+): &str = "(\/console[^"]*)"/g)].map(([, name, path]) => [name, path]));
    for (const [, rest] of text.matchAll(/\.route\(\s*([\s\S]*?)\n?\s*\)\s*(?=\.route|\.layer|\.merge|\.with_state|\.fallback|\}|$)/g)) {
      const [, quoted, named] = rest.match(/^(?:"([^"]+)"|([\w.]+))/);
      const path = quoted ?? paths[named];
      if (!path) continue; // assets name their own
      for (const method of ['get', 'post']) {
        if (new RegExp(`\\b${method}\\(`).test(rest)) all.add(`${method.toUpperCase()} ${path}`);
      }
    }
  }
  return all;
}

let serve, browser;
const visits = {};
const ids = {};
before(async () => {
  serve = await Serve.setUp();
  await serve.start({ contract: false });
  const [id, person] = [newId(), newPerson()];
  await serve.sdk().sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: serve.channel, operator: 'SKT' }),
  });
  const [channel] = await serve.json(['channel', 'list']);
  // What a route is tried on is not what the others work with.
  const spare = await serve.addSecret();
  const user = await Person.make(serve, { role: 'VIEWER' });
  const store = await serve.json(['store', 'create', '--name', '시험 상점', '--kind', 'test']);
  // Of a store without verifications, at an address that nobody calls: its webhooks go nowhere.
  const webhook = await serve.json(['webhook', 'create', '--store', store.id, '--url', 'https://receiver.invalid/']);
  Object.assign(ids, { verification: id, channels: channel.id, secrets: spare.id, users: user.id, stores: store.id, webhooks: webhook.id });
  ids.delivery = (await serve.json(['webhook', 'test', webhook.id])).id;
  browser = await launch();
  for (const role of ROLES) {
    visits[role] = await watchedPage(browser, 1280);
    await signInAs(serve, visits[role].page, { role });
  }
});
after(async () => {
  await browser?.close();
  await serve?.stop();
});

function address(path) {
  const filled = path
    .replace('{store}/{id}', `${serve.store}/${ids.verification}`)
    .replace(/^\/console\/(\w+)\/\{id\}/, (_, kind) => `/console/${kind}/${ids[kind] ?? 'none'}`)
    .replace('{delivery}', ids.delivery)
    .replace('{id}', 'none');
  return new URL(filled, serve.gateway).href;
}

async function status(role, route) {
  const [method, path] = route.split(' ');
  const { page } = visits[role];
  const { request } = page.context();
  const options = { maxRedirects: 0 };
  if (method === 'GET') return (await request.get(address(path), options)).status();
  const csrf = await page.locator('input[name=csrf]').first().getAttribute('value');
  return (await request.post(address(path), { ...options, form: { csrf } })).status();
}

describe('roles', () => {
  test('every route of the source stands in the table, and the table has no other', async () => {
    const known = new Set([...Object.keys(TABLE), ...ENTRANCE]);
    const there = await routes();
    for (const asset of ['GET /console/style.css', 'GET /console/console.js']) there.add(asset);
    assert.deepEqual([...there].filter((route) => !known.has(route)), [], 'routes without a line in the table');
    assert.deepEqual([...known].filter((route) => !there.has(route)), [], 'lines without a route');
  });

  for (const [route, allowed] of Object.entries(TABLE)) {
    test(`${route} answers each role as the table says`, async () => {
      // The least first: what the mighty do must not change what the others see.
      for (const role of [...ROLES].reverse()) {
        const got = await status(role, route);
        const may = allowed[ROLES.indexOf(role)];
        const fine = route.startsWith('GET') ? [200] : [200, 303, 400];
        if (may) assert.ok(fine.includes(got), `${role}: ${got}`);
        else assert.equal(got, 403, role);
      }
    });
  }

  test('nobody without a session gets to any of them', async () => {
    for (const route of Object.keys(TABLE)) {
      const [method, path] = route.split(' ');
      const answer = await fetch(address(path), { method, redirect: 'manual', body: method === 'POST' ? 'a=b' : undefined });
      assert.ok([302, 303, 307].includes(answer.status), `${route}: ${answer.status}`);
      assert.match(answer.headers.get('location'), /^\/console\/(login|setup)/, route);
    }
  });

  test('pages offer what the role may and nothing else', async () => {
    for (const [role, offered] of [['OWNER', true], ['OPERATOR', true], ['VIEWER', false]]) {
      const { page } = visits[role];
      for (const [path, name] of [['/console/stores', '상점 만들기'], ['/console/channels', '채널 만들기'], ['/console/secrets', 'API 시크릿 만들기'], ['/console/webhooks', '웹훅 만들기']]) {
        await page.goto(new URL(path, serve.gateway).href);
        assert.equal((await page.getByRole('link', { name }).count()) > 0, offered, `${role} ${path}`);
      }
      const users = page.getByRole('navigation', { name: '콘솔' }).getByRole('link', { name: '사용자' });
      assert.equal((await users.count()) > 0, role === 'OWNER', role);
    }
  });
});
