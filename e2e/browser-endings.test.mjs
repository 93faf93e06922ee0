// Every ending that a browser can produce: what the page got, and what the REST API then says. And what a page may not do.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { CHANNEL, CHANNEL_HUB_ONLY, Dev, STORE_2 } from './harness/dev.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
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
  await dev.sandbox.clearFaults();
});
after(async () => {
  await browser?.close();
  await shop?.stop();
  await dev?.stop();
});

const visit = async (profile = 'desktop') => (visitor = await shop.visit(browser, profile));
const rest = (id) => dev.sdk().getIdentityVerification({ identityVerificationId: id });
const kinds = async (id) => (await dev.timeline(id)).map(({ kind }) => kind);

/** Resolved, with this code and a Korean message. */
function assertFailed(response, code, expected = {}) {
  assert.equal(response.code, code, JSON.stringify(response));
  assert.match(response.message, /[가-힣]/);
  assert.equal(response.transactionType, 'IDENTITY_VERIFICATION');
  assert.equal(response.identityVerificationId, visitor.id);
  for (const [name, value] of Object.entries(expected)) assert.equal(response[name], value, name);
}

/** Asks by a click, with a popup that must go again, and gives what the promise told. */
async function refused(request) {
  const opened = visitor.page.waitForEvent('popup');
  await visitor.click({ windowType: { pc: 'POPUP' }, ...request });
  const popup = await opened;
  const response = await visitor.got('POPUP');
  if (!popup.isClosed()) await popup.waitForEvent('close');
  return response;
}

async function assertNothingBegun(id) {
  await assert.rejects(rest(id), (error) => error.data.type === 'IDENTITY_VERIFICATION_NOT_FOUND');
}

/** A try in the window that succeeds, for an id that had bad luck before. */
async function assertCanBeVerified(id) {
  const window = await Window.of(dev, await visitor.open('POPUP', { identityVerificationId: id }));
  await window.verify('SMS');
  const response = await visitor.got('POPUP');
  assert.equal('code' in response, false, JSON.stringify(response));
  assert.equal((await rest(id)).status, 'VERIFIED');
}

describe('the person leaves', () => {
  test('the popup is closed by hand → Cancelled, READY, and the same id may be tried again', async () => {
    await visit();
    const popup = await visitor.open('POPUP');
    await Window.of(dev, popup);
    await popup.close();
    assertFailed(await visitor.got('POPUP'), 'Cancelled', { identityVerificationTxId: (await dev.timeline(visitor.id))[0].txId });
    assert.equal((await rest(visitor.id)).status, 'READY');
    await assertCanBeVerified(visitor.id);
  });

  for (const profile of ['desktop', 'phone']) {
    test(`the iframe is closed on a ${profile} → Cancelled`, async () => {
      await visit(profile);
      await Window.of(dev, await visitor.open('IFRAME'));
      await visitor.page.getByRole('button', { name: '본인인증 창 닫기' }).click();
      assertFailed(await visitor.got('IFRAME'), 'Cancelled');
      assert.equal((await rest(visitor.id)).status, 'READY');
    });
  }

  test('a second call → the first says Cancelled, and the second goes on', async () => {
    await visit();
    const first = await visitor.open('POPUP');
    const firstId = visitor.id;
    await visitor.page.evaluate(() => (window.first = window.outcome));
    await Window.of(dev, await visitor.open('POPUP')).then((window) => window.verify('SMS'));
    assert.equal('code' in (await visitor.got('POPUP')), false);
    const { value } = await visitor.page.evaluate(() => window.first);
    assert.equal(value.code, 'Cancelled');
    assert.equal(value.identityVerificationId, firstId);
    assert.equal(first.isClosed(), true);
  });

  test('the popup is closed a moment after the number was right → success', async () => {
    await visit();
    const popup = await visitor.open('POPUP');
    const window = await Window.of(dev, popup);
    await window.ask('SMS');
    // The message never comes: the page is closed before its script ran.
    await visitor.context.route('**/return/**', async (route) => {
      await route.fetch();
      await popup.close();
    });
    await window.prove('SMS').catch(() => {});
    assert.equal('code' in (await visitor.got('POPUP')), false);
    assert.equal((await rest(visitor.id)).status, 'VERIFIED');
  });

  test('the browser goes back from the window on a phone, and the page is restored → Cancelled', async () => {
    const remembering = await launch(['--disable-back-forward-cache']);
    try {
      visitor = await shop.visit(remembering, 'phone');
      await Window.of(dev, await visitor.open('REDIRECTION'));
      for (let i = 0; i < 4 && visitor.page.url() !== `${shop.address}/`; i += 1) {
        await visitor.page.goBack({ waitUntil: 'commit' });
      }
      const { state, value } = await visitor.outcome();
      assert.equal(state, 'resolved');
      assertFailed(value, 'Cancelled');
      assert.equal((await rest(visitor.id)).status, 'READY');
    } finally {
      await visitor.leave();
      visitor = undefined;
      await remembering.close();
    }
  });
});

