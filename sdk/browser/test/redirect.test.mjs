// Where the person may be sent afterwards.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { load } from './load.mjs';

const { isAcceptable, withResult } = await load('redirect');

const ACCEPTED = [
  'https://shop.example/verified',
  'https://shop.example',
  'http://127.0.0.1:3000/verified?order=1#top',
  'HTTPS://SHOP.EXAMPLE/',
  'https://shop.example/a?next=https://other.example/',
  'portone://blank',
  'myapp://verified/here',
  'kr.co.shop.app://verified?x=1',
];

/** Also what the tests in a browser, and of the gateway, hold against it. */
const HOSTILE = [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'javascript://shop.example/%0aalert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'java\tscript://x/%0aalert(1)',
  '\u0000javascript://x/',
  'data:text/html,<script>alert(1)</script>',
  'data://text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'vbscript://x/',
  'file:///etc/passwd',
  'file://host/share',
  'blob:https://shop.example/00000000-0000-4000-8000-000000000000',
  'filesystem:https://shop.example/temporary/x',
  'about:blank',
  'about://blank',
  'intent://scan/#Intent;scheme=zxing;package=com.example;end',
  'INTENT://x#Intent;end',
  'view-source:https://shop.example/',
  'view-source://shop.example/',
  'content://com.example.provider/x',
  'android-app://com.example',
  'jar://x',
  'chrome://settings',
  'chrome-extension://abcdef/x.html',
  'ms-settings://x',
  'ws://shop.example',
  'wss://shop.example',
  'ftp://shop.example/',
  'mailto:a@shop.example',
  'tel:01012345678',
  '/verified',
  'verified',
  '//evil.example/verified',
  '///evil.example',
  '\\\\evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https:\\\\evil.example',
  'https://shop.example\\@evil.example/',
  'https://shop.example@evil.example/',
  'https://user:password@shop.example/',
  'https://',
  'https:///',
  'https://shop example/',
  'https://shop.example/a b',
  'https://shop.example/\r\nLocation: https://evil.example',
  'https://shop.example/\u2028',
  'https://shop.example/\u0085',
  'https://shop.example:99999/',
  'https://[::1/',
  '://x',
  '1app://x',
  'myapp:',
  'myapp://',
  '',
];

describe('a redirectUrl is accepted', () => {
  for (const address of ACCEPTED) test(address, () => assert.equal(isAcceptable(address), true));
});

describe('a redirectUrl is refused', () => {
  for (const address of HOSTILE) test(JSON.stringify(address), () => assert.equal(isAcceptable(address), false));
});

describe('the result is put in the query', () => {
  const result = {
    transactionType: 'IDENTITY_VERIFICATION',
    identityVerificationId: 'iv1',
    identityVerificationTxId: '0123456789abcdef0123456789abcdef',
    code: 'PGProviderError',
    message: '취소 & 실패',
    pgCode: '9999',
    pgMessage: undefined,
  };

  test('beside what was there, instead of an older result, before the fragment', () => {
    const url = new URL(withResult('https://shop.example/verified?order=1&code=Old#top', result));
    assert.equal(url.hash, '#top');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      order: '1',
      transactionType: 'IDENTITY_VERIFICATION',
      identityVerificationId: 'iv1',
      identityVerificationTxId: '0123456789abcdef0123456789abcdef',
      code: 'PGProviderError',
      message: '취소 & 실패',
      pgCode: '9999',
    });
    assert.equal(url.searchParams.getAll('code').length, 1);
  });

  test("for an app's own scheme too", () => {
    const url = withResult('portone://blank', result);
    assert.ok(url.startsWith('portone://blank?transactionType=IDENTITY_VERIFICATION&'), url);
  });
});
