// The page moves: on phones, where asked for, and at the end where `forceRedirect` says so.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { assertFailed, Customer, launch, Shop } from './shop.mjs';

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';
const KAKAO =
  'Mozilla/5.0 (Linux; Android 14; SM-S928N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36 KAKAOTALK 10.4.5';
const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  userAgent: KAKAO.replace('; wv', '').replace(/ Version.*/, ' Chrome/130.0.0.0 Mobile Safari/537.36'),
};

let gateway, shop, browser, remembering, customer;
before(async () => {
  gateway = await Gateway.start();
  shop = await Shop.start(gateway.address);
  browser = await launch();
  remembering = await launch(['--disable-back-forward-cache']);
});
afterEach(async () => {
  await customer?.leave();
  customer = undefined;
  gateway.reset();
});
after(async () => {
  await browser?.close();
  await remembering?.close();
  await shop?.stop();
  await gateway?.stop();
});

const redirectUrl = () => `${shop.address}/verified?order=1`;
const query = () => Object.fromEntries(new URL(customer.page.url()).searchParams);
const atCheckout = () => customer.page.waitForURL(/\/checkout\/[0-9a-f]{32}$/);

/** What navigator says on an iPad that calls itself a desktop. */
async function likeAnIpad(page, context) {
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setUserAgentOverride', { userAgent: MAC, platform: 'MacIntel' });
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
}

describe('REDIRECTION', () => {
  for (const [what, options, extra] of [
    ['on a phone, by default', { context: PHONE }, {}],
    ["on an iPad with a desktop's user agent, by default", { before: likeAnIpad }, {}],
    ['in a web view, by default', { context: { ...PHONE, userAgent: KAKAO }, before: (page) => page.addInitScript('window.open = () => null') }, {}],
    ['on a PC, where asked for', {}, { windowType: { pc: 'REDIRECTION' } }],
  ]) {
    for (const how of ['success', 'failure']) {
      test(`${what}: ${how}`, async () => {
        customer = await Customer.visits(browser, shop.address, options);
        await customer.click({ redirectUrl: redirectUrl(), ...extra });
        await atCheckout();
        assert.equal(gateway.newest.windowType, 'REDIRECTION');
        assert.equal(gateway.newest.redirectUrl, redirectUrl());
        await customer.page.goto(`${customer.page.url()}/${how}`);
        assert.deepEqual(query(), { order: '1', ...gateway.result(gateway.newest, how === 'failure') });
      });
    }
  }

  test('with the official loader', async () => {
    customer = await Customer.visits(browser, `${shop.address}/loader`, { context: PHONE });
    await customer.click({ redirectUrl: redirectUrl() });
    await atCheckout();
  });

  test("to an app's own scheme, as PortOne's React Native SDK does", async () => {
    customer = await Customer.visits(browser, shop.address, { context: PHONE });
    await customer.click({ redirectUrl: 'portone://blank' });
    await atCheckout();
    assert.equal(gateway.newest.redirectUrl, 'portone://blank');
  });

  test('no try is begun → the page stays, and the promise tells why', async () => {
    customer = await Customer.visits(browser, shop.address, { context: PHONE });
    gateway.refusal = { status: 403, body: JSON.stringify({ code: 'PermissionDenied', message: '허용되지 않은 주소입니다.' }) };
    await customer.click({ redirectUrl: redirectUrl(), forceRedirect: true });
    assertFailed(await customer.resolved(), 'PermissionDenied');
    assert.equal(customer.page.url(), `${shop.address}/`);
  });

  test('other types of window open on a phone where asked for', async () => {
    customer = await Customer.visits(browser, shop.address, { context: PHONE });
    const popup = await customer.popup({ windowType: { mobile: 'POPUP' } });
    await popup.goto(`${popup.url()}/success`).catch(() => {});
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  });
});

