// The browser's way, through the official npm loader, on a page of another origin: every shape of the window to its success, and what the
// page got held against what the REST API then says.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { CHANNEL, CHANNEL_WINDOW_ONLY, Dev } from './harness/dev.mjs';
import { newId } from './harness/people.mjs';
import { Shop } from './harness/shop.mjs';
import { Window } from './harness/window.mjs';

let dev, shop, browser, visitor;
before(async () => {
  dev = await Dev.start();
  shop = await Shop.start(dev.gateway);
  browser = await launch();
});
afterEach(async () => {
  await visitor?.leave();
  visitor = undefined;
});
after(async () => {
  await browser?.close();
  await shop?.stop();
  await dev?.stop();
});

const visit = async (profile) => (visitor = await shop.visit(browser, profile));
const rest = (id) => dev.sdk().getIdentityVerification({ identityVerificationId: id });

/** The page got a success, and the REST API says of whom. */
async function assertVerified(response, window, extra = {}) {
  const timeline = await dev.timeline(visitor.id);
  const { txId } = timeline.at(-1);
  assert.deepEqual(response, {
    transactionType: 'IDENTITY_VERIFICATION',
    identityVerificationId: visitor.id,
    identityVerificationTxId: txId,
  });
  const { person, operator } = window;
  const verification = await rest(visitor.id);
  assert.equal(verification.status, 'VERIFIED');
  assert.equal(verification.channel.key, extra.channelKey ?? CHANNEL);
  const { ci, di, id, ...customer } = verification.verifiedCustomer;
  assert.deepEqual(customer, {
    name: person.name,
    operator,
    phoneNumber: person.phone,
    birthDate: person.birthDate,
    gender: person.gender,
    isForeigner: person.isForeigner,
  });
  assert.equal(ci.length, 88);
  assert.equal(di.length, 64);
  assert.ok(timeline.some(({ kind }) => kind === 'returned'), 'the way back is in the timeline');
  assert.equal(timeline.filter(({ kind }) => kind === 'verified').length, 1);
  return verification;
}

for (const [shown, profile] of [
  ['POPUP', 'desktop'],
  ['REDIRECTION', 'phone'],
  ['IFRAME', 'desktop'],
  ['IFRAME', 'phone'],
]) {
  describe(`${shown} on a ${profile}`, () => {
    for (const [method, operator] of [
      ['SMS', 'KT'],
      ['PASS', 'SKT_MVNO'],
    ]) {
      test(`${method} → success`, async () => {
        await visit(profile);
        const view = await visitor.open(shown);
        const window = await Window.of(dev, view, operator);
        await window.verify(method);
        await assertVerified(await visitor.got(shown), window);
        if (shown === 'POPUP') assert.equal(view.isClosed(), true);
        if (shown === 'IFRAME') assert.equal(await visitor.page.locator('dialog').count(), 0);
      });
    }

    test('cancelled in the window → PGProviderError 9999, and the same id may be tried again', async () => {
      await visit(profile);
      const id = newId();
      const first = await Window.of(dev, await visitor.open(shown, { identityVerificationId: id }));
      await first.cancel();
      const response = await visitor.got(shown);
      const failed = await rest(id);
      assert.equal(failed.status, 'FAILED');
      assert.equal(failed.failure.pgCode, '9999');
      assert.equal(response.code, 'PGProviderError');
      assert.match(response.message, /[가-힣]/);
      assert.equal(response.pgCode, '9999');
      assert.equal(response.pgMessage, failed.failure.pgMessage);
      assert.equal(response.identityVerificationTxId, (await dev.timeline(id))[0].txId);
      assert.ok(!(await dev.timeline(id)).some(({ kind }) => kind === 'verified'));

      if (shown === 'REDIRECTION') await visitor.page.goto(shop.address);
      const second = await Window.of(dev, await visitor.open(shown, { identityVerificationId: id }));
      await second.verify('SMS');
      await assertVerified(await visitor.got(shown), second);
    });
  });
}

