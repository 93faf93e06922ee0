// The search that secrecy.test.mjs trusts finds a value in every dress, and finds nothing where there is nothing.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { search } from './harness/search.mjs';

const VALUES = ['남궁비밀', '01098765432', '123456', '/+한=글?', "o'Brien & \"co\"\n"];
const encode = (text) => Buffer.from(text, 'utf8');

const DRESSES = {
  raw: (value) => encode(value),
  encodeURIComponent: (value) => encode(encodeURIComponent(value)),
  'percent-encoded in lower case': (value) => encode(encodeURIComponent(value).replace(/%../g, (hex) => hex.toLowerCase())),
  'form-encoded': (value) => encode(new URLSearchParams({ v: value }).toString()),
  'JSON': (value) => encode(JSON.stringify({ value })),
  'JSON in JSON with escapes': (value) =>
    encode([...value].map((c) => (c.charCodeAt(0) > 127 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c)).join('')),
  hex: (value) => encode(encode(value).toString('hex')),
  'UTF-16': (value) => Buffer.from(value, 'utf16le'),
  'Debug of bytes': (value) => encode(`[${[...encode(value)].join(', ')}]`),
};
for (const before of [0, 1, 2, 3, 7]) {
  for (const after of [0, 1, 2]) {
    const around = (value) => Buffer.concat([randomBytes(before), encode(value), randomBytes(after)]);
    DRESSES[`base64 with ${before} before and ${after} after`] = (value) => encode(around(value).toString('base64'));
    DRESSES[`base64url with ${before} before and ${after} after`] = (value) => encode(around(value).toString('base64url'));
  }
}

for (const [dress, wear] of Object.entries(DRESSES)) {
  test(`finds a value in ${dress}`, () => {
    for (const value of VALUES) {
      const place = Buffer.concat([randomBytes(500), Buffer.from('!'), wear(value), Buffer.from('!'), randomBytes(500)]);
      assert.notDeepEqual(search({ value }, { place }), [], value);
    }
  });
}

test('finds nothing in a megabyte of noise, base64, digits of other values and times', () => {
  const place = Buffer.concat([
    randomBytes(1 << 20),
    encode(randomBytes(1 << 18).toString('base64')),
    encode('2026-11-23T07:09:01.123456789Z 남궁비 밀 0109876543 12345 6'),
  ]);
  const values = Object.fromEntries(VALUES.map((value, i) => [i, value]));
  delete values[2]; // six digits do come up in noise; in what is read here they do not
  assert.deepEqual(search(values, { place }), []);
});

const CHANCES = {
  'a time': '2026-11-23T07:09:01.123456789Z',
  'a request’s id': 'request{id="5a4d20e1f123456490670f5833ec1405"}',
  'a verification’s id': 'identity-verification-0e8bd1f0-4c1e-4f6e-9a11-7f123456ab00',
  'how long a statement took': 'elapsed=123.456µs elapsed_secs=0.000123456',
  'how short a statement took': 'elapsed=1.23456µs elapsed_secs=1.123456e-6',
  'the sum of what a metric saw': 'bonin_http_request_seconds_sum{route="/x"} 14.123456789',
};

for (const [what, text] of Object.entries(CHANCES)) {
  test(`six digits in ${what} are not a one-time number, and are one beside it`, () => {
    assert.deepEqual(search({ otp: '123456' }, { place: encode(text) }), []);
    for (const place of [`${text} otp=123456`, `123456,${text}`, `${text.slice(0, 25)}"123456"`]) {
      assert.notDeepEqual(search({ otp: '123456' }, { place: encode(place) }), [], place);
    }
  });
}

test('what is no short number is looked for in ids, too', () => {
  const id = '5a4d20e1f123456490670f5833ec1405';
  assert.deepEqual(search({ token: id }, { place: encode(`request{id="${id}"}`) }), ['token in place, raw']);
});
