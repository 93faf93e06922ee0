// The way back from KCP's window: what a browser posts is believed of nobody, and nothing of it lives in a process alone.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { CHANNEL, Dev, STORE } from './harness/dev.mjs';
import { newId } from './harness/people.mjs';
import { sleep, waitFor } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';
import { freePort } from './harness/standalone.mjs';
import { Window } from './harness/window.mjs';

const ORIGIN = 'http://shop.example';
const SUCCESS = 'res_cd=0000&res_msg=%EC%A0%95%EC%83%81';

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Asks for a window as the script does from a page of `ORIGIN`. */
async function open(gateway, { id = newId(), store = STORE, channel = CHANNEL } = {}) {
  const response = await fetch(new URL('/checkout/identity-verifications', gateway), {
    method: 'POST',
    headers: { origin: ORIGIN, 'content-type': 'text/plain;charset=UTF-8' },
    body: JSON.stringify({
      storeId: store,
      identityVerificationId: id,
      channelKey: channel,
      windowType: 'REDIRECTION',
      redirectUrl: `${ORIGIN}/done`,
    }),
  });
  const opened = await response.json();
  assert.equal(response.status, 200, JSON.stringify(opened));
  return { id, ...opened };
}

/** A person in the window, whose browser never reaches the gateway again: what it would have posted is kept. */
async function inWindow(dev, opened) {
  const context = await browser.newContext({ locale: 'ko-KR' });
  const page = await context.newPage();
  const posted = new Promise((resolve) => {
    page.route('**/checkout/*/return/*', (route) => {
      const request = route.request();
      resolve({ url: request.url(), body: request.postData() });
      return route.fulfill({ status: 200, contentType: 'text/html', body: 'kept' });
    });
  });
  await page.goto(opened.url);
  const window = await Window.of(dev, page);
  return { window, posted, leave: () => context.close() };
}

async function verified(dev, opened) {
  const { window, posted, leave } = await inWindow(dev, opened);
  await window.verify('SMS');
  const post = await posted;
  await leave();
  return post;
}

async function cancelled(dev, opened) {
  const { window, posted, leave } = await inWindow(dev, opened);
  await window.cancel();
  const post = await posted;
  await leave();
  return post;
}

async function post({ url, body }) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
    redirect: 'manual',
  });
  const page = await response.text();
  assert.ok(response.status < 500, `${response.status} ${page.slice(0, 300)}`);
  return { status: response.status, page };
}

