// `bonin webhook`: what the console does with webhooks, from the shell.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Webhook } from '@portone/server-sdk';
import { Database } from './harness/database.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Program, readyFile, waitFor } from './harness/program.mjs';
import { Receiver } from './harness/receiver.mjs';
import { Installation } from './harness/shell.mjs';

const [READY, VERIFIED, FAILED] = ['Ready', 'Verified', 'Failed'].map((name) => `IdentityVerification.${name}`);
const ENV = { BONIN_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8', BONIN_WEBHOOK_FIRST_RETRY: '200ms', BONIN_WEBHOOK_TIMEOUT: '2s' };
const NOWHERE = 'webhook-ffffffff-ffff-4fff-8fff-ffffffffffff';

let place, shell, store, channel, secret, program, gateway;
const open = [];
before(async () => {
  place = await Installation.make();
  ({ shell } = place);
  Object.assign(shell.env, ENV);
  store = (await place.store('웹훅 가게')).id;
  channel = (await place.channel(store)).key;
  secret = (await place.secret(store)).secret;
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});
after(async () => {
  if (program) await program.stop();
  await place?.stop();
});

async function receiver(options) {
  const made = await Receiver.start(options);
  open.push(made);
  return made;
}

async function serve() {
  const ready = join(place.folder, `ready-${newId()}.json`);
  program = new Program(['serve'], { env: { ...shell.env, BONIN_READY_FILE: ready } });
  ({ gateway } = await program.ready('the ready file', readyFile(ready)));
}

const create = (url, ...args) => shell.json(['webhook', 'create', '--store', store, '--url', url, ...args], { once: true });
const show = (id) => shell.json(['webhook', 'show', id]);

/** A verification begins. */
async function begin() {
  const id = newId();
  const answer = await fetch(`${gateway}/identity-verifications/${id}/send`, {
    method: 'POST',
    headers: { authorization: `PortOne ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(sending(newPerson(), { channelKey: channel, operator: 'SKT' })),
  });
  assert.equal(answer.status, 200, await answer.text());
  return id;
}

describe('bonin webhook, while nothing runs', () => {
  test('makes one, whose secret is shown once, and shows it without', async () => {
    const { secret: shown, ...made } = await create('https://shop.example.com/hooks?token=1', '--event', VERIFIED, '--event', FAILED);
    assert.match(shown, /^whsec_[A-Za-z0-9+/]+=*$/);
    assert.deepEqual(
      [made.storeId, made.url, made.events.toSorted(), made.state, made.since, made.pauseCause, made.pending, made.previousSecretUntil],
      [store, 'https://shop.example.com/hooks?token=1', [FAILED, VERIFIED].toSorted(), 'LIVE', null, null, 0, null],
    );
    assert.deepEqual(await show(made.id), made);
    assert.deepEqual(await shell.json(['webhook', 'list', '--store', store]), [made]);
    assert.match(await shell.says(['webhook', 'list']), new RegExp(`^${made.id}  ${store}  LIVE  https://shop\\.example\\.com/hooks\\?token=1  `, 'm'));
    assert.match(await shell.says(['webhook', 'show', made.id]), /^state +LIVE$/m);
    const told = await shell.says(['webhook', 'create', '--store', store, '--url', 'https://shop.example.com/'], { once: true });
    assert.match(told, /^whsec_\S+\n\nThis is the only time that it is shown\. The webhook's id is webhook-\S+\.\n$/);
    const second = (await shell.json(['webhook', 'list'])).find(({ url }) => url === 'https://shop.example.com/');
    assert.deepEqual(second.events.toSorted(), [READY, VERIFIED, FAILED].toSorted(), 'all of them unless some are named');
    assert.ok(!shell.transcript.includes(shown.slice(6)));

    const { action, details } = await place.newest();
    assert.equal(action, 'webhook.create');
    assert.equal(details.origin, 'https://shop.example.com');
    assert.ok(!JSON.stringify(details).includes('token'));
    for (const { id } of [made, second]) assert.equal((await shell.json(['webhook', 'retire', id])).state, 'RETIRED');
    assert.equal((await place.newest()).action, 'webhook.retire');
  });

  test('an address may come in a file, and what is wrong is told by its flag without repeating it', async () => {
    const url = 'https://shop.example.com/canary-1b7e';
    const made = await shell.json(['webhook', 'create', '--store', store, '--url-file', '-'], { input: `${url}\n`, once: true });
    assert.equal(made.url, url);
    const to = await place.file('url', 'https://shop.example.com/other\n');
    assert.equal((await shell.json(['webhook', 'update', made.id, '--url-file', to])).url, 'https://shop.example.com/other');
    for (const [args, told] of [
      [['create', '--store', store], /--url: /],
      [['create', '--store', store, '--url', 'http://10.0.0.1/canary-1b7e'], /--url: 허용되지 않은/],
      [['create', '--store', store, '--url', 'https://me:canary-1b7e@shop.example.com/'], /--url: .*비밀번호/],
      [['update', made.id, '--url', 'canary-1b7e'], /--url: .*https로/],
      [['create', '--store', 'store-none', '--url', url], /상점/],
      [['show', NOWHERE], /웹훅/], [['pause', NOWHERE], /웹훅/], [['retire', NOWHERE], /웹훅/], [['test', NOWHERE], /웹훅/],
      [['deliveries', NOWHERE], /웹훅/], [['delivery', 'wh_none'], /웹훅 메시지/], [['replay', 'wh_none'], /웹훅 메시지/],
      [['rotate-secret', made.id, '--overlap', '169h'], /--overlap: .*7일/],
      [['deliveries', made.id, '--before', "'"], /--before: /],
      [['deliveries', made.id, '--event', 'Nothing'], /--event: /],
      [['deliveries', made.id, '--identity-verification-id', '가'], /--identity-verification-id: /],
    ]) {
      const { code, stderr } = await shell.run(['webhook', ...args]);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, told);
      assert.match(stderr, /^bonin: [^\n]+\n$/);
      assert.doesNotMatch(stderr, /canary/);
    }
    await shell.refuses(['webhook', 'create', '--store', store, '--url', url, '--event', 'Webhook.Test'], /possible values/, { status: 2 });
    await shell.refuses(['webhook', 'rotate-secret', made.id, '--overlap', '1h', '--no-overlap'], /cannot be used with/, { status: 2 });
    await shell.json(['webhook', 'retire', made.id]);
    await shell.refuses(['webhook', 'update', made.id, '--event', READY], /폐기/);
  });

  test('a test message that no gateway sends is not waited for without end', async () => {
    const made = await create('https://receiver.invalid/');
    const told = await shell.refuses(['webhook', 'test', made.id, '--wait', '300ms'], /check that `bonin serve` runs/);
    assert.match(told, /^state +PENDING/m);
    assert.equal((await show(made.id)).pending, 1);
    await shell.json(['webhook', 'retire', made.id]);
    const [{ state }] = (await shell.json(['webhook', 'deliveries', made.id])).items;
    assert.equal(state, 'DROPPED');
  });

  test('whoever waits for a test message looks at that message alone, and counts nothing behind it', async () => {
    const made = await create('https://receiver.invalid/');
    const database = Database.at(join(place.data, 'bonin.db'));
    const [from, to] = ['webhook_endpoint', 'webhook_endpoint_away'];
    const waiting = shell.json(['webhook', 'test', made.id, '--wait', '20s']);
    const [{ id }] = await waitFor('the message', async () => {
      const rows = await database.rows("SELECT id FROM webhook_delivery WHERE event = 'TEST' AND state = 'PENDING'");
      return rows.length > 0 && rows;
    });
    // For a second nobody can look at the endpoint, or at what waits for it.
    await database.change(`ALTER TABLE ${from} RENAME TO ${to}`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await database.change(`ALTER TABLE ${to} RENAME TO ${from}`);
    await database.change(`UPDATE webhook_delivery SET state = 'DELIVERED', next_at = NULL, ended_at = 1 WHERE id = '${id}'`);
    assert.deepEqual([(await waiting).id, (await waiting).state], [id, 'DELIVERED']);
    await shell.json(['webhook', 'retire', made.id]);
  });
});

describe('bonin webhook, beside a gateway', () => {
  before(serve);

  test('a test message arrives, signed with both secrets while one takes the other’s place', async () => {
    const there = await receiver();
    const made = await create(there.url);
    const sent = await shell.json(['webhook', 'test', made.id, '--wait', '10s']);
    assert.deepEqual([sent.state, sent.type, sent.tries, sent.identityVerificationId], ['DELIVERED', 'Webhook.Test', 1, null]);
    const [{ number, status, failure, explanation }] = sent.attempts;
    assert.deepEqual([number, status, failure, explanation], [1, 200, null, '받는 쪽이 받았습니다.']);
    assert.equal(there.requests[0].id, sent.id);
    await Webhook.verify(made.secret, there.requests[0].body, there.requests[0].headers);

    const rotated = await shell.json(['webhook', 'rotate-secret', made.id, '--overlap', '2h'], { once: true });
    const hours = (Date.parse(rotated.previousSecretUntil) - Date.now()) / 3_600_000;
    assert.ok(hours > 1.9 && hours <= 2, rotated.previousSecretUntil);
    await shell.says(['webhook', 'test', made.id, '--wait', '10s']);
    for (const key of [made.secret, rotated.secret]) await Webhook.verify(key, there.requests[1].body, there.requests[1].headers);
    const last = await shell.json(['webhook', 'rotate-secret', made.id, '--no-overlap'], { once: true });
    assert.equal(last.previousSecretUntil, null);
    await shell.says(['webhook', 'test', made.id, '--wait', '10s']);
    await assert.rejects(Webhook.verify(rotated.secret, there.requests[2].body, there.requests[2].headers));
    await Webhook.verify(last.secret, there.requests[2].body, there.requests[2].headers);
    for (const key of [made.secret, rotated.secret, last.secret]) assert.ok(!shell.transcript.includes(key.slice(6)));
    await shell.json(['webhook', 'retire', made.id]);
  });

  test('while it is paused messages wait; they are listed by what they are, and replayed', async () => {
    const there = await receiver();
    const made = await create(there.url, '--event', READY);
    const paused = await shell.json(['webhook', 'pause', made.id]);
    assert.deepEqual([paused.state, paused.pauseCause], ['PAUSED', 'REQUEST']);
    const ids = [];
    for (let count = 0; count < 31; count += 1) ids.push(await begin());
    assert.match(await shell.says(['webhook', 'list']), /PAUSED \(REQUEST\) since \S+ .*31 pending$/m);
    const list = (...args) => shell.json(['webhook', 'deliveries', made.id, ...args]);
    const first = await list();
    assert.deepEqual([first.items.length, first.items[0].identityVerificationId, first.before], [30, ids[30], first.items[29].id]);
    const second = await list('--before', first.before);
    assert.deepEqual([second.items.map(({ identityVerificationId }) => identityVerificationId), second.before], [[ids[0]], null]);
    assert.match(await shell.says(['webhook', 'deliveries', made.id]), new RegExp(`There are older ones: --before ${first.before}\n$`));
    assert.deepEqual((await list('--identity-verification-id', ids[7])).items.length, 1);
    assert.deepEqual((await list('--state', 'delivered')).items, []);
    assert.deepEqual((await list('--state', 'PENDING', '--event', VERIFIED)).items, []);
    assert.equal(there.requests.length, 0);

    // What is asked for goes to a paused one, too.
    const [{ id }] = (await list('--identity-verification-id', ids[7])).items;
    await shell.json(['webhook', 'replay', id]);
    await there.until('the one', ({ requests }) => requests);
    assert.deepEqual(there.requests.map((request) => request.id), [id]);
    await waitFor('it to be written down', async () => (await shell.json(['webhook', 'delivery', id])).state === 'DELIVERED');
    assert.match(await shell.says(['webhook', 'delivery', id]), /^tries +1 {2}\S+ {2}200 {2}\d+ ms$/m);

    assert.equal((await shell.json(['webhook', 'resume', made.id])).state, 'LIVE');
    await there.until('the others', ({ requests }) => requests, 31);
    assert.deepEqual(new Set(there.requests.map(({ body }) => JSON.parse(body).data.identityVerificationId)), new Set(ids));
    await shell.json(['webhook', 'retire', made.id]);
  });

  test('what is not delivered fails the command, with what to do', async () => {
    const there = await receiver({ answer: (_, response) => response.writeHead(404).end() });
    const made = await create(there.url);
    const told = await shell.refuses(['webhook', 'test', made.id, '--wait', '10s'], /was not delivered/);
    assert.match(told, /404 .*\n.*등록한 주소를 확인해야 합니다/);
    await shell.json(['webhook', 'retire', made.id]);
  });
});
