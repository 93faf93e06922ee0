// The pages on the way to KCP's window and back, and the frame around it: who may frame them, what they may do, and for whom they work.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible, assertFits, launch } from './harness/browser.mjs';
import { CHANNEL, Dev, STORE } from './harness/dev.mjs';
import { newId } from './harness/people.mjs';
import { PROFILES, Shop } from './harness/shop.mjs';
import { Window } from './harness/window.mjs';

let dev, shop, browser, visitor;
before(async () => {
  dev = await Dev.start({ contract: false });
  shop = await Shop.start(dev.gateway);
  browser = await launch();
});
afterEach(async () => {
  await visitor?.leave();
  visitor = undefined;
  await dev.sandbox.clearFaults();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
  await dev?.stop();
});

const visit = async (profile) => (visitor = await shop.visit(browser, profile));

/** Begins a try as the script does, and gives the address of its page. */
async function begin(windowType, origin = shop.address) {
  const body = { storeId: STORE, channelKey: CHANNEL, identityVerificationId: newId(), windowType, redirectUrl: `${shop.address}/verified` };
  const response = await fetch(`${dev.gateway}/checkout/identity-verifications`, {
    method: 'POST',
    headers: { origin, 'content-type': 'text/plain;charset=UTF-8' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return { ...body, ...answer };
}

/** A page without scripts, at this address. */
async function withoutScripts(url, profile = 'desktop') {
  const context = await browser.newContext({ locale: 'ko-KR', ...PROFILES[profile].context, javaScriptEnabled: false });
  visitor = { leave: () => context.close() };
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

for (const profile of ['desktop', 'phone']) {
  describe(`on a ${profile}`, () => {
    test('the page before the window works without scripts, with the keyboard alone', async () => {
      const { url } = await begin('REDIRECTION');
      const page = await withoutScripts(url, profile);
      await assertFits(page, 'departure');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/window\/[^/]+\/operator$/);
    });

    test('the page after it is calm and accessible, whatever came of it', async () => {
      for (const end of ['verify', 'cancel', 'pending']) {
        await visit(profile);
        const popup = await visitor.open('POPUP');
        const window = await Window.of(dev, popup);
        // Nobody listens and nothing closes it: the page stays to be looked at.
        await visitor.context.addInitScript('window.close = () => {}');
        await popup.evaluate(() => (window.opener = null));
        await visitor.page.close();
        if (end === 'pending') await dev.sandbox.fault({ endpoint: 'query', kind: 'http', value: 500, count: 5 });
        await (end === 'cancel' ? window.cancel() : window.verify('SMS'));
        await popup.waitForURL(/\/return\//);
        await assertFits(popup, end);
        await assertAccessible(popup, end);
        assert.equal(await popup.locator('html').getAttribute('lang'), 'ko');
        await dev.sandbox.clearFaults();
        await visitor.leave();
      }
    });

    test('the frame in the page is accessible', async () => {
      await visit(profile);
      await Window.of(dev, await visitor.open('IFRAME'));
      await assertFits(visitor.page, 'the shop with the frame');
      await assertAccessible(visitor.page, 'the shop with the frame');
    });
  });
}

describe('framing', () => {
  /** Frames this address on a page of this origin; whether the frame shows the page. */
  async function shows(url, server) {
    const page = await (await browser.newContext()).newPage();
    visitor = { leave: () => page.context().close() };
    await page.goto(`${server}/verified`);
    const refused = page
      .waitForEvent('console', { predicate: (message) => /frame-ancestors|X-Frame-Options|Framing/i.test(message.text()), timeout: 5_000 })
      .then(() => false);
    const shown = page
      .waitForEvent('framenavigated', { predicate: (frame) => /\/window\//.test(frame.url()), timeout: 5_000 })
      .then(() => true);
    await page.evaluate((address) => {
      const frame = document.createElement('iframe');
      frame.src = address;
      document.body.append(frame);
    }, url);
    return Promise.race([refused, shown]).finally(() => Promise.allSettled([refused, shown]));
  }

  let stranger;
  before(async () => {
    stranger = createServer((request, response) => response.end('<!doctype html><title>남</title>'));
    await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    stranger.address = `http://127.0.0.1:${stranger.address().port}`;
  });
  after(() => stranger.close());

  test('the page that asked for an iframe may frame it', async () => {
    assert.equal(await shows((await begin('IFRAME')).url, shop.address), true);
  });

  test('another page may not', async () => {
    assert.equal(await shows((await begin('IFRAME')).url, stranger.address), false);
  });

  for (const windowType of ['POPUP', 'REDIRECTION']) {
    test(`nobody may frame a ${windowType}, not even the page that asked`, async () => {
      assert.equal(await shows((await begin(windowType)).url, shop.address), false);
    });
  }
});

test('the page that asked is told what came of it, and no page that has taken its place', async () => {
  const stranger = createServer((request, response) => response.end('<!doctype html><title>남</title>'));
  await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  try {
    for (const [place, told] of [[`${shop.address}/verified`, 1], [`http://127.0.0.1:${stranger.address().port}`, 0]]) {
      await visit('desktop');
      const popup = await visitor.open('POPUP');
      const window = await Window.of(dev, popup);
      await visitor.page.goto(place);
      await visitor.page.evaluate(() => {
        globalThis.messages = [];
        addEventListener('message', ({ data }) => globalThis.messages.push(data));
      });
      const closed = popup.waitForEvent('close');
      await window.verify('SMS');
      await closed;
      const messages = await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(() => resolve(globalThis.messages), 500)));
      assert.equal(messages.length, told, `${place}: ${JSON.stringify(messages)}`);
      await visitor.leave();
    }
  } finally {
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
  }
});

test('every page on the way carries a strict policy, and nothing cuts the tie to the opener', async () => {
  await visit('desktop');
  const policies = new Map();
  visitor.context.on('response', (response) => {
    const { pathname } = new URL(response.url());
    if (!response.headers()['content-type']?.startsWith('text/html') || pathname === '/') return;
    policies.set(pathname.replace(/[0-9a-f]{16,}/g, '…'), response.headers());
  });
  const window = await Window.of(dev, await visitor.open('POPUP'));
  await window.verify('SMS');
  await visitor.got('POPUP');
  assert.ok([...policies.keys()].some((path) => path.startsWith('/checkout/…/return/')), [...policies.keys()].join());
  assert.ok(policies.size >= 7, [...policies.keys()].join());
  for (const [path, headers] of policies) {
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors/, path);
    assert.match(policy, /base-uri 'none'/, path);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\s\*(;|$)/, path);
    assert.equal(headers['cross-origin-opener-policy'], undefined, path);
    if (path.startsWith('/checkout/')) assert.equal(headers['cache-control'], 'no-store', path);
  }
});

describe('what the script asks, it may ask from any page; nothing more is told', () => {
  test('the endpoints and the script answer to any origin, without credentials', async () => {
    const { txId } = await begin('POPUP');
    for (const path of ['/v2/browser-sdk.js', '/v2/browser-sdk.mjs', '/v2/browser-sdk.d.ts', `/checkout/${txId}/status`]) {
      const { headers, status } = await fetch(dev.gateway + path, { headers: { origin: 'https://anywhere.example' } });
      assert.equal(status, 200, path);
      assert.equal(headers.get('access-control-allow-origin'), '*', path);
      assert.equal(headers.get('access-control-allow-credentials'), null, path);
    }
    for (const path of ['/v2/browser-sdk.js', '/v2/browser-sdk.mjs']) {
      const { headers } = await fetch(dev.gateway + path);
      assert.match(headers.get('content-type'), /^text\/javascript; *charset=utf-8$/i);
    }
    const preflight = await fetch(`${dev.gateway}/checkout/identity-verifications`, {
      method: 'OPTIONS',
      headers: { origin: 'https://anywhere.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    assert.ok(preflight.ok);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  });

  test('the status is a status and codes, never a person', async () => {
    await visit('desktop');
    const window = await Window.of(dev, await visitor.open('POPUP'));
    await window.verify('SMS');
    const { identityVerificationTxId } = await visitor.got('POPUP');
    const response = await fetch(`${dev.gateway}/checkout/${identityVerificationTxId}/status`);
    assert.deepEqual(await response.json(), { status: 'VERIFIED' });
  });

  test('the module works from another origin', async () => {
    await visit('desktop');
    const names = await visitor.page.evaluate(async (url) => {
      const module = await import(url);
      return { keys: Object.keys(module.default), same: module.default.requestIdentityVerification === module.requestIdentityVerification };
    }, `${dev.gateway}/v2/browser-sdk.mjs`);
    assert.ok(names.keys.includes('requestIdentityVerification') && names.same);
  });
});
