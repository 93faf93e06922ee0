// The built files themselves.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { transform } from 'esbuild';

const dist = (name) => new URL(`../dist/${name}`, import.meta.url);

const METHODS = [
  'requestIdentityVerification',
  'requestPayment',
  'requestIssueBillingKey',
  'requestIssueBillingKeyAndPay',
  'loadPaymentUI',
  'loadIssueBillingKeyUI',
  'updateLoadPaymentUIRequest',
  'updateLoadIssueBillingKeyUIRequest',
];

for (const name of ['browser-sdk.js', 'browser-sdk.mjs']) {
  test(`${name} is under 12 kB and needs nothing newer than ES2019`, async () => {
    const source = await readFile(dist(name), 'utf8');
    assert.ok(Buffer.byteLength(source) < 12_000);
    const options = { minifyWhitespace: true, charset: 'utf8', legalComments: 'none', supported: { 'import-meta': true } };
    // Newer syntax would come out rewritten.
    const [as, lowered] = await Promise.all(
      ['esnext', 'es2019'].map((target) => transform(source, { ...options, target })),
    );
    assert.ok(as.code.length > 5_000);
    assert.equal(lowered.code, as.code);
  });
}

test('the module can be imported where there is no window, as a server that renders pages does', async () => {
  const module = await import(dist('browser-sdk.mjs'));
  for (const method of METHODS) {
    assert.equal(typeof module[method], 'function', method);
    assert.equal(module.default[method], module[method], method);
  }
  assert.equal(module.default.Entity.WindowType.POPUP, 'POPUP');
});

test('what Bonin does not do is rejected in words', async () => {
  const { default: PortOne } = await import(dist('browser-sdk.mjs'));
  for (const method of METHODS.slice(1)) {
    await assert.rejects(PortOne[method]({}), (error) => {
      assert.ok(error instanceof Error);
      assert.ok(error.message.includes(method) && error.message.includes('본인인증만'), error.message);
      return true;
    });
  }
});

test("the official package's methods are all there", async () => {
  const { default: official } = await import('@portone/browser-sdk/v2');
  assert.deepEqual(Object.keys(official).sort(), [...METHODS].sort());
});

test('the guards of the official package take its errors', async () => {
  const { isPortOneError, isIdentityVerificationError } = await import(dist('browser-sdk.mjs'));
  const { IdentityVerificationError, PaymentError } = await import('@portone/browser-sdk/v2');
  const error = new IdentityVerificationError({ code: 'Cancelled', message: '취소' });
  assert.equal(isPortOneError(error) && isIdentityVerificationError(error), true);
  assert.equal(isIdentityVerificationError(new PaymentError({ code: 'Cancelled', message: '취소' })), false);
  assert.equal(isPortOneError(new Error('취소')) || isPortOneError(null) || isPortOneError('x'), false);
});