describe('the person goes back, and the page is restored as it was', () => {
  /** Leaves for KCP and comes back by the browser's button. */
  const goBack = async (status) => {
    customer = await Customer.visits(remembering, shop.address, { context: PHONE });
    await customer.page.evaluate(() => {
      window.addEventListener('pageshow', ({ persisted }) => (window.restored = persisted));
    });
    await customer.click({ redirectUrl: redirectUrl() });
    await atCheckout();
    gateway.status = status;
    await customer.page.goBack({ waitUntil: 'commit' });
    await customer.page.waitForURL(`${shop.address}/`, { waitUntil: 'commit' });
    assert.equal(await customer.page.evaluate(() => window.restored), true, 'Chromium kept the page');
    return customer.resolved(20_000);
  };

  test('→ Cancelled', async () => {
    assertFailed(await goBack(() => ({ status: 'READY', returned: false })), 'Cancelled', {
      identityVerificationTxId: gateway.newest.txId,
    });
  });

  test('after a success → success', async () => {
    assert.deepEqual(await goBack(() => ({ status: 'VERIFIED' })), gateway.result(gateway.newest, false));
  });

  test('after a failure → its code', async () => {
    const told = { status: 'FAILED', code: 'PGProviderError', message: '취소했습니다.', pgCode: '9999', pgMessage: '사용자 취소' };
    assertFailed(await goBack(() => told), 'PGProviderError', { pgCode: '9999', pgMessage: '사용자 취소' });
  });
});

describe('forceRedirect', () => {
  for (const how of ['success', 'failure']) {
    test(`a popup's ${how} ends at redirectUrl`, async () => {
      customer = await Customer.visits(browser, shop.address);
      const popup = await customer.popup({ redirectUrl: redirectUrl(), forceRedirect: true });
      await popup.goto(`${popup.url()}/${how}`).catch(() => {});
      await customer.page.waitForURL(/\/verified/);
      assert.deepEqual(query(), { order: '1', ...gateway.result(gateway.newest, how === 'failure') });
      assert.equal(popup.isClosed(), true);
    });
  }

  test('an iframe that is closed ends at redirectUrl', async () => {
    customer = await Customer.visits(browser, shop.address);
    await customer.click({ redirectUrl: redirectUrl(), forceRedirect: true, windowType: { pc: 'IFRAME' } });
    await customer.page.frameLocator('dialog iframe').getByText('KCP').waitFor();
    await customer.page.getByRole('button', { name: '본인인증 창 닫기' }).click();
    await customer.page.waitForURL(/\/verified/);
    assert.equal(query().code, 'Cancelled');
    assert.equal(query().identityVerificationTxId, gateway.newest.txId);
  });

  test("to an app's own scheme, which the page survives: the promise tells too", async () => {
    customer = await Customer.visits(browser, shop.address);
    const session = await customer.context.newCDPSession(customer.page);
    await session.send('Page.enable');
    const asked = new Promise((resolve) => session.on('Page.frameRequestedNavigation', ({ url }) => resolve(url)));
    const popup = await customer.popup({ redirectUrl: 'portone://blank', forceRedirect: true });
    await popup.goto(`${popup.url()}/success`).catch(() => {});
    const url = new URL(await asked);
    assert.equal(url.protocol, 'portone:');
    assert.deepEqual(Object.fromEntries(url.searchParams), gateway.result(gateway.newest, false));
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  });

  test('without redirectUrl it means nothing', async () => {
    customer = await Customer.visits(browser, shop.address);
    const popup = await customer.popup({ forceRedirect: true });
    await popup.goto(`${popup.url()}/success`).catch(() => {});
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  });
});

describe('a call that is wrong in itself rejects; nothing opens, nobody is asked', () => {
  const cases = [
    ['storeId', { storeId: null }],
    ['identityVerificationId', { identityVerificationId: '' }],
    ['channelKey', { channelKey: 7 }],
    ['windowType.pc', { windowType: { pc: 'TAB' } }],
    ['redirectUrl', { windowType: { pc: 'REDIRECTION' } }],
    ...[
      'javascript:alert(1)',
      'javascript://%0aalert(1)',
      'java\nscript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:msgbox(1)',
      'file:///etc/passwd',
      'blob:https://shop.example/1',
      'about:blank',
      'intent://x#Intent;end',
      '//evil.example',
      '/verified',
      'https://shop.example@evil.example/',
      'https://shop.example\\@evil.example/',
      ' https://shop.example/',
    ].map((url) => ['redirectUrl', { redirectUrl: url, forceRedirect: true }]),
  ];
  for (const [argument, request] of cases) {
    test(`${argument}: ${JSON.stringify(request)}`, async () => {
      customer ??= await Customer.visits(browser, shop.address);
      await customer.click(request);
      const { state, isError, message } = await customer.outcome();
      assert.deepEqual([state, isError], ['rejected', true]);
      assert.ok(message.includes(argument) && /[가-힣]/.test(message), message);
      assert.equal(customer.context.pages().length, 1);
      assert.equal(gateway.asked.length, 0);
    });
  }
});