describe('the message cannot come', () => {
  test('because the tie to the opener was cut → the gateway is asked, success', async () => {
    await visit();
    const popup = await visitor.open('POPUP');
    const window = await Window.of(dev, popup);
    await window.ask('SMS');
    await popup.evaluate(() => (window.opener = null));
    await window.prove('SMS');
    assert.equal('code' in (await visitor.got('POPUP')), false);
    assert.equal((await rest(visitor.id)).status, 'VERIFIED');
  });
});

describe('no try is begun', () => {
  for (const [what, code, request] of [
    ['an id against KCP’s rules', 'RequestParseFailed', { identityVerificationId: 'iv-1' }],
    ['a bypass against KCP’s rules', 'RequestParseFailed', { bypass: { kcpV2: { web_siteid: 'J012345678901' } } }],
    ['an unknown store', 'StoreNotFound', { storeId: 'store-unknown' }],
    ['an unknown channel', 'ChannelNotFound', { channelKey: 'channel-key-unknown' }],
    ["another store's channel", 'ChannelNotFound', { storeId: STORE_2 }],
    ['a channel without window credentials', 'ChannelNotFound', { channelKey: CHANNEL_HUB_ONLY }],
    ['a scheme that browsers must not open', 'PermissionDenied', { redirectUrl: 'mailto://someone' }],
  ]) {
    test(`${what} → ${code}`, async () => {
      await visit();
      assertFailed(await refused(request), code, { identityVerificationTxId: '' });
      if (/^[a-z0-9]+$/.test(visitor.id)) await assertNothingBegun(visitor.id);
    });
  }

  test('a live API try → InvalidEntityState, and the try goes on', async () => {
    await visit();
    const [id, person] = [newId(), newPerson()];
    const { name, phone, birthDate, gender, isForeigner } = person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'KT', pass: true });
    await dev.sdk().sendIdentityVerification({ identityVerificationId: id, ...sending(person, { channelKey: CHANNEL, operator: 'KT' }) });
    assertFailed(await refused({ identityVerificationId: id }), 'InvalidEntityState');
    const otp = await dev.sandbox.otp(phone);
    await dev.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
    assertFailed(await refused({ identityVerificationId: id }), 'IdentityVerificationAlreadyVerified');
  });

  test('verified already, in a window → IdentityVerificationAlreadyVerified', async () => {
    await visit();
    const id = newId();
    await assertCanBeVerified(id);
    assertFailed(await refused({ identityVerificationId: id }), 'IdentityVerificationAlreadyVerified');
    assert.equal((await rest(id)).status, 'VERIFIED');
  });

  test('no network → Unavailable', async () => {
    await visit();
    await visitor.context.route('**/checkout/**', (route) => route.abort('internetdisconnected'));
    assertFailed(await refused(), 'Unavailable', { identityVerificationTxId: '' });
    await assertNothingBegun(visitor.id);
  });

  test('our fault → Internal', async () => {
    await visit();
    await visitor.context.route('**/checkout/**', (route) =>
      route.fulfill({ status: 500, headers: { 'access-control-allow-origin': '*' }, body: 'oops' }),
    );
    assertFailed(await refused(), 'Internal');
  });

  test('a popup that cannot open and no redirectUrl → FailedPrecondition', async () => {
    await visit('webView');
    await visitor.click({ windowType: { mobile: 'POPUP' } });
    assertFailed(await visitor.got('POPUP'), 'FailedPrecondition');
    await assertNothingBegun(visitor.id);
  });
});

