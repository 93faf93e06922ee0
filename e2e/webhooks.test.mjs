// Webhooks from the database to a receiver: signed so that the official SDK takes them, tried again until they arrive, and never
// sent into networks that the operator does not name.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Webhook } from '@portone/server-sdk';
import { succeed } from './harness/command.mjs';
import { scrape } from './harness/figures.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { run, waitFor } from './harness/program.mjs';
import { Receiver, Trap } from './harness/receiver.mjs';
import { search } from './harness/search.mjs';
import { Serve } from './harness/serve.mjs';

const READY = 'IdentityVerification.Ready';
const VERIFIED = 'IdentityVerification.Verified';
const FAILED = 'IdentityVerification.Failed';
const HOME = { BONIN_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' };
const FAST = { BONIN_WEBHOOK_FIRST_RETRY: '200ms', BONIN_WEBHOOK_TIMEOUT: '1s', BONIN_SWEEP_INTERVAL: '500ms' };

let serve;
const open = [];

/** A receiver that ends with its test. */
async function receiver(options) {
  const made = await Receiver.start(options);
  open.push(made);
  return made;
}

async function trap(host) {
  const made = await Trap.set(host);
  open.push(made);
  return made;
}

const webhook = (args, env = HOME) => serve.json(['webhook', ...args], env);

/** A webhook of the store, with its secret. It is put away with its test. */
async function hook(url, { events = [], env } = {}) {
  const args = ['create', '--store', serve.store, '--url', url, ...events.flatMap((event) => ['--event', event])];
  const made = await webhook(args, env);
  open.push({ stop: () => webhook(['retire', made.id]) });
  return made;
}

/** A message with its tries. */
const delivery = async (id) => {
  const { attempts, ...found } = await webhook(['delivery', id]);
  return { ...found, tries: attempts };
};

/** A message once it has come so far. */
const settled = (id, state, ms = 20_000) =>
  waitFor(`${id} ${state}`, async () => {
    const found = await delivery(id);
    return found.state === state && found;
  }, { ms, every: 100 });

async function begin({ method = 'SMS' } = {}) {
  const id = newId();
  const person = newPerson();
  const { name, phone, birthDate, gender, isForeigner } = person;
  await serve.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'KT', pass: true });
  await serve.sdk().sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: serve.channel, operator: 'KT', method, customer: { id: `customer-of-${id}` } }),
    customData: `{"note":"note-of-${id}"}`,
  });
  return { id, person };
}

async function verify() {
  const { id, person } = await begin();
  const otp = await serve.sandbox.otp(person.phone);
  const { identityVerification } = await serve.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
  assert.equal(identityVerification.status, 'VERIFIED');
  return { id, person, customer: identityVerification.verifiedCustomer };
}

async function fail() {
  const { id, person } = await begin({ method: 'APP' });
  await serve.sandbox.reject(person.phone);
  await assert.rejects(serve.sdk().confirmIdentityVerification({ identityVerificationId: id }));
  return { id, person };
}

before(async () => {
  serve = await Serve.setUp();
});
after(() => serve?.stop());
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

