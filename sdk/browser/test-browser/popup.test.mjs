// The popup, on a PC.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { assertFailed, Customer, launch, Shop } from './shop.mjs';

let gateway, shop, browser, blocking, customer;
before(async () => {
  gateway = await Gateway.start();
  shop = await Shop.start(gateway.address);
  browser = await launch();
  blocking = await launch(['--disable-popup-blocking']);
});
afterEach(async () => {
  await customer?.leave();
  customer = undefined;
  gateway.reset();
});
after(async () => {
  await browser?.close();
  await blocking?.close();
  await shop?.stop();
  await gateway?.stop();
});

const visit = async (path = '/', options) => (customer = await Customer.visits(browser, shop.address + path, options));
const finish = (popup, how) => popup.goto(`${popup.url()}/${how}`).catch(() => {}); // it closes itself

describe('the result comes as a message', () => {
  for (const [how, path] of [
    ['a script tag', '/'],
    ['the official loader, which loads the script itself', '/loader'],
    ['the official loader, where the script is there already', '/loader-and-script'],
    ['an ES module', '/module'],
    ['a page in EUC-KR', '/euc-kr'],
    ['a page with a strict content security policy', '/strict'],
  ]) {
    test(`with ${how}`, async () => {
      await visit(path);
      const popup = await customer.popup({ customData: '{"order":1}', bypass: { kcp_v2: { web_siteid: 'J1' } } });
      await finish(popup, 'success');
      const { txId, origin, type, ...body } = gateway.newest;
      assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
      assert.equal(popup.isClosed(), true);
      assert.equal(origin, shop.address);
      assert.match(type, /^text\/plain/i);
      assert.deepEqual(body, {
        ...{ storeId: 'store-1', identityVerificationId: customer.id, channelKey: 'channel-key-1', windowType: 'POPUP' },
        ...{ customData: '{"order":1}', bypass: { kcp_v2: { web_siteid: 'J1' } } },
      });
    });
  }

  test('a failure with what KCP said', async () => {
    await visit();
    await finish(await customer.popup(), 'failure');
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, true));
  });

  test('messages that are not the result are not heard', async () => {
    await visit();
    const popup = await customer.popup();
    const { txId } = gateway.newest;
    const result = gateway.result(gateway.newest, false);
    // From the page itself, and from a frame of the gateway's origin that is not the window.
    await customer.page.evaluate(
      async ([message, url]) => {
        window.postMessage(message, '*');
        const frame = document.createElement('iframe');
        frame.src = url;
        document.body.append(frame);
        await new Promise((resolve) => (frame.onload = resolve));
      },
      [{ bonin: 1, txId, result }, popup.url()],
    );
    const frame = customer.page.frames().find((found) => found.url() === popup.url());
    await frame.evaluate((message) => window.parent.postMessage(message, '*'), { bonin: 1, txId, result });
    // From the window, but none of ours.
    for (const message of [
      null,
      'bonin',
      5,
      [],
      {},
      { bonin: 1 },
      { bonin: 1, txId: 'f'.repeat(32), result },
      { bonin: 2, txId, result },
      { txId, result },
      { bonin: 1, txId },
      { bonin: 1, txId, result: null },
      { bonin: 1, txId, result: 'success' },
      { bonin: 1, txId, result: {} },
    ]) {
      await popup.evaluate((told) => window.opener.postMessage(told, '*'), message);
    }
    // From the window, at another address.
    const go = async (url) => {
      await popup.evaluate((to) => void setTimeout(() => location.assign(to)), url);
      await popup.waitForURL(url);
    };
    await go(`${shop.address.replace('127.0.0.1', 'localhost')}/other`);
    await popup.evaluate((told) => window.opener.postMessage(told, '*'), { bonin: 1, txId, result });
    await customer.isPending();
    await popup.evaluate((to) => void setTimeout(() => location.assign(to)), `${gateway.address}/checkout/${txId}/failure`);
    assertFailed(await customer.resolved(), 'PGProviderError', { pgCode: '9999' });
  });
});