describe('KCP refuses', () => {
  for (const [kind, value, pgCode] of [
    ['resCd', 'CS24', 'CS24'],
    ['resCd', '9562', '9562'],
    ['http', 500, undefined],
    ['garbage', undefined, undefined],
    ['drop', undefined, undefined],
  ]) {
    test(`to register (${kind} ${value ?? ''}) → PGProviderError, FAILED, and the same id may be tried again`, async () => {
      await visit();
      await dev.sandbox.fault({ endpoint: 'register', kind, value });
      const response = await refused();
      assertFailed(response, 'PGProviderError');
      if (pgCode) assert.equal(response.pgCode, pgCode);
      const failed = await rest(visitor.id);
      assert.equal(failed.status, 'FAILED');
      assert.equal(failed.failure.pgCode, response.pgCode);
      assert.equal(failed.failure.pgMessage, response.pgMessage);
      await assertCanBeVerified(visitor.id);
    });
  }

  test('to say who it was, then says it → the person asks again from the page, success', async () => {
    await visit();
    const popup = await visitor.open('POPUP');
    const window = await Window.of(dev, popup);
    await dev.sandbox.fault({ endpoint: 'query', kind: 'http', value: 500 });
    await window.verify('SMS');
    await popup.getByRole('button', { name: '다시 확인하기' }).click();
    assert.equal('code' in (await visitor.got('POPUP')), false);
    assert.equal((await rest(visitor.id)).status, 'VERIFIED');
    assert.equal((await kinds(visitor.id)).filter((kind) => kind === 'verified').length, 1);
  });

  test('to say who it was, and the person closes the window → Unavailable, nobody is verified', async () => {
    await visit();
    const popup = await visitor.open('POPUP');
    const window = await Window.of(dev, popup);
    await dev.sandbox.fault({ endpoint: 'query', kind: 'http', value: 500, count: 50 });
    await window.verify('SMS');
    await popup.getByRole('button', { name: '다시 확인하기' }).waitFor();
    await popup.close();
    assertFailed(await visitor.got('POPUP'), 'Unavailable');
    assert.equal((await rest(visitor.id)).status, 'READY');
  });
});

describe('a call that is wrong in itself rejects by name', () => {
  for (const [argument, request] of [
    ['storeId', { storeId: null }],
    ['storeId', { storeId: 5 }],
    ['identityVerificationId', { identityVerificationId: '' }],
    ['channelKey', { channelKey: null }],
    ['windowType.pc', { windowType: { pc: 'UI' } }],
    ['redirectUrl', { windowType: { pc: 'REDIRECTION' } }],
    ...['javascript:alert(1)', 'data:text/html,x', 'intent://x#Intent;end', '//evil.example', '/verified'].map((redirectUrl) => [
      'redirectUrl',
      { redirectUrl },
    ]),
  ]) {
    test(`${argument}: ${JSON.stringify(request)}`, async () => {
      await visit();
      await visitor.click(request);
      const { state, isError, message } = await visitor.outcome();
      assert.deepEqual([state, isError], ['rejected', true]);
      assert.ok(message.includes(argument) && /[가-힣]/.test(message), message);
      assert.equal(visitor.context.pages().length, 1);
      if (visitor.id) await assertNothingBegun(visitor.id);
    });
  }

  test('on a phone, without redirectUrl', async () => {
    await visit('phone');
    await visitor.click();
    const { state, message } = await visitor.outcome();
    assert.equal(state, 'rejected');
    assert.match(message, /redirectUrl/);
  });
});

