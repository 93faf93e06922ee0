// The window inside the page.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Gateway } from './gateway.mjs';
import { assertFailed, Customer, launch, Shop } from './shop.mjs';

let gateway, shop, browser, customer;
before(async () => {
  gateway = await Gateway.start();
  shop = await Shop.start(gateway.address);
  browser = await launch();
});
afterEach(async () => {
  await customer?.leave();
  customer = undefined;
  gateway.reset();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
  await gateway?.stop();
});

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const windowType = { pc: 'IFRAME', mobile: 'IFRAME' };

/** Opens the window in the page and gives its frame. */
async function open(request = {}, options = {}, path = '/') {
  customer = await Customer.visits(browser, shop.address + path, options);
  await customer.page.evaluate(() => document.documentElement.style.setProperty('overflow', 'scroll'));
  await customer.click({ windowType, ...request });
  await customer.page.frameLocator('dialog iframe').getByText('KCP').waitFor();
  return customer.page.frames().find((frame) => frame.url().includes('/checkout/'));
}

const dialog = () => customer.page.getByRole('dialog', { name: '본인인증' });
const finish = (frame, how) => frame.goto(`${frame.url()}/${how}`).catch(() => {}); // it is taken away

async function assertRestored() {
  assert.equal(await dialog().count(), 0);
  assert.equal(await customer.page.evaluate(() => document.documentElement.style.overflow), 'scroll');
  assert.equal(await customer.page.evaluate(() => document.activeElement.id), 'go');
}

for (const [profile, context] of [
  ['PC', {}],
  ['phone', PHONE],
]) {
  test(`the result comes as a message, on a ${profile}`, async () => {
    const frame = await open({}, { context });
    assert.equal(gateway.newest.windowType, 'IFRAME');
    assert.equal(await customer.page.evaluate(() => document.documentElement.style.overflow), 'hidden');
    const { width, height } = await customer.page.locator('dialog').boundingBox();
    assert.deepEqual([width, height], await customer.page.evaluate(() => [document.documentElement.clientWidth, innerHeight]));
    await finish(frame, 'success');
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
    await assertRestored();
  });
}

test('a failure with what KCP said', async () => {
  await finish(await open(), 'failure');
  assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, true));
  await assertRestored();
});

test('a page with a strict content security policy shows it the same', async () => {
  const frame = await open({}, {}, '/strict');
  assert.equal(await customer.page.locator('dialog').evaluate((found) => getComputedStyle(found).position), 'fixed');
  await finish(frame, 'success');
  await customer.resolved();
});

describe('the person closes it', () => {
  test('with the button → Cancelled', async () => {
    await open();
    await customer.page.getByRole('button', { name: '본인인증 창 닫기' }).click();
    assert.equal(await dialog().count(), 0, 'it is gone at once');
    assertFailed(await customer.resolved(), 'Cancelled');
    await assertRestored();
  });

  test('with the keyboard → Cancelled', async () => {
    await open();
    await customer.page.getByRole('button', { name: '본인인증 창 닫기' }).focus();
    await customer.page.keyboard.press('Enter');
    assertFailed(await customer.resolved(), 'Cancelled');
  });

  test('with Esc → Cancelled', async () => {
    await open();
    await customer.page.getByRole('button', { name: '본인인증 창 닫기' }).focus();
    await customer.page.keyboard.press('Escape');
    assertFailed(await customer.resolved(), 'Cancelled');
    await assertRestored();
  });

  test('a moment before the success is recorded → success', async () => {
    await open();
    gateway.status = (asked) => ({ status: asked < 3 ? 'READY' : 'VERIFIED', returned: false });
    await customer.page.getByRole('button', { name: '본인인증 창 닫기' }).click();
    assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  });

  test('before the gateway has answered → Cancelled', async () => {
    customer = await Customer.visits(browser, shop.address);
    let answer;
    gateway.before = new Promise((resolve) => (answer = resolve));
    await customer.click({ windowType });
    await customer.page.getByRole('button', { name: '본인인증 창 닫기' }).click();
    assert.equal(await dialog().count(), 0);
    answer();
    assertFailed(await customer.resolved(), 'Cancelled');
  });
});

test('focus stays inside, and the page behind cannot be reached', async () => {
  await open();
  const seen = new Set();
  for (let i = 0; i < 8; i += 1) {
    await customer.page.keyboard.press('Tab');
    seen.add(await customer.page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
  }
  assert.ok(!seen.has('go'), [...seen].join());
  assert.ok(seen.has('BUTTON') || seen.has('IFRAME'), [...seen].join());
  await assert.rejects(customer.page.click('#go', { timeout: 500 }));
});

for (const [iframe, dimmed] of [
  [undefined, true],
  [{ dim: true }, true],
  [{ dim: false }, false],
]) {
  test(`iframe: ${JSON.stringify(iframe)} → ${dimmed ? 'dimmed' : 'not dimmed'}`, async () => {
    await open({ iframe });
    const [background, backdrop] = await customer.page
      .locator('dialog')
      .evaluate((found) => [getComputedStyle(found).backgroundColor, getComputedStyle(found, '::backdrop').backgroundColor]);
    assert.equal(background, dimmed ? 'rgba(0, 0, 0, 0.6)' : 'rgba(0, 0, 0, 0)');
    if (!dimmed) assert.equal(backdrop, 'rgba(0, 0, 0, 0)');
  });
}

test('no try is begun → the dialog goes again, with the code', async () => {
  customer = await Customer.visits(browser, shop.address);
  gateway.refusal = { status: 403, body: JSON.stringify({ code: 'PermissionDenied', message: '허용되지 않은 주소입니다.' }) };
  await customer.click({ windowType });
  assertFailed(await customer.resolved(), 'PermissionDenied');
  assert.equal(await dialog().count(), 0);
});

test('the message never comes → the gateway is asked', async () => {
  await open();
  gateway.status = () => ({ status: 'VERIFIED' });
  assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  assert.equal(await dialog().count(), 0);
});

test('a second call takes the place of the first', async () => {
  await open();
  await customer.page.evaluate(() => {
    window.first = window.outcome;
    window.ask({ ...window.request, identityVerificationId: 'second' });
  });
  const { state, value } = await customer.page.evaluate(() => window.first);
  assert.equal(state, 'resolved');
  assertFailed(value, 'Cancelled');
  await customer.page.frameLocator('dialog iframe').getByText('KCP').waitFor();
  assert.equal(await dialog().count(), 1);
  const frame = customer.page.frames().find((found) => found.url().includes(gateway.newest.txId));
  await finish(frame, 'success');
  assert.deepEqual(await customer.resolved(), gateway.result(gateway.newest, false));
  await assertRestored();
});
