// What a call is refused for, and what is made of one that is right.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from './load.mjs';

const { readRequest } = await load('request');

const RIGHT = { storeId: 'store-1', identityVerificationId: 'iv1', channelKey: 'channel-key-1' };
const read = (extra, mobile = false) => readRequest({ ...RIGHT, ...extra }, mobile);

describe('a call that is wrong in itself is refused by name', () => {
  const circular = {};
  circular.self = circular;
  for (const [argument, extra] of [
    ['storeId', { storeId: undefined }],
    ['storeId', { storeId: null }],
    ['storeId', { storeId: '' }],
    ['storeId', { storeId: 1 }],
    ['identityVerificationId', { identityVerificationId: undefined }],
    ['identityVerificationId', { identityVerificationId: '' }],
    ['identityVerificationId', { identityVerificationId: {} }],
    ['channelKey', { channelKey: undefined }],
    ['channelKey', { channelKey: ['channel-key-1'] }],
    ['windowType', { windowType: 'POPUP' }],
    ['windowType', { windowType: ['POPUP'] }],
    ['windowType.pc', { windowType: { pc: 'popup' } }],
    ['windowType.pc', { windowType: { pc: 'UI' } }],
    ['windowType.mobile', { windowType: { mobile: 'TAB' } }],
    ['windowType.mobile', { windowType: { mobile: 1 } }],
    ['redirectUrl', { windowType: { pc: 'REDIRECTION' } }],
    ['redirectUrl', { redirectUrl: 5 }],
    ['redirectUrl', { redirectUrl: '/verified' }],
    ['forceRedirect', { forceRedirect: 'true' }],
    ['customer', { customer: '김민준' }],
    ['customer', { customer: [] }],
    ['customer', { customer: circular }],
    ['customData', { customData: { a: 1 } }],
    ['bypass', { bypass: 3 }],
    ['bypass', { bypass: { kcpV2: { web_siteid: 1n } } }],
    ['popup', { popup: true }],
    ['popup.center', { popup: { center: 'yes' } }],
    ['iframe', { iframe: 'dim' }],
    ['iframe.dim', { iframe: { dim: 0 } }],
  ]) {
    const shown = Object.entries(extra).map(([name, value]) => `${name}: ${typeof value === 'object' ? 'object' : String(value)}`);
    test(`${argument} (${shown})`, () => {
      assert.throws(() => read(extra), (error) => {
        assert.ok(error instanceof Error);
        assert.ok(error.message.includes(argument), error.message);
        assert.match(error.message, /[가-힣]/);
        return true;
      });
    });
  }

  test('no request at all', () => {
    for (const request of [undefined, null, 'store-1', 5]) {
      assert.throws(() => readRequest(request, false), /request/);
    }
  });

  test("on a phone the default is REDIRECTION, which needs redirectUrl, and the message says so", () => {
    assert.throws(() => read({}, true), /redirectUrl.*모바일/);
    assert.throws(() => read({ windowType: { pc: 'POPUP' } }, true), /redirectUrl.*모바일/);
    assert.throws(() => read({ windowType: { mobile: 'REDIRECTION' } }, true), /redirectUrl/);
  });
});

describe('a call that is right', () => {
  const url = 'https://shop.example/verified';
  for (const [what, extra, mobile, shown] of [
    ['POPUP on a PC by default', {}, false, 'POPUP'],
    ['REDIRECTION on a phone by default', { redirectUrl: url }, true, 'REDIRECTION'],
    ['the type for PCs on a PC', { windowType: { pc: 'IFRAME', mobile: 'POPUP' } }, false, 'IFRAME'],
    ['the type for phones on a phone', { windowType: { pc: 'IFRAME', mobile: 'POPUP' } }, true, 'POPUP'],
    ['REDIRECTION on a PC', { windowType: { pc: 'REDIRECTION' }, redirectUrl: url }, false, 'REDIRECTION'],
    ['null as absent', { windowType: { pc: null }, redirectUrl: null, customer: null, bypass: null }, false, 'POPUP'],
  ]) {
    test(what, () => assert.equal(read(extra, mobile).shown, shown));
  }

  test('the gateway gets what the page passed', () => {
    const extra = {
      customer: { fullName: '김민준', phoneNumber: '01012345678' },
      customData: '{"order":1}',
      bypass: { kcp_v2: { web_siteid: 'J00000000000' } },
      redirectUrl: 'portone://blank',
    };
    assert.deepEqual(read(extra).body, { ...RIGHT, ...extra });
    assert.equal(read({ bypass: '{"kcpV2":{}}' }).body.bypass, '{"kcpV2":{}}');
  });

  test('forceRedirect means nothing without redirectUrl', () => {
    assert.equal(read({ forceRedirect: true }).forceRedirect, false);
    assert.equal(read({ forceRedirect: true, redirectUrl: url }).forceRedirect, true);
  });

  test('the popup is centred if asked, the page dimmed unless told not to', () => {
    assert.deepEqual([read({}).center, read({}).dim], [false, true]);
    const { center, dim } = read({ popup: { center: true }, iframe: { dim: false } });
    assert.deepEqual([center, dim], [true, false]);
  });
});