describe('the popup is closed by hand', () => {
  const closed = async (status) => {
    await visit();
    gateway.status = status;
    const popup = await customer.popup();
    await popup.close();
    return customer.resolved(20_000);
  };

  test('→ Cancelled', async () => {
    const response = await closed(() => ({ status: 'READY', returned: false }));
    assertFailed(response, 'Cancelled', { identityVerificationTxId: gateway.newest.txId, identityVerificationId: customer.id });
  });

  test('a moment before the success is recorded → success', async () => {
    const response = await closed((asked) => ({ status: asked < 3 ? 'READY' : 'VERIFIED', returned: false }));
    assert.deepEqual(response, gateway.result(gateway.newest, false));
  });

  test('after it failed → the code', async () => {
    const response = await closed(() => ({ status: 'FAILED', code: 'DeadlineExceeded', message: '시간이 지났습니다.' }));
    assertFailed(response, 'DeadlineExceeded', { message: '시간이 지났습니다.' });
  });

  test('after the person came back, and KCP is slow → what KCP says in the end', async () => {
    const response = await closed((asked) => ({ status: asked < 6 ? 'READY' : 'VERIFIED', returned: true }));
    assert.deepEqual(response, gateway.result(gateway.newest, false));
  });

  test('after the person came back, and KCP says nothing → Unavailable', async () => {
    assertFailed(await closed(() => ({ status: 'READY', returned: true })), 'Unavailable');
  });

  test('and the gateway cannot be reached → Unavailable', async () => {
    assertFailed(await closed(() => 'hang up'), 'Unavailable');
  });

  test('and the gateway is back a moment later → what it says', async () => {
    const response = await closed((asked) => (asked < 3 ? 'hang up' : { status: 'VERIFIED' }));
    assert.deepEqual(response, gateway.result(gateway.newest, false));
  });

  test('before the gateway has answered → Cancelled', async () => {
    await visit();
    let answer;
    gateway.before = new Promise((resolve) => (answer = resolve));
    const opened = customer.page.waitForEvent('popup');
    await customer.click();
    await (await opened).close();
    answer();
    assertFailed(await customer.resolved(), 'Cancelled');
  });
});

describe('the message never comes', () => {
  test('→ the gateway is asked, and the popup closed', async () => {
    await visit();
    const popup = await customer.popup();
    gateway.status = () => ({ status: 'VERIFIED' });
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
    assert.equal(popup.isClosed(), true);
  });

  test('and nothing answers for a while → the promise waits', async () => {
    await visit();
    const popup = await customer.popup();
    gateway.status = (asked) => (asked < 2 ? 'hang up' : { status: 'FAILED', code: 'PGProviderError', message: '실패', pgCode: 'CS24' });
    assertFailed(await customer.resolved(20_000), 'PGProviderError', { pgCode: 'CS24' });
    assert.equal(popup.isClosed(), true);
  });

  describe('because the page cut the tie itself, so that the window seems closed', () => {
    /** Chromium without a screen says that every page has the focus: here it is the popup that has it. */
    const busyInThePopup = { before: (page) => page.addInitScript('document.hasFocus = () => window.focused === true') };

    test('→ while the person is busy there the promise waits, and tells what came of it', async () => {
      await visit('/cut-off', busyInThePopup);
      const opened = customer.context.waitForEvent('page');
      await customer.click();
      await opened;
      await customer.isPending(3_000);
      gateway.status = () => ({ status: 'VERIFIED' });
      assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
    });

    test('→ Cancelled once the person is back', async () => {
      await visit('/cut-off', busyInThePopup);
      const opened = customer.context.waitForEvent('page');
      await customer.click();
      await (await opened).close();
      await customer.isPending(1_000);
      await customer.page.evaluate(() => (window.focused = true));
      assertFailed(await customer.resolved(), 'Cancelled');
    });
  });
});

