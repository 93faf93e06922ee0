// /metrics: every documented metric is there and every metric that is there is documented, who may read it, and that it neither
// grows with what strangers send nor tells of anybody.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { Client } from './harness/console.mjs';
import { CHANNEL, Dev, STORE } from './harness/dev.mjs';
import { read, scrape } from './harness/figures.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Program, waitFor } from './harness/program.mjs';
import { raw } from './harness/raw.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { search } from './harness/search.mjs';
import { Serve } from './harness/serve.mjs';
import { Story } from './harness/story.mjs';
import { walkThrough } from './harness/walk.mjs';

const file = (name) => readFile(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');

/** The table of metrics in a document: `Map(name → {type, labels})`. */
async function documented(name) {
  const table = new Map();
  for (const line of (await file(name)).split('\n')) {
    const [, metric, type, labels] = line.match(/^\| `((?:bonin|process)_[a-z_]+)` \| (\w+) \| ([^|]*) \|/) ?? [];
    if (!metric) continue;
    assert.ok(!table.has(metric), `${metric} stands twice in ${name}`);
    table.set(metric, { type, labels: [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label]) => label).sort() });
  }
  return table;
}

/** A family as the table has it: a counter with `_total`, a histogram without its parts. */
function asDocumented({ name, TYPE, samples }) {
  const ending = { counter: '_total', info: '_info' }[TYPE] ?? '';
  const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
  labels.delete('le');
  return [name + ending, { type: TYPE, labels: [...labels].sort() }];
}