describe('a post to the return address', () => {
  let dev;
  before(async () => (dev = await Dev.start()));
  after(() => dev?.stop());

  const status = async (id) => (await dev.sdk().getIdentityVerification({ identityVerificationId: id })).status;
  const kinds = async (id) => (await dev.timeline(id)).map(({ kind, call, code }) => (call ? `${call} ${code}` : kind));

  test('that is forged, without the secret → nobody is verified, nothing is lost, the timeline says so', async () => {
    const opened = await open(dev.gateway);
    const genuine = await verified(dev, opened);
    for (const secret of ['0'.repeat(32), 'x', '%00', 'a'.repeat(5000)]) {
      await post({ url: `${opened.url}/return/${secret}`, body: SUCCESS });
    }
    assert.equal(await status(opened.id), 'READY');
    assert.deepEqual((await kinds(opened.id)).slice(-4), Array(4).fill('return_forged'));
    for (let i = 0; i < 30; i += 1) await post({ url: `${opened.url}/return/x`, body: SUCCESS });
    const forged = (await kinds(opened.id)).filter((kind) => kind === 'return_forged');
    assert.equal(forged.length, 20, 'a stranger cannot fill the timeline');
    await post(genuine);
    assert.equal(await status(opened.id), 'VERIFIED');
  });

  test('that is replayed → one success, as before', async () => {
    const opened = await open(dev.gateway);
    const genuine = await verified(dev, opened);
    const first = await post(genuine);
    const before = await dev.sdk().getIdentityVerification({ identityVerificationId: opened.id });
    const second = await post(genuine);
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.deepEqual(await dev.sdk().getIdentityVerification({ identityVerificationId: opened.id }), before);
    assert.equal((await kinds(opened.id)).filter((kind) => kind === 'verified').length, 1);
    assert.equal((await kinds(opened.id)).filter((kind) => kind === 'returned').length, 2);
  });

  test('with the secret of another try → nobody is verified by it', async () => {
    const [mine, other] = [await open(dev.gateway), await open(dev.gateway)];
    const genuine = await verified(dev, mine);
    await post({ ...genuine, url: genuine.url.replace(mine.txId, other.txId) });
    assert.equal(await status(other.id), 'READY');
    assert.equal((await kinds(other.id)).at(-1), 'return_forged');
    await post(genuine);
    assert.deepEqual([await status(mine.id), await status(other.id)], ['VERIFIED', 'READY']);
  });

  test('for a try that does not exist → a calm page, and nothing', async () => {
    const { status: code, page } = await post({
      url: `${dev.gateway}/checkout/${'0'.repeat(32)}/return/${'0'.repeat(32)}`,
      body: SUCCESS,
    });
    assert.equal(code, 409);
    assert.match(page, /계속할 수 없습니다/);
  });

  test('that claims a success of which KCP knows none → stays open; then the cancel counts, with KCP’s code', async () => {
    const opened = await open(dev.gateway);
    const genuine = await cancelled(dev, opened);
    assert.match(genuine.body, /res_cd=9999/);
    await post({ ...genuine, body: genuine.body.replace('9999', '0000') });
    assert.equal(await status(opened.id), 'READY');
    assert.equal((await kinds(opened.id)).at(-1), 'stayed_open');
    await post(genuine);
    const failed = await dev.sdk().getIdentityVerification({ identityVerificationId: opened.id });
    assert.deepEqual([failed.status, failed.failure.pgCode], ['FAILED', '9999']);
  });

  test('that cancels while KCP does not answer → is posted again from the page, and the cancel counts', async () => {
    const opened = await open(dev.gateway);
    const genuine = await cancelled(dev, opened);
    await dev.sandbox.fault({ endpoint: 'query', kind: 'http', value: 500, count: 1 });
    const { status: code, page } = await post(genuine);
    assert.equal(code, 202);
    const fields = [...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
    assert.ok(fields.some(([name, value]) => name === 'res_cd' && value === '9999'), page);
    await post({ ...genuine, body: new URLSearchParams(fields).toString() });
    const failed = await dev.sdk().getIdentityVerification({ identityVerificationId: opened.id });
    assert.deepEqual([failed.status, failed.failure.pgCode], ['FAILED', '9999']);
  });

  test('of a try that is not there may be asked about: 404', async () => {
    const response = await fetch(`${dev.gateway}/checkout/${'0'.repeat(32)}/status`);
    assert.equal(response.status, 404);
  });

  test('never comes where KCP misses a setting: the timeline says what to set where', async () => {
    await dev.sandbox.call('PUT', '/sandbox/merchants/AO7F3', { resultUrlHosts: ['elsewhere.example'] });
    try {
      const id = newId();
      await assert.rejects(open(dev.gateway, { id }), /CS24/);
      const told = await dev.timeline(id);
      const asked = told.find(({ call }) => call === 'register');
      assert.equal(asked.code, 'CS24');
      assert.match(asked.explanation, /인증결과URL설정/);
    } finally {
      await dev.sandbox.reset();
    }
  });

  test('that says nothing at all, or nonsense → nobody is verified, nothing is lost', async () => {
    const opened = await open(dev.gateway);
    const genuine = await verified(dev, opened);
    for (const body of ['', '\0\0\0', 'res_cd=', `res_msg=${'%EC'.repeat(5000)}`, 'x'.repeat(300_000), '{"res_cd":"0000"}']) {
      await post({ url: genuine.url.replace(/[0-9a-f]{32}$/, '0'.repeat(32)), body });
    }
    assert.equal(await status(opened.id), 'READY');
    await post({ ...genuine, body: 'nothing' });
    assert.equal(await status(opened.id), 'VERIFIED', 'KCP was asked, whatever the post said');
  });
});

describe('time', () => {
  let dev;
  before(async () => (dev = await Dev.start({ args: ['--window-try-life', '4s'] })));
  after(() => dev?.stop());

  const get = (id) => dev.sdk().getIdentityVerification({ identityVerificationId: id });

  test('a post after expiry verifies nobody of whom KCP knows nothing', async () => {
    const opened = await open(dev.gateway);
    const genuine = await cancelled(dev, opened);
    await waitFor('expiry', async () => (await get(opened.id)).status === 'FAILED', { ms: 15_000 });
    await post({ ...genuine, body: SUCCESS });
    assert.equal((await get(opened.id)).status, 'FAILED');
    assert.ok((await dev.timeline(opened.id)).some(({ kind }) => kind === 'expired'));
  });

  test('a window that was replaced, from which the person came back for nothing, adds nothing to the timeline for ever', async () => {
    const opened = await open(dev.gateway);
    const genuine = await cancelled(dev, opened);
    await post({ ...genuine, body: SUCCESS });
    await open(dev.gateway, { id: opened.id });
    // Longer than the try lives, and than the sweeper leaves a window alone.
    await sleep(27_000);
    const late = (await dev.timeline(opened.id)).filter(({ kind }) => kind === 'came_too_late');
    assert.deepEqual(late, []);
  });

  test('KCP is asked once more when the time is over: a person whose browser never came back is verified', async () => {
    const opened = await open(dev.gateway);
    await verified(dev, opened);
    await waitFor('the sweeper', async () => (await get(opened.id)).status === 'VERIFIED', { ms: 15_000 });
  });

  test('a try is not given up while KCP does not answer, and a genuine success counts however late the browser is', async () => {
    const opened = await open(dev.gateway);
    await dev.sandbox.fault({ endpoint: 'query', kind: 'http', value: 500 });
    const genuine = await verified(dev, opened);
    await sleep(7000);
    assert.equal((await get(opened.id)).status, 'READY');
    await dev.sandbox.clearFaults();
    await post(genuine);
    assert.equal((await get(opened.id)).status, 'VERIFIED');
  });
});

describe('a person is back while KCP is silent', () => {
  let dev;
  before(async () => (dev = await Dev.start()));
  after(() => dev?.stop());

  test('and is verified without another tap', async () => {
    const opened = await open(dev.gateway);
    const genuine = await verified(dev, opened);
    await dev.sandbox.fault({ endpoint: 'query', kind: 'http', value: 500, count: 1 });
    const { status: code } = await post(genuine);
    assert.equal(code, 202);
    const status = async () => (await dev.sdk().getIdentityVerification({ identityVerificationId: opened.id })).status;
    assert.equal(await status(), 'READY');
    await waitFor('KCP to be asked again', async () => (await status()) === 'VERIFIED', { ms: 45_000, every: 500 });
  });
});

describe('the gateway is killed and started again', () => {
  let serve;
  let env;
  before(async () => {
    serve = await Serve.setUp();
    const { siteCd, encKey } = serve.credentials;
    serve.window = await serve.windowChannel({ siteCd, encKey });
    const port = await freePort();
    env = { BONIN_LISTEN: `127.0.0.1:${port}`, BONIN_PUBLIC_URL: `http://127.0.0.1:${port}` };
    await serve.start({ env });
  });
  after(() => serve?.stop());

  const restart = async () => {
    await serve.killGateway();
    await serve.start({ env });
  };
  const begin = () => open(serve.gateway, { store: serve.store, channel: serve.window });
  const assertVerified = async (id) => {
    const { status } = await serve.sdk().getIdentityVerification({ identityVerificationId: id });
    assert.equal(status, 'VERIFIED');
  };

  test('after the script asked, before the window opens', async () => {
    const opened = await begin();
    await restart();
    await post(await verified(serve, opened));
    await assertVerified(opened.id);
  });

  test('while the person is in the window', async () => {
    const opened = await begin();
    const { window, posted, leave } = await inWindow(serve, opened);
    await window.ask('PASS');
    await restart();
    await window.prove('PASS');
    await post(await posted);
    await leave();
    await assertVerified(opened.id);
  });

  test('when the person is done, before the browser is back', async () => {
    const opened = await begin();
    const genuine = await verified(serve, opened);
    await restart();
    await post(genuine);
    await assertVerified(opened.id);
  });

  test('while KCP is being asked → the browser posts again, and it counts', async () => {
    const opened = await begin();
    const genuine = await verified(serve, opened);
    await serve.sandbox.fault({ endpoint: 'query', kind: 'latency', value: 3000, count: 1 });
    const lost = post(genuine).catch(() => 'lost');
    await sleep(500);
    await restart();
    assert.equal(await lost, 'lost');
    await serve.sandbox.clearFaults();
    await post(genuine);
    await assertVerified(opened.id);
  });

  test('after it is recorded, before the page asked how it stands', async () => {
    const opened = await begin();
    await post(await verified(serve, opened));
    await restart();
    const told = await (await fetch(new URL(`/checkout/${opened.txId}/status`, serve.gateway))).json();
    assert.deepEqual(told, { status: 'VERIFIED' });
    await assertVerified(opened.id);
  });
});