describe('no popup can open', () => {
  const redirectUrl = () => `${shop.address}/verified`;
  /** Asks while the page loads: nobody has clicked. */
  const unasked = async (request) => {
    customer = await Customer.comes(blocking);
    await customer.page.addInitScript(
      (given) => window.addEventListener('load', () => window.ask?.(given)),
      { storeId: 'store-1', identityVerificationId: 'iv', channelKey: 'channel-key-1', ...request },
    );
    // What Playwright evaluates counts as a click: nothing of it before the page has loaded and asked.
    await customer.page.goto(shop.address);
  };
  const without = (open) => ({ before: (page) => page.addInitScript(open) });

  test('blocked, without redirectUrl → FailedPrecondition, and nothing was begun', async () => {
    await unasked({});
    assertFailed(await customer.resolved(), 'FailedPrecondition', { identityVerificationTxId: '' });
    assert.equal(gateway.asked.length, 0);
  });

  test('blocked, with redirectUrl → redirection', async () => {
    await unasked({ redirectUrl: redirectUrl() });
    await customer.page.waitForURL(/\/checkout\//);
    assert.equal(gateway.newest.windowType, 'REDIRECTION');
  });

  test('a click opens the popup in the same browser', async () => {
    customer = await Customer.visits(blocking, shop.address);
    await finish(await customer.popup(), 'success');
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  });

  for (const [what, open] of [
    ['a web view whose window.open gives nothing', 'window.open = () => null'],
    ['a web view whose window.open throws', "window.open = () => { throw new Error('no') }"],
    ['a web view that knows one window only', 'window.open = () => window'],
    ['a blocker that closes at once', 'window.open = () => ({ closed: true })'],
  ]) {
    test(`${what} → redirection where there is a redirectUrl, else FailedPrecondition`, async () => {
      await visit('/', without(open));
      await customer.click({});
      assertFailed(await customer.resolved(), 'FailedPrecondition');
      await customer.click({ redirectUrl: redirectUrl() });
      await customer.page.waitForURL(/\/checkout\//);
      assert.equal(gateway.newest.windowType, 'REDIRECTION');
    });
  }

  test('a page without an origin of its own gets neither popup nor iframe', async () => {
    await visit('/sandboxed');
    for (const pc of ['POPUP', 'IFRAME']) {
      await customer.click({ windowType: { pc } });
      assertFailed(await customer.resolved(), 'FailedPrecondition');
    }
    assert.equal(customer.context.pages().length, 1);
    assert.equal(gateway.asked.length, 0);
  });
});

describe('no try is begun', () => {
  for (const [status, body, code] of [
    ...[
      [400, 'RequestParseFailed'],
      [404, 'StoreNotFound'],
      [404, 'ChannelNotFound'],
      [409, 'InvalidEntityState'],
      [409, 'IdentityVerificationAlreadyVerified'],
      [403, 'PermissionDenied'],
      [429, 'ResourceExhausted'],
      [503, 'Unavailable'],
    ].map(([http, told]) => [http, JSON.stringify({ code: told, message: '이래서 안 됩니다.' }), told]),
    [429, '<html>', 'ResourceExhausted'],
    [502, '<html>bad gateway', 'Unavailable'],
    [500, '', 'Internal'],
    [200, '{}', 'Internal'],
    [200, '{"txId":"x","url":"javascript:alert(1)"}', 'Internal'],
    [200, '{"txId":"x","url":"https://"}', 'Internal'],
    [200, 'null', 'Internal'],
  ]) {
    test(`${status} ${body.slice(0, 50)} → ${code}, the popup is closed and nothing redirected`, async () => {
      await visit();
      gateway.refusal = { status, body };
      const opened = customer.page.waitForEvent('popup');
      await customer.click({ redirectUrl: `${shop.address}/verified`, forceRedirect: true });
      const popup = await opened;
      assertFailed(await customer.resolved(), code);
      if (!popup.isClosed()) await popup.waitForEvent('close');
      assert.equal(customer.page.url(), `${shop.address}/`);
    });
  }

  test('KCP refused → its code and message, untouched, and the id of the try', async () => {
    await visit();
    const told = { code: 'PGProviderError', message: '실패했습니다.', pgCode: 'CS24', pgMessage: '설정 누락', txId: 'a'.repeat(32) };
    gateway.refusal = { status: 502, body: JSON.stringify(told) };
    await customer.click();
    const { txId, code, ...expected } = told;
    assertFailed(await customer.resolved(), code, { ...expected, identityVerificationTxId: txId });
  });

  test('there is no network → Unavailable', async () => {
    await visit();
    gateway.refusal = 'hang up';
    const opened = customer.page.waitForEvent('popup');
    await customer.click();
    const popup = await opened;
    assertFailed(await customer.resolved(), 'Unavailable', { identityVerificationTxId: '' });
    if (!popup.isClosed()) await popup.waitForEvent('close');
  });
});

describe('a second call', () => {
  test('closes the first window, and the first promise says Cancelled', async () => {
    await visit();
    const first = await customer.popup();
    await customer.page.evaluate(() => (window.first = window.outcome));
    const { identityVerificationId } = gateway.newest;
    const second = await customer.popup();
    const { state, value } = await customer.page.evaluate(() => window.first);
    assert.equal(state, 'resolved');
    assertFailed(value, 'Cancelled', { identityVerificationId });
    assert.equal(first.isClosed(), true);
    await finish(second, 'success');
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  });

  test('that is wrong in itself leaves the first alone', async () => {
    await visit();
    const first = await customer.popup();
    await customer.page.evaluate(() => (window.first = window.outcome));
    await customer.click({ storeId: 5 });
    const { state, isError, message } = await customer.outcome();
    assert.deepEqual([state, isError], ['rejected', true]);
    assert.match(message, /storeId/);
    await finish(first, 'success');
    await customer.page.waitForFunction(() => window.first.state === 'resolved');
  });
});

describe('the popup', () => {
  const features = () => customer.page.evaluate(() => window.opened[0][2]);
  const noting = {
    before: (page) =>
      page.addInitScript(() => {
        window.opened = [];
        const { open } = window;
        window.open = (...args) => (window.opened.push(args), open.apply(window, args));
      }),
  };

  test('is placed in the middle where asked', async () => {
    await visit('/', noting);
    const popup = await customer.popup({ popup: { center: true } });
    const told = Object.fromEntries((await features()).split(',').map((feature) => feature.split('=')));
    const [x, y, width, height] = await customer.page.evaluate(() => [screenX, screenY, outerWidth, outerHeight]);
    assert.equal(Number(told.left), Math.round(x + Math.max(0, (width - Number(told.width)) / 2)));
    assert.equal(Number(told.top), Math.round(y + Math.max(0, (height - Number(told.height)) / 2)));
    await finish(popup, 'success');
    await customer.resolved();
  });

  test('is placed by the browser otherwise', async () => {
    await visit('/', noting);
    const popup = await customer.popup();
    assert.doesNotMatch(await features(), /left|top/);
    await finish(popup, 'success');
    await customer.resolved();
  });
});

test('nothing listens once it is over', async () => {
  await visit('/', {
    before: (page) =>
      page.addInitScript(() => {
        window.listening = [];
        const { addEventListener: add, removeEventListener: remove } = window;
        window.addEventListener = (type, ...rest) => (window.listening.push(type), add.call(window, type, ...rest));
        window.removeEventListener = (type, ...rest) => {
          window.listening.splice(window.listening.indexOf(type), 1);
          remove.call(window, type, ...rest);
        };
      }),
  });
  const listening = () => customer.page.evaluate(() => window.listening.filter((type) => type === 'message' || type === 'pageshow'));
  await finish(await customer.popup(), 'success');
  await customer.resolved();
  assert.deepEqual(await listening(), []);
  const asked = gateway.statusAsked;
  await customer.page.waitForTimeout(5_000);
  assert.equal(gateway.statusAsked, asked, 'no more asking');
});