describe('a gateway that has done everything', () => {
  let dev;
  let figures;
  const hidden = {};
  const requestId = 'cafebabe-0000-4000-8000-decafbadf00d';

  const hide = (what, value) => {
    assert.ok(value, what);
    hidden[what] = value;
  };

  /** A person whom every way knows something of. */
  async function story(operator, method) {
    const one = await Story.of(dev, operator, method);
    hide(`id of ${operator} ${method}`, one.id);
    hide(`phone of ${operator} ${method}`, one.person.phone);
    hide(`name of ${operator} ${method}`, one.person.name);
    hide(`resident number of ${operator} ${method}`, one.person.identityNumber);
    hide(`address of ${operator} ${method}`, one.person.ipAddress);
    return one;
  }

  async function verifyInWindow() {
    const [id, person] = [newId(), newPerson()];
    hide('id of the window', id);
    hide('phone in the window', person.phone);
    const { name, phone, birthDate, gender, isForeigner } = person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'KT', pass: true });
    const response = await openWindow(id);
    const opened = await response.json();
    assert.equal(response.status, 200, JSON.stringify(opened));
    hide('txId of the window', opened.txId);
    const departure = await fetch(`${dev.gateway}/checkout/${opened.txId}`);
    const back = await walkThrough(await departure.text(), dev.sandbox, person);
    assert.equal((await fetch(back.url, { method: 'POST', body: new URLSearchParams(back.fields) })).status, 200);
  }

  function openWindow(id = newId()) {
    return fetch(`${dev.gateway}/checkout/identity-verifications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://shop.example', 'x-request-id': requestId },
      body: JSON.stringify({
        storeId: STORE,
        identityVerificationId: id,
        channelKey: CHANNEL,
        windowType: 'REDIRECTION',
        redirectUrl: 'http://shop.example/back',
      }),
    });
  }

  before(async () => {
    dev = await Dev.start({
      contract: false,
      args: ['--limit-checkout', '2/1h', '--max-wrong-numbers', '1', '--sweep-interval', '100ms'],
    });
    hide('API secret', 'bonin-dev-secret-do-not-use-in-production');
    hide('store', STORE);
    hide('channel', CHANNEL);
    const sms = await story('KT', 'SMS');
    await sms.send();
    await sms.resend();
    hide('number', await sms.otp());
    await sms.finish();
    const app = await story('LGU', 'APP');
    await app.send();
    await app.finish();
    // The one wrong number there is ends the try; the next confirm is one too many.
    const wrong = await story('SKT', 'SMS');
    await wrong.send();
    const number = anotherNumber(await wrong.otp());
    await assert.rejects(wrong.confirm(number));
    await assert.rejects(wrong.confirm(number));
    await verifyInWindow();
    await openWindow();
    assert.equal((await openWindow()).status, 429);
    const visitor = new Client(dev.gateway);
    assert.equal((await visitor.login({ username: 'somebody', password: 'something that is not theirs' })).status, 400);
    hide('username', 'somebody');
    const { username, password } = dev.info.console;
    assert.equal((await visitor.login({ username, password })).to, '/console');
    figures = await waitFor('each worker to have made its round', async () => {
      const now = await scrape(dev.gateway);
      const workers = ['sweeper', 'windows', 'keys', 'retention', 'counts', 'sessions', 'webhooks', 'webhook_count', 'webhook_history'];
      return workers.every((worker) => now.sum('bonin_worker_runs_total', { worker, result: 'ok' }) > 0) && now;
    });
  });
  after(() => dev?.stop());

  test('tells every documented metric, of its type and with its labels, and no other', async () => {
    const told = new Map([...figures.families.values()].map(asDocumented));
    const table = await documented('docs/OPERATIONS.md');
    assert.ok(table.size > 20, 'the table was found');
    for (const [name, wanted] of table) assert.deepEqual(told.get(name), wanted, name);
    assert.deepEqual([...told.keys()].filter((name) => !table.has(name)), []);
    assert.deepEqual(await documented('docs/OPERATIONS.ko.md'), table);
  });

  test('counts what was done', () => {
    const count = (name, labels) => figures.sum(name, labels);
    const route = (name) => `/identity-verifications/{identityVerificationId}/${name}`;
    assert.equal(count('bonin_http_requests_total', { route: route('send'), method: 'POST', status: '2xx' }), 3);
    assert.equal(count('bonin_http_requests_total', { route: route('confirm'), status: '4xx' }), 1);
    assert.equal(count('bonin_http_requests_total', { route: route('confirm'), status: '502' }), 1, 'what KCP refuses');
    assert.equal(count('bonin_http_request_seconds_count', { route: route('send') }), 3);
    for (const [call, code, times] of [
      ['2100', '0000', 2],
      ['2200', '0000', 1],
      ['2300', '0000', 1],
      ['2300', 'SB11', 1],
      ['2500', '0000', 1],
      ['2600', '0000', 1],
      ['register', '0000', 2],
      ['query', '0000', 1],
    ]) {
      assert.equal(count('bonin_kcp_calls_total', { call, code }), times, `${call} ${code}`);
    }
    assert.equal(count('bonin_kcp_call_seconds_count', { call: '2300' }), 2);
    for (const [way, event, times] of [
      ['sms', 'begun', 2],
      ['app', 'begun', 1],
      ['window', 'begun', 2],
      ['sms', 'resent', 1],
      ['sms', 'verified', 1],
      ['app', 'verified', 1],
      ['window', 'verified', 1],
      ['sms', 'failed_too_many_wrong_numbers', 1],
    ]) {
      assert.equal(count('bonin_verification_events_total', { way, event }), times, `${way} ${event}`);
    }
    assert.equal(count('bonin_requests_limited_total', { limit: 'wrong_numbers' }), 1);
    assert.equal(count('bonin_requests_limited_total', { limit: 'checkout' }), 1);
    assert.equal(count('bonin_console_logins_total', { outcome: 'wrong' }), 1);
    assert.equal(count('bonin_console_logins_total', { outcome: 'let_in' }), 1);
    // Begun, recorded, claimed, recorded: what is acknowledged was committed.
    assert.ok(count('bonin_store_commits_total') >= 20);
    assert.equal(count('bonin_store_commit_seconds_count'), count('bonin_store_commits_total'));
    assert.equal(count('bonin_store_commit_group_size_count'), count('bonin_store_commits_total'));
    // Those who write at once may share one.
    assert.ok(count('bonin_store_commit_group_size_sum') >= count('bonin_store_commits_total'));
    assert.ok(count('bonin_store_connections') >= 1);
    assert.ok(count('bonin_store_connections') <= count('bonin_store_connections_max'));
    assert.equal(count('bonin_http_requests_in_flight'), 1, 'the one that asks');
    const now = Date.now() / 1000;
    assert.ok(Math.abs(now - count('process_start_time_seconds')) < 600);
    assert.ok(Math.abs(now - count('bonin_worker_last_success_timestamp_seconds', { worker: 'sweeper' })) < 600);
  });

  test('is not made to grow by what strangers send', async () => {
    const series = ({ samples }) => new Set(samples.map(({ name, labels }) => name + JSON.stringify(labels)));
    const ask = async (line) => {
      const { status } = await raw(dev.gateway, [`${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`]);
      assert.ok(status >= 300 && status < 500, `${line}: ${status}`);
    };
    const odd = (i) => [
      `GET /nothing/${newId()}?name=${newId()}`,
      `POST /identity-verifications/${newId()}/confirm`,
      `ODD${i} /identity-verifications/${newId()}`,
      `GET /checkout/${newId()}`,
      `GET /console/stores/${newId()}/${newId()}`,
    ];
    for (const line of odd('')) await ask(line);
    const before = await scrape(dev.gateway);
    for (let i = 0; i < 30; i += 1) for (const line of odd(i)) await ask(line);
    const known = series(before);
    const isNew = (one) => !known.has(one) && !one.startsWith('bonin_worker_');
    assert.deepEqual([...series(await scrape(dev.gateway))].filter(isNew), []);
    const methods = new Set(before.samples.map(({ labels }) => labels.method).filter(Boolean));
    assert.ok(methods.has('other') && [...methods].every((method) => /^(GET|POST|other)$/.test(method)), [...methods].join());
  });

  test('gives each code of KCP a label, up to a number', async () => {
    for (let i = 0; i < 120; i += 1) {
      await dev.sandbox.fault({ endpoint: 'hub:2500', kind: 'resCd', value: `Z${i}` });
      const person = newPerson();
      await assert.rejects(
        dev.sdk().sendIdentityVerification({
          identityVerificationId: newId(),
          ...sending(person, { channelKey: CHANNEL, operator: 'KT', method: 'APP' }),
        }),
      );
    }
    const now = await scrape(dev.gateway);
    const codes = new Set(now.samples.map(({ labels }) => labels.code).filter(Boolean));
    assert.equal(now.sum('bonin_kcp_calls_total', { code: 'Z0' }), 1);
    assert.ok(now.sum('bonin_kcp_calls_total', { code: 'other' }) > 10);
    assert.ok(codes.size <= 108, `${codes.size} codes`);
    assert.equal(now.sum('bonin_kcp_calls_total', { call: '2500' }), 121, 'every call is counted');
  });

  test('tells of nobody', async () => {
    const { text } = await scrape(dev.gateway);
    hide('request id', requestId);
    assert.ok(Object.keys(hidden).length > 20, 'much was looked for');
    assert.deepEqual(search(hidden, { metrics: Buffer.from(`${figures.text}${text}`) }), []);
    const canary = { route: '/checkout/identity-verifications' };
    assert.deepEqual(search(canary, { metrics: Buffer.from(text) }), ['route in metrics, raw'], 'the search would have found it');
  });
});

describe('who may read them', () => {
  const token = '7b4b0c0f4bd74a66a39a0d1f65c8f1f2';
  let serve;
  before(async () => {
    serve = await Serve.setUp();
  });
  after(() => serve?.stop());

  const bearer = (shown) => ({ authorization: `Bearer ${shown}` });
  const status = async (address, headers) =>
    (await fetch(new URL('/metrics', address), { headers, signal: AbortSignal.timeout(5000) })).status;
  const ready = async () => JSON.parse(await readFile(join(serve.folder, `ready-${serve.starts}.json`), 'utf8'));

  test('nobody, unless something is set, and no visitor of the console', async () => {
    await serve.start({ contract: false, env: { BONIN_CONSOLE_LISTEN: '127.0.0.1:0' } });
    assert.equal(await status(serve.gateway), 404);
    assert.equal(await status(serve.gateway, bearer(token)), 404);
    const { console: place } = await ready();
    assert.equal(await status(place.url), 404);
    await serve.stopGateway();
  });

  test('beside the API, whoever shows the token; who guesses is slowed down', async () => {
    const from = join(serve.folder, 'metrics-token');
    await writeFile(from, `${token}\n`);
    await serve.start({
      contract: false,
      env: { BONIN_METRICS_TOKEN_FILE: from, BONIN_LIMIT_FAILED_LOGIN: '6/1h', BONIN_LOG: 'trace' },
    });
    assert.equal((await scrape(serve.gateway, bearer(token))).sum('bonin_build_info'), 1);
    const refused = await fetch(new URL('/metrics', serve.gateway));
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
    assert.equal(await refused.text(), '');
    for (const wrong of [token.slice(1), `${token}0`, 'x'.repeat(32), serve.secret]) {
      assert.equal(await status(serve.gateway, bearer(wrong)), 401, wrong);
    }
    assert.equal(await status(serve.gateway, { authorization: `PortOne ${token}` }), 401);
    assert.equal(await status(serve.gateway, bearer('yet another guess')), 429);
    assert.equal(await status(serve.gateway, bearer(token)), 200, 'who knows it is not kept out');
    await serve.stopGateway();
    assert.ok(!serve.program.stderr.includes(token), 'the token is in no log');
  });

  test('on a listener of its own, whoever reaches it; with a token there, who shows it', async () => {
    await serve.start({ contract: false, env: { BONIN_METRICS_LISTEN: '127.0.0.1:0' } });
    const { metrics } = await ready();
    assert.equal((await scrape(metrics)).sum('bonin_build_info'), 1);
    assert.equal(await status(serve.gateway), 404);
    assert.equal((await fetch(new URL('/health/ready', metrics))).status, 200);
    assert.equal((await fetch(new URL('/identity-verifications', metrics))).status, 404);
    await serve.stopGateway();

    await serve.start({ contract: false, env: { BONIN_METRICS_LISTEN: '127.0.0.1:0', BONIN_METRICS_TOKEN: token } });
    const guarded = (await ready()).metrics;
    assert.equal(await status(guarded), 401);
    assert.equal(await status(guarded, bearer(token)), 200);
    assert.equal(await status(serve.gateway, bearer(token)), 404);
    await serve.stopGateway();
  });

  test('a token that can be guessed is refused, in one line without it', async () => {
    for (const weak of ['swordfish', '', 'with a space in between']) {
      const program = new Program(['serve'], {
        env: { ...serve.env, BONIN_LISTEN: '127.0.0.1:0', BONIN_PUBLIC_URL: 'https://bonin.example', BONIN_METRICS_TOKEN: weak },
      });
      const { code } = await program.finished();
      assert.equal(code, 1);
      assert.match(program.stderr, /^bonin: the token for \/metrics must be 16 or more .*\n$/);
      assert.ok(!weak || !program.stderr.includes(weak));
    }
  });
});

describe('the alerts for Prometheus', () => {
  test('are well formed, ask only for what there is, and stand in both documents with what to do', async () => {
    const { groups } = parse(await file('packaging/prometheus/alerts.yml'));
    const rules = groups.flatMap((group) => group.rules);
    assert.ok(rules.length >= 10);
    const table = await documented('docs/OPERATIONS.md');
    const parts = [...table].flatMap(([name, { type }]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
    );
    const known = new Set([...parts, 'up']);
    for (const { alert, expr, labels, annotations } of rules) {
      const tree = parser.parse(expr);
      tree.iterate({
        enter: ({ type, from, to }) => {
          assert.ok(!type.isError, `${alert}: ${expr.slice(0, to)}⟵ is not PromQL`);
          if (type.name === 'Identifier') assert.ok(known.has(expr.slice(from, to)), `${alert} asks for ${expr.slice(from, to)}`);
        },
      });
      assert.match(labels.severity, /^(page|ticket)$/, alert);
      assert.ok(annotations.summary && annotations.description, alert);
    }
    const names = rules.map(({ alert }) => alert);
    for (const document of ['docs/OPERATIONS.md', 'docs/OPERATIONS.ko.md']) {
      const rows = [...(await file(document)).matchAll(/^\| `(Bonin\w+)` \| [^|]+ \| [^|]+ \|$/gm)];
      assert.deepEqual(rows.map(([, name]) => name), names, document);
    }
  });
});

test('the reader of figures sees what is wrong', () => {
  const help = '# HELP a_total x\n# TYPE a_total gauge\n';
  for (const wrong of [
    'a 1\n# EOF\n',
    `${help}a_total 1\n`,
    `${help}a_total one\n# EOF\n`,
    `${help}a_total{x="1} 1\n# EOF\n`,
    `${help}b_total 1\n# EOF\n`,
    `${help}a_total 1\na_total 1\n# EOF\n`,
    '# TYPE a gauge\na 1\n# EOF\n',
  ]) {
    assert.throws(() => read(wrong), wrong);
  }
  assert.equal(read(`${help}a_total{x="1"} 1\n# EOF\n`).sum('a_total', { x: '1' }), 1);
});