describe('by default', () => {
  for (const [profile, shown] of [
    ['desktop', 'POPUP'],
    ['phone', 'REDIRECTION'],
    ['iPad', 'REDIRECTION'],
    ['webView', 'REDIRECTION'],
  ]) {
    test(`a ${profile} gets ${shown}`, async () => {
      await visit(profile);
      const popup = shown === 'POPUP' ? visitor.page.waitForEvent('popup') : undefined;
      await visitor.click({ redirectUrl: shop.redirectUrl });
      const window = await Window.of(dev, (await popup) ?? visitor.page);
      await window.verify('SMS');
      await assertVerified(await visitor.got(shown), window);
    });
  }
});

test('a web view without popups, asked for one, is redirected', async () => {
  await visit('webView');
  await visitor.click({ windowType: { mobile: 'POPUP' }, redirectUrl: shop.redirectUrl });
  const window = await Window.of(dev, visitor.page);
  await window.verify('SMS');
  await assertVerified(await visitor.got('REDIRECTION'), window);
});

test("an app's own scheme: the app catches the address and reads the query", async () => {
  await visit('webView');
  const session = await visitor.context.newCDPSession(visitor.page);
  await session.send('Page.enable');
  const caught = new Promise((resolve) => {
    session.on('Page.frameRequestedNavigation', ({ url }) => url.startsWith('portone:') && resolve(url));
  });
  await visitor.click({ redirectUrl: 'portone://blank' });
  const window = await Window.of(dev, visitor.page);
  await window.verify('SMS');
  const url = new URL(await caught);
  await assertVerified(Object.fromEntries(url.searchParams), window);
  // Where nothing happens by itself, there is something to tap.
  assert.equal(await visitor.page.getByRole('link', { name: '돌아가기' }).getAttribute('href'), url.href);
});

describe('forceRedirect', () => {
  for (const shown of ['POPUP', 'IFRAME']) {
    test(`${shown} ends at redirectUrl`, async () => {
      await visit('desktop');
      const view = await visitor.open(shown, { redirectUrl: shop.redirectUrl, forceRedirect: true });
      const window = await Window.of(dev, view);
      await window.verify('SMS');
      await assertVerified(await visitor.got('REDIRECTION'), window);
      if (shown === 'POPUP') assert.equal(view.isClosed(), true);
    });
  }
});

test('a channel with window credentials alone is enough, and customData and customer come back', async () => {
  await visit('desktop');
  const customData = '{"order":1}';
  const customer = { customerId: 'customer-1', fullName: '홍길동', phoneNumber: '01012345678' };
  const view = await visitor.open('POPUP', { channelKey: CHANNEL_WINDOW_ONLY, customData, customer });
  const window = await Window.of(dev, view);
  const ready = await rest(visitor.id);
  assert.equal(ready.status, 'READY');
  assert.equal(ready.requestedCustomer.name, '홍길동');
  await window.verify('SMS');
  const verification = await assertVerified(await visitor.got('POPUP'), window, { channelKey: CHANNEL_WINDOW_ONLY });
  assert.equal(verification.customData, customData);
});

for (const name of ['kcpV2', 'kcp_v2']) {
  test(`bypass.${name}.web_siteid says whose DI it is`, async () => {
    await visit('desktop');
    const own = await Window.of(dev, await visitor.open('POPUP'));
    await own.verify('SMS');
    const before = await assertVerified(await visitor.got('POPUP'), own);
    const view = await visitor.open('POPUP', { bypass: { [name]: { web_siteid: 'J01234567890' } } });
    const window = await Window.of(dev, view);
    await dev.sandbox.removePerson(window.person.phone);
    window.person = own.person;
    await window.ask('SMS');
    await window.view.getByLabel('인증번호 6자리').fill(await dev.sandbox.otp(own.person.phone, 2));
    await window.press('확인');
    const after = await assertVerified(await visitor.got('POPUP'), window);
    assert.notEqual(after.verifiedCustomer.di, before.verifiedCustomer.di);
    assert.equal(after.verifiedCustomer.ci, before.verifiedCustomer.ci);
  });
}