describe('to a receiver', () => {
  before(() => serve.start({ env: { ...HOME, ...FAST, BONIN_LOG: 'trace' } }));
  after(() => serve.stopGateway());

  test('each status arrives signed as the official SDK wants it, with ids and nothing else', async () => {
    const to = await receiver();
    const { secret } = await hook(`${to.url}?token=canary-token`);
    const verified = await verify();
    const failed = await fail();
    const all = await to.until('four messages', ({ requests }) => requests, 4);
    const types = [];
    for (const { body, headers, method, path } of all) {
      const told = await Webhook.verify(secret, body, headers);
      types.push([told.type, told.data.identityVerificationId]);
      assert.deepEqual(Object.keys(told), ['type', 'timestamp', 'data']);
      assert.deepEqual(Object.keys(told.data), [
        'storeId',
        'identityVerificationId',
        'identityVerificationTxId',
      ]);
      assert.equal(told.data.storeId, serve.store);
      assert.match(told.data.identityVerificationTxId, /^[0-9a-f]{32}$/);
      assert.ok(Math.abs(Date.parse(told.timestamp) - Date.now()) < 60_000, told.timestamp);
      assert.equal(headers['content-type'], 'application/json');
      assert.equal(method, 'POST');
      assert.equal(path, '/hooks?token=canary-token');
    }
    const wanted = [
      [READY, verified.id],
      [VERIFIED, verified.id],
      [READY, failed.id],
      [FAILED, failed.id],
    ];
    assert.deepEqual(types.sort(), wanted.sort());
    assert.equal(new Set(all.map(({ id }) => id)).size, 4, 'each has an id of its own');

    const personal = {
      name: verified.person.name,
      phone: verified.person.phone,
      'phone of another': failed.person.phone,
      'birth date': verified.person.birthDate,
      CI: verified.customer.ci,
      DI: verified.customer.di,
      customer: `customer-of-${verified.id}`,
      note: `note-of-${verified.id}`,
    };
    const sent = all.map(({ path, headers, body }) => JSON.stringify({ path, headers, body })).join('\n');
    assert.deepEqual(search(personal, { requests: Buffer.from(sent) }), []);
    assert.notDeepEqual(search({ id: verified.id }, { requests: Buffer.from(sent) }), [], 'the search finds');
  });

  test('whatever is changed on the way, the official SDK refuses', async () => {
    const to = await receiver();
    const { id, secret } = await hook(to.url);
    await webhook(['test', id]);
    const [{ body, headers }] = await to.until('a test', ({ requests }) => requests);
    const told = await Webhook.verify(secret, body, headers);
    assert.deepEqual([told.type, told.data], ['Webhook.Test', { storeId: serve.store }]);
    const refused = (secret, body, headers) =>
      assert.rejects(Webhook.verify(secret, body, headers), Webhook.WebhookVerificationError);
    await refused('whsec_bm90IHRoZSBzZWNyZXQ=', body, headers);
    await refused(secret, body.replace('Webhook.Test', VERIFIED), headers);
    await refused(secret, body, { ...headers, 'webhook-id': 'wh_another' });
    const later = String(Number(headers['webhook-timestamp']) + 1);
    await refused(secret, body, { ...headers, 'webhook-timestamp': later });
  });

  test('an endpoint is told of what it chose alone', async () => {
    const to = await receiver();
    const other = await receiver();
    await hook(to.url, { events: [VERIFIED] });
    await hook(other.url);
    const { id } = await verify();
    await other.until('both messages', (found) => found.about(id), 2);
    const [only] = await to.until('its message', (found) => found.about(id));
    assert.equal(JSON.parse(only.body).type, VERIFIED);
    assert.equal(to.requests.length, 1);
  });

  test('while a secret is replaced both verify, and afterwards the new one alone', async () => {
    const to = await receiver();
    const { id, secret: first } = await hook(to.url);
    const { secret: second } = await webhook(['rotate-secret', id, '--overlap', '1h']);
    await webhook(['test', id]);
    const [both] = await to.until('a test', ({ requests }) => requests);
    assert.equal(both.headers['webhook-signature'].split(' ').length, 2);
    for (const secret of [first, second]) await Webhook.verify(secret, both.body, both.headers);
    const { secret: third } = await webhook(['rotate-secret', id, '--no-overlap']);
    await webhook(['test', id]);
    const [, alone] = await to.until('another test', ({ requests }) => requests, 2);
    await Webhook.verify(third, alone.body, alone.headers);
    for (const secret of [first, second]) {
      await assert.rejects(Webhook.verify(secret, alone.body, alone.headers), Webhook.WebhookVerificationError);
    }
  });

  test('a receiver that answers 500 gets the same message again, signed anew', async () => {
    const to = await receiver({
      answer: (_, response) => response.writeHead(to.requests.length < 3 ? 500 : 200).end('an answer'),
    });
    const { secret } = await hook(to.url, { events: [VERIFIED] });
    await verify();
    const tries = await to.until('three requests', ({ requests }) => requests, 3);
    assert.equal(new Set(tries.map(({ id }) => id)).size, 1, 'one webhook-id');
    assert.equal(new Set(tries.map(({ body }) => body)).size, 1, 'one body');
    for (const { body, headers } of tries) await Webhook.verify(secret, body, headers);
    const kept = await settled(tries[0].id, 'DELIVERED');
    assert.deepEqual(kept.tries.map(({ status }) => status), [500, 500, 200]);
  });

  test('a receiver that is slow is not waited for, and gets the message again', async () => {
    const to = await receiver({
      answer: (_, response) => to.requests.length > 1 && response.writeHead(204).end(),
    });
    await hook(to.url, { events: [VERIFIED] });
    await verify();
    const [{ id }] = await to.until('two requests', ({ requests }) => requests, 2);
    const kept = await settled(id, 'DELIVERED');
    assert.deepEqual(kept.tries.map(({ status, failure }) => status ?? failure), ['TIMEOUT', 204]);
    assert.ok(kept.tries[0].millis >= 1000, `${kept.tries[0].millis} ms`);
  });

  test('a receiver that closes the connection gets the message again', async () => {
    const to = await receiver({
      answer: (request, response) =>
        to.requests.length === 1 ? request.socket.destroy() : response.writeHead(200).end(),
    });
    await hook(to.url, { events: [VERIFIED] });
    await verify();
    const [{ id }] = await to.until('two requests', ({ requests }) => requests, 2);
    const kept = await settled(id, 'DELIVERED');
    assert.deepEqual(kept.tries.map(({ status, failure }) => status ?? failure), ['DISCONNECTED', 200]);
  });

  test('a receiver that is not there is tried again', async () => {
    const gone = await Receiver.start();
    await gone.stop();
    const { id } = await hook(gone.url, { events: [VERIFIED] });
    await verify();
    const tried = await waitFor('two tries', async () => {
      const [found] = (await webhook(['deliveries', id])).items;
      return found?.tries > 1 && delivery(found.id);
    });
    assert.deepEqual(new Set(tried.tries.map(({ failure }) => failure)), new Set(['UNREACHABLE']));
    assert.equal(tried.state, 'PENDING');
  });

  test('a redirect to this machine is a failure, and is not followed', async () => {
    const victim = await trap();
    const to = await receiver({
      answer: (_, response) =>
        response.writeHead(307, { location: `http://127.0.0.1:${victim.port}/admin` }).end(),
    });
    const { id } = await hook(to.url);
    const kept = await serve.json(['webhook', 'test', id]).then((made) => settled(made.id, 'GAVE_UP'));
    assert.deepEqual(kept.tries.map(({ status }) => status), [307]);
    assert.equal(victim.knocks, 0);
  });

  test('an answer without an end is not read to its end, and its status counts', async () => {
    let written = 0;
    const part = Buffer.alloc(64 * 1024, 'x');
    const to = await receiver({
      answer: async (_, response) => {
        response.writeHead(200);
        while (!response.destroyed) {
          written += part.length;
          if (!response.write(part)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
        }
      },
    });
    const { id } = await hook(to.url);
    const made = await webhook(['test', id]);
    const kept = await settled(made.id, 'DELIVERED');
    assert.deepEqual(kept.tries.map(({ status }) => status), [200]);
    // What the kernels on the way hold, and little more.
    assert.ok(written < 32 * 1024 * 1024, `${written} bytes were taken`);
  });

  test('of an answer its status is kept, and nothing of it is shown or logged', async () => {
    const to = await receiver({
      answer: (_, response) => response.writeHead(500, { 'x-inside': 'canary-header-3a9d' }).end('canary-answer-6f4b'),
    });
    const { id } = await hook(to.url);
    const made = await webhook(['test', id]);
    const kept = await settled(made.id, 'GAVE_UP');
    assert.deepEqual(kept.tries.map(({ status }) => status), [500]);
    const shown = JSON.stringify([kept, await webhook(['deliveries', id]), await webhook(['show', id])]);
    const hidden = { header: 'canary-header-3a9d', answer: 'canary-answer-6f4b' };
    const log = Buffer.from(serve.program.stdout + serve.program.stderr);
    assert.deepEqual(search(hidden, { log, shown: Buffer.from(shown) }), []);
    assert.ok(search({ message: made.id }, { log }).includes('message in log, raw'), 'the search finds');
  });

  test('a message is sent once more under its id, and one that is not there is refused', async () => {
    const to = await receiver();
    await hook(to.url, { events: [VERIFIED] });
    await verify();
    const [{ id, body }] = await to.until('a message', ({ requests }) => requests);
    await settled(id, 'DELIVERED');
    await webhook(['replay', id]);
    const [, again] = await to.until('it once more', ({ requests }) => requests, 2);
    assert.deepEqual([again.id, again.body], [id, body]);
    const kept = await waitFor('both tries', async () => {
      const found = await delivery(id);
      return found.tries.length === 2 && found;
    });
    assert.equal(kept.state, 'DELIVERED');
    const { code, stderr } = await run(['webhook', 'replay', 'wh_nothing'], { env: serve.env });
    assert.equal(code, 1);
    assert.match(stderr, /웹훅 메시지/);
  });

  test('what waits for a paused endpoint goes once it is resumed, and a test goes at once', async () => {
    const to = await receiver();
    const { id } = await hook(to.url, { events: [VERIFIED] });
    assert.equal((await webhook(['pause', id])).state, 'PAUSED');
    const { id: verification } = await verify();
    const { id: message } = await webhook(['test', id]);
    await settled(message, 'DELIVERED');
    assert.deepEqual(to.requests.map((one) => one.id), [message]);
    assert.equal((await webhook(['show', id])).pending, 1);
    await webhook(['resume', id]);
    await to.until('what waited', (found) => found.about(verification));
  });

  test('neither a secret nor what stands in an address is in the most talkative log', async () => {
    // What fails is what tempts to be logged.
    const to = await receiver({
      answer: (_, response) => response.writeHead(to.requests.length > 1 ? 200 : 500).end(),
    });
    const { id, secret } = await hook(`${to.url}/canary-path-7c1d?token=canary-query-5e2f`);
    const { secret: second } = await webhook(['rotate-secret', id]);
    await verify();
    await to.until('both messages', ({ requests }) => requests, 3);
    const log = Buffer.from(serve.program.stdout + serve.program.stderr);
    assert.match(log.toString('utf8'), /TRACE|trace/, 'the log is as talkative as it gets');
    const bytes = (text) => Buffer.from(text.slice('whsec_'.length), 'base64').toString('hex');
    const hidden = {
      secret: secret.slice('whsec_'.length),
      'second secret': second.slice('whsec_'.length),
      'bytes of the secret': bytes(secret),
      path: 'canary-path-7c1d',
      query: 'canary-query-5e2f',
      'query of another test': 'canary-token',
    };
    assert.deepEqual(search(hidden, { log }), []);
    assert.ok(search({ message: to.requests[0].id }, { log }).includes('message in log, raw'), 'the search finds');
  });
});

describe('with room for ten at once', () => {
  before(() => serve.start({ env: { ...HOME, BONIN_WEBHOOK_CONNECTIONS: '10', BONIN_WEBHOOK_TIMEOUT: '10m' } }));
  // Whoever hangs has let go of everybody with the test that it belongs to.
  after(() => serve.stopGateway());

  test('a receiver that hangs keeps no message from another', async () => {
    const hanging = await receiver({ answer: () => {} });
    const to = await receiver();
    await hook(hanging.url);
    await hook(to.url);
    const ids = [];
    // More than there is room for, to each.
    for (let count = 0; count < 8; count += 1) ids.push((await verify()).id);
    for (const id of ids) await to.until(`both messages about ${id}`, (found) => found.about(id), 2);
    assert.equal(hanging.requests.length, 8, 'as many as one endpoint gets at once');
  });
});

describe('over TLS', () => {
  let tls;
  let authority;
  before(async () => {
    const cwd = serve.folder;
    authority = join(cwd, 'webhook-ca.pem');
    const key = ['-newkey', 'rsa:2048', '-nodes'];
    await succeed('openssl', ['req', '-x509', ...key, '-keyout', 'webhook-ca.key', '-out', authority, '-subj', '/CN=Test CA'], { cwd });
    await succeed('openssl', ['req', ...key, '-keyout', 'webhook.key', '-out', 'webhook.csr', '-subj', '/CN=localhost'], { cwd });
    await writeFile(join(cwd, 'webhook.ext'), 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n');
    await succeed(
      'openssl',
      [
        ...['x509', '-req', '-in', 'webhook.csr', '-CA', authority, '-CAkey', 'webhook-ca.key', '-CAcreateserial'],
        ...['-out', 'webhook.pem', '-days', '30', '-extfile', 'webhook.ext'],
      ],
      { cwd },
    );
    tls = { key: await readFile(join(cwd, 'webhook.key')), cert: await readFile(join(cwd, 'webhook.pem')) };
  });
  afterEach(() => serve.stopGateway());

  for (const [trusted, state, outcome] of [
    [true, 'DELIVERED', 200],
    [false, 'GAVE_UP', 'UNREACHABLE'],
  ]) {
    test(`a certificate that is ${trusted ? '' : 'not '}trusted ${trusted ? 'is' : 'is not'} spoken to`, async () => {
      const trust = trusted ? { SSL_CERT_FILE: authority } : {};
      await serve.start({ env: { ...HOME, ...FAST, ...trust } });
      const to = await receiver({ tls });
      const { id, secret } = await hook(to.url);
      const made = await webhook(['test', id]);
      const kept = await settled(made.id, state);
      assert.deepEqual(kept.tries.map(({ status, failure }) => status ?? failure), [outcome]);
      assert.equal(to.requests.length, trusted ? 1 : 0);
      for (const { body, headers } of to.requests) await Webhook.verify(secret, body, headers);
    });
  }
});

describe('where nothing but the internet is allowed', () => {
  before(() => serve.start({ env: FAST }));
  after(() => serve.stopGateway());

  test('an address that spells out this machine is refused, however it is spelled', async () => {
    const victim = await trap();
    for (const host of [
      '127.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '10.0.0.1',
      '169.254.169.254',
      '[fd00::1]',
      '[fe80::1]',
      '0.0.0.0',
    ]) {
      const url = `https://${host}:${victim.port}/`;
      const { code, stderr } = await run(['webhook', 'create', '--store', serve.store, '--url', url], { env: serve.env });
      assert.equal(code, 1, host);
      assert.match(stderr, /허용되지 않은 네트워크/, host);
    }
    const plain = ['webhook', 'create', '--store', serve.store, '--url', 'http://shop.example.com/'];
    const { code, stderr } = await run(plain, { env: serve.env });
    assert.equal(code, 1);
    assert.match(stderr, /https/);
    assert.equal(victim.knocks, 0);
  });

  for (const [host, failures] of [
    ['localhost', ['FORBIDDEN_ADDRESS']],
    // Not every machine finds this one.
    ['localhost.', ['FORBIDDEN_ADDRESS', 'UNREACHABLE']],
  ]) {
    test(`${host}, a name that leads to this machine, is never connected to`, async () => {
      const victim = await trap('localhost');
      const { id } = await hook(`https://${host}:${victim.port}/`, { env: {} });
      const made = await webhook(['test', id]);
      const kept = await settled(made.id, 'GAVE_UP');
      assert.equal(kept.tries.length, 1);
      assert.ok(failures.includes(kept.tries[0].failure), kept.tries[0].failure);
      assert.equal(victim.knocks, 0);
    });
  }

  for (const [what, url] of [
    ['an address', (port) => `https://127.0.0.1:${port}/`],
    ['an address in the clear', (port) => `http://127.0.0.1:${port}/`],
    ['a mapped address', (port) => `https://[::ffff:127.0.0.1]:${port}/`],
    ['a number', (port) => `https://2130706433:${port}/`],
    ['a name in the clear', (port) => `http://localhost:${port}/`],
  ]) {
    test(`${what} that was allowed once is not connected to any more`, async () => {
      const victim = await trap();
      const { id } = await hook(url(victim.port));
      const made = await webhook(['test', id]);
      const kept = await settled(made.id, 'GAVE_UP');
      assert.deepEqual(kept.tries.map(({ failure }) => failure), ['FORBIDDEN_ADDRESS']);
      assert.equal(victim.knocks, 0);
    });
  }
});

describe('when the gateway ends', () => {
  test('a gateway that dies between event and delivery loses nothing: all arrive, repeats under the same id', async () => {
    await serve.start({ env: { ...HOME, ...FAST } });
    const to = await receiver({ answer: () => {} });
    const { id, secret } = await hook(to.url);
    const ids = [];
    for (let count = 0; count < 4; count += 1) ids.push((await verify()).id);
    await to.until('a request', ({ requests }) => requests);
    await serve.killGateway();
    const before = to.requests.splice(0);
    to.answer = (_, response) => response.writeHead(200).end();
    await serve.start({ env: { ...HOME, ...FAST } });
    // What was being sent is tried again once its lease has lapsed.
    for (const verification of ids) {
      await to.until(`both messages about ${verification}`, (found) => found.about(verification), 2, 60_000);
    }
    for (const { body, headers } of to.requests) await Webhook.verify(secret, body, headers);
    const arrived = new Set(to.requests.map((one) => one.id));
    assert.equal(arrived.size, 8, 'each message has one id');
    for (const one of before) assert.ok(arrived.has(one.id), 'what had gone out before goes under the same id');
    await waitFor('all delivered', async () => (await webhook(['show', id])).pending === 0);
    await serve.stopGateway();
  });

  test('a gateway that is told to stop lets a request end, and it is not repeated', async () => {
    await serve.start({ env: { ...HOME, ...FAST, BONIN_WEBHOOK_TIMEOUT: '10s' } });
    let answer;
    const asked = new Promise((resolve) => (answer = resolve));
    const to = await receiver({ answer: (_, response) => answer(response) });
    const { id } = await hook(to.url);
    const made = await webhook(['test', id]);
    const response = await asked;
    const stopping = serve.stopGateway();
    await waitFor('the listener closed', () => fetch(serve.gateway).then(() => false, () => true));
    response.writeHead(200).end();
    await stopping;
    assert.equal((await delivery(made.id)).state, 'DELIVERED');
    assert.equal(to.requests.length, 1);
  });
});

test('a message that nobody takes is given up after five retries and counted, and goes once more when somebody asks', async () => {
  await serve.start({ env: { ...HOME, ...FAST, BONIN_WEBHOOK_FIRST_RETRY: '1ms', BONIN_METRICS_LISTEN: '127.0.0.1:0' } });
  const to = await receiver({ answer: (_, response) => response.writeHead(418).end() });
  const { id } = await hook(to.url, { events: [VERIFIED] });
  const givenUp = async () => (await scrape(serve.metrics)).sum('bonin_webhook_deliveries_given_up_total');
  const { id: other } = await hook(to.url, { events: [FAILED] });
  const { id: tried } = await webhook(['test', other]);
  await settled(tried, 'GAVE_UP');
  to.requests.length = 0;
  await verify();
  const [{ id: message }] = await to.until('six requests', ({ requests }) => requests, 6);
  const { tries } = await settled(message, 'GAVE_UP');
  assert.deepEqual(tries.map(({ status }) => status), Array(6).fill(418));
  // It is noted before it is counted.
  await waitFor('it to be counted', async () => (await givenUp()) > 0);
  assert.equal(await givenUp(), 1, 'the test that failed is no message that is lost');
  const { items } = await webhook(['deliveries', id, '--state', 'GAVE_UP']);
  assert.deepEqual(items.map((one) => one.id), [message]);
  to.answer = (_, response) => response.writeHead(200).end();
  await webhook(['replay', message]);
  assert.equal((await settled(message, 'DELIVERED')).tries.length, 7);
  assert.equal(new Set(to.requests.map((one) => one.id)).size, 1);
  await serve.stopGateway();
});

test('a message that waits for a paused endpoint as long as messages are kept is given up, counted and logged', async () => {
  await serve.start({ env: { ...HOME, ...FAST } });
  const to = await receiver();
  const { id } = await hook(to.url, { events: [VERIFIED] });
  await webhook(['pause', id]);
  await verify();
  await webhook(['test', id]);
  await to.until('the test', ({ requests }) => requests);
  await serve.stopGateway();
  await serve.start({ env: { ...HOME, ...FAST, BONIN_WEBHOOK_KEEP: '1ms', BONIN_METRICS_LISTEN: '127.0.0.1:0' } });
  const givenUp = async () => (await scrape(serve.metrics)).sum('bonin_webhook_deliveries_given_up_total');
  await waitFor('it to be counted', async () => (await givenUp()) > 0);
  assert.equal(await givenUp(), 1);
  await waitFor('the log', () => /webhooks were given up, since they had waited for too long/.test(serve.program.stdout + serve.program.stderr));
  assert.match(serve.program.stdout + serve.program.stderr, new RegExp(id));
  await serve.stopGateway();
});

describe('a receiver that fails for too long', () => {
  before(() => serve.start({ env: { ...HOME, ...FAST, BONIN_WEBHOOK_PAUSE_AFTER: '500ms' } }));
  after(() => serve.stopGateway());

  test('is paused, the owner is told, and what waited goes once it is resumed', async () => {
    const to = await receiver({ answer: (_, response) => response.writeHead(500).end() });
    const { id, secret } = await hook(to.url, { events: [VERIFIED] });
    const first = await verify();
    const paused = await waitFor('the pause', async () => {
      const shown = await webhook(['show', id]);
      return shown.state === 'PAUSED' && shown;
    }, { every: 100 });
    assert.equal(paused.pauseCause, 'FAILING');
    assert.equal(paused.pending, 1);
    await waitFor('the log', () => /webhook endpoint is paused/.test(serve.program.stdout + serve.program.stderr));
    const { entries } = await serve.json(['audit', 'list', '--size', '1']);
    assert.equal(entries[0].action, 'webhook.pause');
    const { stdout } = await run(['doctor', '--json'], { env: { ...serve.env, BONIN_PUBLIC_URL: 'https://bonin.example' } });
    const found = JSON.parse(stdout).checks.find(({ check }) => check === 'webhooks');
    assert.equal(found.state, 'fail');
    assert.match(found.message, new RegExp(id));

    const second = await verify();
    to.answer = (_, response) => response.writeHead(200).end();
    to.requests.length = 0;
    const { id: message } = await webhook(['test', id]);
    await settled(message, 'DELIVERED');
    assert.deepEqual(to.requests.map((one) => one.id), [message], 'the others wait');
    await webhook(['resume', id]);
    for (const { id: verification } of [first, second]) {
      const [one] = await to.until(`the message about ${verification}`, (found) => found.about(verification));
      await Webhook.verify(secret, one.body, one.headers);
    }
    assert.equal((await webhook(['show', id])).state, 'LIVE');
  });
});
