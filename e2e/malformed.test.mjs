// Nothing a client sends makes the gateway fail or hang: every kind of nonsense is answered with a 4xx that says in Korean what is
// wrong, and afterwards the gateway serves as before.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { CHANNEL, Dev, SECRET } from './harness/dev.mjs';
import { customerOf, newId, newPerson, sending } from './harness/people.mjs';
import { raw } from './harness/raw.mjs';

const HANGUL = /[\uac00-\ud7a3]/;
const AUTHORIZATION = `PortOne ${SECRET}`;

let dev;
before(async () => {
  dev = await Dev.start();
});
after(async () => {
  if (!dev) return;
  const log = dev.program.stdout + dev.program.stderr;
  await dev.stop();
  assert.doesNotMatch(log, /panicked/);
});

function post(path, body, headers = {}) {
  return fetch(new URL(path, dev.gateway), {
    method: 'POST',
    headers: { authorization: AUTHORIZATION, 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(15_000),
  });
}

function get(path, headers = {}) {
  return fetch(new URL(path, dev.gateway), {
    headers: { authorization: AUTHORIZATION, ...headers },
    signal: AbortSignal.timeout(15_000),
  });
}

/** A 4xx with a type and a Korean message; with `field`, one that names it. What was sent is not repeated. */
async function refused(response, what, field) {
  const text = await response.text();
  assert.ok(response.status >= 400 && response.status < 500, `${what} → ${response.status} ${text}`);
  const error = JSON.parse(text);
  assert.equal(typeof error.type, 'string', what);
  assert.match(error.message, HANGUL, what);
  if (field) assert.ok(error.message.includes(field), `${what}: names ${field}: ${error.message}`);
  return error;
}

const good = () => sending(newPerson(), { channelKey: CHANNEL, operator: 'KT', customer: { id: 'someone' }, customData: 'x' });

/** `good()` with one field, given by its path, set to something. */
function with_(path, value) {
  const body = good();
  const names = path.split('.');
  let at = body;
  for (const name of names.slice(0, -1)) at = at[name] ??= {};
  at[names.at(-1)] = value;
  return body;
}

describe('bodies that are not what they should be', () => {
  const nonsense = {
    'no body': '',
    'white space': ' \n\t ',
    'no JSON': 'not json',
    'half an object': '{"channelKey": "',
    'two values': '{} {}',
    'a trailing comma': '{"channelKey": "x",}',
    'single quotes': "{'channelKey': 'x'}",
    'a byte order mark': '\ufeff{}',
    'a list': '[]',
    'a list of everything': '[{"channelKey": "x"}]',
    null: 'null',
    'a text': '"text"',
    'a number': '42',
    'a number beyond all numbers': '1e999',
    true: 'true',
    'an open list a hundred thousand deep': '['.repeat(100_000),
    'a list ten thousand deep': '['.repeat(10_000) + ']'.repeat(10_000),
    'objects ten thousand deep': '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
    'invalid UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    'UTF-16': Buffer.from('{"apiSecret": "x"}', 'utf16le'),
    'NUL bytes': Buffer.alloc(64),
    'half a surrogate pair': '{"channelKey": "\\ud800", "apiSecret": "\\udfff", "refreshToken": "\\ud800", "otp": "\\ud800"}',
    'a raw control character': '{"channelKey": "a\u0001b"}',
    'a form': 'channelKey=x&method=SMS',
    'compressed bytes': Buffer.from('1f8b0800000000000003abae05000043bfa6a302000000', 'hex'),
  };
  for (const [what, body] of Object.entries(nonsense)) {
    test(what, async () => {
      const id = newId();
      await refused(await post(`/identity-verifications/${id}/send`, body), `send: ${what}`);
      await refused(await post(`/identity-verifications/${id}/confirm`, body), `confirm: ${what}`);
      await refused(await post('/login/api-secret', body), `login: ${what}`);
      await refused(await post('/token/refresh', body), `refresh: ${what}`);
    });
  }

  for (const bytes of [300 * 1024, 10 * 1024 * 1024]) {
    test(`${bytes} bytes are too many`, async () => {
      const body = JSON.stringify({ ...good(), customData: 'x'.repeat(bytes) });
      for (const path of [
        `/identity-verifications/${newId()}/send`,
        `/identity-verifications/${newId()}/confirm`,
        '/login/api-secret',
        '/token/refresh',
      ]) {
        const error = await refused(await post(path, body), path);
        assert.equal(error.type, 'PAYLOAD_TOO_LARGE');
      }
    });

    test(`${bytes} bytes in pieces of unknown number are too many`, async () => {
      const piece = 'x'.repeat(64 * 1024);
      const answer = await raw(dev.gateway, [
        `POST /login/api-secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`,
        ...Array(Math.ceil(bytes / piece.length)).fill(`10000\r\n${piece}\r\n`),
        '0\r\n\r\n',
      ]);
      assert.equal(answer.late, false);
      if (answer.status) assert.equal(answer.status, 413, answer.head);
      else assert.ok(answer.closed);
    });
  }
});

describe('send: each field', () => {
  const text = [1, 1.5, true, [], {}, ['x'], { x: 'y' }];
  const cases = {
    storeId: text,
    channelKey: [...text, null, ''],
    customer: [1, true, [], 'x', null],
    'customer.id': text,
    'customer.name': [...text, null, '', ' ', 'a\u0000b', '홍\n길동', '\u0007', 'x'.repeat(10_000)],
    'customer.phoneNumber': [
      ...text,
      null,
      '',
      '010-1234-5678',
      '+821012345678',
      '0101234567a',
      '٠١٠١٢٣٤٥٦٧٨',
      '０１０１２３４５６７８',
      '010123456789',
      '02123456',
      '010'.repeat(5000),
    ],
    'customer.identityNumber': [
      ...text,
      null,
      '',
      '900101',
      '90010112',
      '9013011',
      '9002301',
      '900101a',
      '９００１０１１',
      '900101-1',
    ],
    'customer.ipAddress': [...text, null, '', 'localhost', '1.2.3', '1.2.3.4.5', '999.1.1.1', '::g', '1.2.3.4\r\nX: y'],
    customData: text,
    bypass: [1, true, [], null, '', 'not json', '[]', '"x"', '['.repeat(5000)],
    'bypass.kcpV2': [1, true, [], 'x', null],
    'bypass.kcpV2.media_type': [...text, null, '', 'mc01', 'MC03', 'MC01 '],
    'bypass.kcpV2.web_siteid': [...text, 'J012345678901', '한글', 'a\nb'],
    'bypass.kcpV2.cp_sms_msg': [...text, 'no number', '[00000]', '[000000]\u0000', `[000000]${'x'.repeat(10_000)}`],
    'bypass.kcpV2.cp_callback': [...text, 'phone', '070-1234-5678', '060-123-4567', '02 1670 5176', '02-1670-5176\n'],
    operator: [...text, null, '', 'skt', 'SKT ', 'NTT', 'UNRECOGNIZED'],
    method: [...text, null, '', 'sms', 'MAIL'],
  };
  for (const [field, values] of Object.entries(cases)) {
    test(field, async () => {
      for (const value of values) {
        const what = `${field} = ${JSON.stringify(value).slice(0, 60)}`;
        const response = await post(`/identity-verifications/${newId()}/send`, JSON.stringify(with_(field, value)));
        const error = await refused(response, what, field.split('.').at(-1));
        assert.equal(error.type, 'INVALID_REQUEST', what);
        // What was sent may be personal: it is not repeated.
        if (typeof value === 'string' && value.length > 8) assert.ok(!error.message.includes(value), what);
      }
    });
  }

  test('what is ignored may be as deep as it likes, within bounds', async () => {
    for (const depth of [50, 5000]) {
      const body = JSON.stringify(good()).replace(/^\{/, `{"ignored":${'['.repeat(depth)}${']'.repeat(depth)},`);
      const response = await post(`/identity-verifications/${newId()}/send`, body);
      const text = await response.text();
      assert.ok(response.status < 500, text);
    }
  });
});

describe('confirm: each field', () => {
  test('otp and storeId', async () => {
    const [id, person] = [newId(), newPerson()];
    const sent = await post(`/identity-verifications/${id}/send`, JSON.stringify({ ...good(), customer: customerOf(person) }));
    assert.equal(sent.status, 200);
    for (const otp of [1, 123456, true, [], {}, '', '12345', '1234567', 'abcdef', '１２３４５６', '12 456', '12345\n', '9'.repeat(9999)]) {
      const what = `otp = ${JSON.stringify(otp).slice(0, 40)}`;
      const error = await refused(await post(`/identity-verifications/${id}/confirm`, JSON.stringify({ otp })), what, 'otp');
      assert.equal(error.type, 'INVALID_REQUEST', what);
    }
    for (const storeId of [1, true, [], {}]) {
      const body = JSON.stringify({ otp: '123456', storeId });
      await refused(await post(`/identity-verifications/${id}/confirm`, body), `storeId = ${storeId}`, 'storeId');
    }
    // None of it was counted: the right number still verifies.
    const otp = await dev.sandbox.otp(person.phone);
    const confirmed = await post(`/identity-verifications/${id}/confirm`, JSON.stringify({ otp }));
    assert.equal(confirmed.status, 200);
  });
});

describe('ids in the path', () => {
  for (const id of [
    'a%2Fb',
    '%2F',
    '..%2F..%2Fetc%2Fpasswd',
    '%2e%2e%2f',
    '%00',
    'a%00b',
    '%0d%0aX:%20y',
    '%ff%fe',
    '%ed%a0%80',
    '%25',
    '%',
    '%zz',
    'with-hyphen',
    'with%20space',
    '%EB%B3%B8%EC%9D%B8',
    "';DROP%20TABLE%20store;--",
    'x'.repeat(71),
    'x'.repeat(8000),
  ]) {
    test(id.slice(0, 40), async () => {
      await refused(await post(`/identity-verifications/${id}/send`, JSON.stringify(good())), 'send');
      await refused(await post(`/identity-verifications/${id}/resend`, ''), 'resend');
      await refused(await post(`/identity-verifications/${id}/confirm`, '{"otp": "123456"}'), 'confirm');
      await refused(await get(`/identity-verifications/${id}`), 'get');
    });
  }

  test('no id at all', async () => {
    for (const path of ['/identity-verifications//send', '/identity-verifications/', '/identity-verifications//']) {
      await refused(await (path.endsWith('send') ? post(path, JSON.stringify(good())) : get(path)), path);
    }
  });
});

describe('the list', () => {
  const filters = {
    'not json': undefined,
    '': undefined,
    '[]': undefined,
    '"x"': undefined,
    42: undefined,
    '{"page": 1}': 'page',
    '{"page": {"number": "first"}}': 'number',
    '{"page": {"number": -1}}': 'number',
    '{"page": {"number": 1e99}}': 'number',
    '{"page": {"number": 1.5}}': 'number',
    '{"page": {"number": 99999999999}}': 'number',
    '{"page": {"size": 0}}': 'size',
    '{"page": {"size": 101}}': 'size',
    '{"page": {"size": "ten"}}': 'size',
    '{"sort": "newest"}': 'sort',
    '{"sort": {"by": "NAME"}}': 'by',
    '{"sort": {"order": 1}}': 'order',
    '{"filter": []}': 'filter',
    '{"filter": {"storeId": 1}}': 'storeId',
    '{"filter": {"statuses": "READY"}}': 'statuses',
    '{"filter": {"statuses": [1]}}': 'statuses',
    '{"filter": {"statuses": ["DONE"]}}': 'statuses',
    '{"filter": {"isTest": "yes"}}': 'isTest',
    '{"filter": {"from": "yesterday"}}': 'from',
    '{"filter": {"from": "2026-02-30T00:00:00Z"}}': 'from',
    '{"filter": {"until": 1700000000}}': 'until',
    '{"filter": {"carriers": ["NTT"]}}': 'carriers',
    '{"filter": {"customer": []}}': 'customer',
    '{"filter": {"customer": {"gender": "X"}}}': 'gender',
    '{"filter": {"customer": {"name": 1}}}': 'name',
    '{"filter": {"customer": {"birthYear": 1990}}}': 'birthYear',
  };
  for (const [filter, field] of Object.entries(filters)) {
    test(`requestBody = ${filter || 'nothing'}`, async () => {
      const path = `/identity-verifications?requestBody=${encodeURIComponent(filter)}`;
      if (filter === '') {
        const response = await get(path);
        assert.ok(response.status < 500);
        return;
      }
      const error = await refused(await get(path), filter, field);
      assert.equal(error.type, 'INVALID_REQUEST');
    });
  }

  test('a query that is deep, huge or not UTF-8', async () => {
    for (const query of [
      `requestBody=${'['.repeat(5000)}`,
      `requestBody=${encodeURIComponent('{"filter":{"customer":{"name":"')}${'x'.repeat(30_000)}`,
      'requestBody=%ff%fe',
      `storeId=x&requestBody=${'%5B'.repeat(3000)}`,
    ]) {
      await refused(await get(`/identity-verifications?${query}`), query.slice(0, 60));
    }
  });

  test('a body on the GET is read as the filter, and held to the same rules', async () => {
    const ask = (body) =>
      new Promise((resolve, reject) => {
        const request = httpRequest(
          new URL('/identity-verifications', dev.gateway),
          { method: 'GET', headers: { authorization: AUTHORIZATION, 'content-length': Buffer.byteLength(body) }, timeout: 15_000 },
          (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (data) => (text += data));
            response.on('end', () => resolve({ status: response.statusCode, json: JSON.parse(text) }));
          },
        );
        request.on('error', reject).on('timeout', () => request.destroy(new Error('hangs')));
        request.end(body);
      });
    const empty = await ask(JSON.stringify({ page: { size: 3 }, filter: { identityVerificationId: newId() } }));
    assert.deepEqual(empty, { status: 200, json: { items: [], page: { number: 0, size: 3, totalCount: 0 } } });
    for (const body of ['not json', '[]', '{"page": {"size": 101}}', '{"filter": {"statuses": ["DONE"]}}']) {
      const { status, json } = await ask(body);
      assert.equal(status, 400, body);
      assert.equal(json.type, 'INVALID_REQUEST');
      assert.match(json.message, HANGUL);
    }
  });
});

describe('paths and methods that are not there', () => {
  test('an unknown path is NOT_FOUND', async () => {
    for (const path of ['/nothing', '/identity-verifications/x/y/z', '/v2/../etc/passwd', '/%00', '/%ff']) {
      const error = await refused(await get(path), path);
      assert.equal(error.type, 'NOT_FOUND', path);
    }
  });

  test('an unknown method is told so', async () => {
    for (const [method, path] of [
      ['DELETE', '/identity-verifications/abc'],
      ['PUT', '/identity-verifications/abc/send'],
      ['GET', '/identity-verifications/abc/confirm'],
      ['PATCH', '/login/api-secret'],
    ]) {
      const response = await fetch(new URL(path, dev.gateway), { method, headers: { authorization: AUTHORIZATION } });
      const error = await response.json();
      assert.equal(response.status, 405, `${method} ${path}`);
      assert.match(error.message, HANGUL);
    }
  });
});

test('after all that a person is verified as ever', async () => {
  const [id, person] = [newId(), newPerson()];
  const sdk = dev.sdk();
  await sdk.sendIdentityVerification({ ...good(), identityVerificationId: id, customer: customerOf(person) });
  const otp = await dev.sandbox.otp(person.phone);
  const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
  assert.equal(identityVerification.status, 'VERIFIED');
});