describe('a LIVE store', () => {
  let merchant;
  before(async () => {
    merchant = await dev.sandbox.credentials();
    await writeFile(join(dev.folder, 'ENC_KEY'), merchant.encKey);
  });

  const create = (args) => dev.json(['store', 'create', '--name', '본인 상점', '--kind', 'live', ...args]);
  const channelOf = async (store) => {
    const { key } = await dev.json([
      ...['channel', 'create', '--store', store.id, '--name', '시험', '--kind', 'test'],
      ...['--site-cd', merchant.siteCd, '--enc-key-file', join(dev.folder, 'ENC_KEY'), '--window-url', dev.info.sandbox],
    ]);
    return { storeId: store.id, channelKey: key };
  };

  test("whose origins do not name the page's → PermissionDenied", async () => {
    await visit();
    const live = await channelOf(await create(['--allow-test-channels', '--origin', 'https://shop.example']));
    assertFailed(await refused(live), 'PermissionDenied');
  });

  test('that names no origin at all → PermissionDenied', async () => {
    await visit();
    assertFailed(await refused(await channelOf(await create(['--allow-test-channels']))), 'PermissionDenied');
  });

  test('with a TEST channel → PermissionDenied', async () => {
    await visit();
    const live = await channelOf(await create(['--origin', shop.address]));
    assertFailed(await refused(live), 'PermissionDenied');
  });

  test('sends nobody to a host or a scheme that it does not name, and to those that it names', async () => {
    await visit();
    const store = await create([
      ...['--allow-test-channels', '--origin', shop.address],
      ...['--redirect-host', 'pay.example', '--redirect-scheme', 'myapp'],
    ]);
    const live = await channelOf(store);
    for (const redirectUrl of [
      'https://evil.example/',
      'https://pay.example.evil.example/',
      'https://evilpay.example/',
      'http://127.0.0.1.evil.example/',
      'portone://blank',
    ]) {
      assertFailed(await refused({ ...live, redirectUrl }), 'PermissionDenied');
    }
    for (const redirectUrl of ['https://pay.example/verified', 'myapp://verified', `${shop.address}/verified`]) {
      const popup = await visitor.open('POPUP', { ...live, redirectUrl });
      await popup.waitForURL(/\/window\//);
      await popup.close();
      assertFailed(await visitor.got('POPUP'), 'Cancelled');
    }
  });
});

describe('limits', () => {
  let strict, itsShop;
  before(async () => {
    strict = await Dev.start({ args: ['--limit-checkout', '2/1h', '--window-try-life', '3s'], contract: false });
    itsShop = await Shop.start(strict.gateway);
  });
  after(async () => {
    await itsShop?.stop();
    await strict?.stop();
  });

  test('it takes too long → DeadlineExceeded; too many requests → ResourceExhausted', async () => {
    visitor = await itsShop.visit(browser);
    const popup = await visitor.open('POPUP');
    await popup.waitForURL(/\/window\//);
    assertFailed(await visitor.got('POPUP'), 'DeadlineExceeded');
    assert.equal(popup.isClosed(), true);
    const late = await strict.sdk().getIdentityVerification({ identityVerificationId: visitor.id });
    assert.equal(late.status, 'FAILED');

    await (await visitor.open('POPUP')).close();
    assertFailed(await visitor.got('POPUP'), 'Cancelled');
    assertFailed(await refused(), 'ResourceExhausted');
  });

  test('the gateway is gone while the person is busy → Unavailable once the window is closed', async () => {
    const gone = await Dev.start({ contract: false });
    const goneShop = await Shop.start(gone.gateway);
    try {
      visitor = await goneShop.visit(browser);
      const popup = await visitor.open('POPUP');
      await popup.waitForURL(/\/window\//);
      gone.program.kill();
      await gone.program.finished();
      await popup.close();
      assertFailed(await visitor.got('POPUP'), 'Unavailable');
    } finally {
      await goneShop.stop();
      gone.program.kill();
    }
  });
});
