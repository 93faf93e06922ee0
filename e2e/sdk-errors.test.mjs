// Each error that the official SDK's five calls can raise is raised as its class, with its type, and every type that the document
// names for a call is either seen here or listed with the reason why it cannot occur.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import {
  ConfirmIdentityVerificationError,
  GetIdentityVerificationError,
  GetIdentityVerificationsError,
  ResendIdentityVerificationError,
  SendIdentityVerificationError,
} from '@portone/server-sdk/identityVerification';
import { LoginViaApiSecretError, RefreshTokenError } from '@portone/server-sdk/auth';
import { PortOneClient } from '@portone/server-sdk';
import { CHANNEL, CHANNEL_WINDOW_ONLY, Dev, SECRET, SECRET_2, STORE_2 } from './harness/dev.mjs';
import { customerOf, newId, newPerson, sending } from './harness/people.mjs';
import { anotherNumber } from './harness/sandbox.mjs';

let dev;
let sdk;
before(async () => {
  dev = await Dev.start();
  sdk = dev.sdk();
});
after(() => dev?.stop());
beforeEach(() => dev.sandbox.clearFaults());

/** What the document names for a call and still cannot come, with the reason. */
const CANNOT_OCCUR = {
  'sendIdentityVerification IDENTITY_VERIFICATION_NOT_FOUND': 'send makes the verification it does not find',
};

const OPERATION = {
  SendIdentityVerificationError: 'sendIdentityVerification',
  ResendIdentityVerificationError: 'resendIdentityVerification',
  ConfirmIdentityVerificationError: 'confirmIdentityVerification',
  GetIdentityVerificationError: 'getIdentityVerification',
  GetIdentityVerificationsError: 'getIdentityVerifications',
  LoginViaApiSecretError: 'loginViaApiSecret',
  RefreshTokenError: 'refreshToken',
};

const raised = new Set();

/** The call must fail with this class and this type. */
async function raises(Class, type, call) {
  let error;
  try {
    await call();
  } catch (caught) {
    error = caught;
  }
  assert.ok(error, `${Class.name} ${type} was not raised`);
  assert.ok(error instanceof Class, `${Class.name} was expected, not ${error}`);
  assert.equal(error.data.type, type, error.message);
  assert.equal(error.message, error.data.message);
  raised.add(`${OPERATION[Class.name]} ${type}`);
  return error.data;
}

function send(id, person = newPerson(), extra = {}, client = sdk) {
  return client.sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: CHANNEL, operator: 'KT' }),
    ...extra,
  });
}

async function sent(extra = {}) {
  const [id, person] = [newId(), newPerson()];
  await send(id, person, extra);
  return { id, person };
}

async function verified() {
  const { id, person } = await sent();
  await sdk.confirmIdentityVerification({ identityVerificationId: id, otp: await dev.sandbox.otp(person.phone) });
  return { id, person };
}

async function failed() {
  const [id, person] = [newId(), newPerson()];
  await dev.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01' });
  await assert.rejects(send(id, person));
  return { id, person };
}

const stranger = () => dev.sdk({ secret: 'no-such-secret' });

test('UNAUTHORIZED: a secret that is none', async () => {
  const { id } = await sent();
  const one = { identityVerificationId: id };
  await raises(SendIdentityVerificationError, 'UNAUTHORIZED', () => send(id, undefined, {}, stranger()));
  await raises(ResendIdentityVerificationError, 'UNAUTHORIZED', () => stranger().resendIdentityVerification(one));
  await raises(ConfirmIdentityVerificationError, 'UNAUTHORIZED', () => stranger().confirmIdentityVerification(one));
  await raises(GetIdentityVerificationError, 'UNAUTHORIZED', () => stranger().getIdentityVerification(one));
  await raises(GetIdentityVerificationsError, 'UNAUTHORIZED', () => stranger().getIdentityVerifications());
});

test('UNAUTHORIZED: no authorization, another scheme, an empty secret', async () => {
  for (const authorization of [undefined, 'PortOne', 'PortOne ', `Basic ${SECRET}`, SECRET, `Bearer ${SECRET}`, 'Bearer x.y.z']) {
    const response = await fetch(new URL('/identity-verifications', dev.gateway), {
      headers: authorization === undefined ? {} : { authorization },
    });
    assert.equal(response.status, 401, String(authorization));
    assert.equal((await response.json()).type, 'UNAUTHORIZED');
  }
});

test('FORBIDDEN: a store that the secret may not reach', async () => {
  const { id } = await sent();
  for (const storeId of [STORE_2, 'store-ffffffff-ffff-4fff-8fff-ffffffffffff']) {
    const one = { identityVerificationId: id, storeId };
    await raises(SendIdentityVerificationError, 'FORBIDDEN', () => send(newId(), undefined, { storeId }));
    await raises(ResendIdentityVerificationError, 'FORBIDDEN', () => sdk.resendIdentityVerification(one));
    await raises(ConfirmIdentityVerificationError, 'FORBIDDEN', () => sdk.confirmIdentityVerification(one));
    await raises(GetIdentityVerificationError, 'FORBIDDEN', () => sdk.getIdentityVerification(one));
    await raises(GetIdentityVerificationsError, 'FORBIDDEN', () => sdk.getIdentityVerifications({ filter: { storeId } }));
  }
});

test('INVALID_REQUEST: each call says which field is wrong', async () => {
  const { id } = await sent();
  for (const [field, extra] of [
    ['customer.name', { customer: { ...customerOf(newPerson()), name: undefined } }],
    ['customer.phoneNumber', { customer: { ...customerOf(newPerson()), phoneNumber: '010-1234-5678' } }],
    ['customer.identityNumber', { customer: { ...customerOf(newPerson()), identityNumber: undefined } }],
    ['customer.identityNumber', { customer: { ...customerOf(newPerson()), identityNumber: '9913451' } }],
    ['customer.ipAddress', { customer: { ...customerOf(newPerson()), ipAddress: undefined } }],
    ['operator', { operator: 'SKTELECOM' }],
    ['method', { method: 'FAX' }],
    ['media_type', { bypass: undefined }],
    ['media_type', { bypass: { kcpV2: {} } }],
    ['media_type', { bypass: { kcpV2: { media_type: 'MC03' } } }],
    ['web_siteid', { bypass: { kcpV2: { media_type: 'MC01', web_siteid: 'J012345678901' } } }],
    ['cp_sms_msg', { bypass: { kcpV2: { media_type: 'MC01', cp_sms_msg: '인증번호' } } }],
    ['cp_callback', { bypass: { kcpV2: { media_type: 'MC01', cp_callback: '070-1234-5678' } } }],
    ['channelKey', { channelKey: CHANNEL_WINDOW_ONLY }],
  ]) {
    const data = await raises(SendIdentityVerificationError, 'INVALID_REQUEST', () => send(newId(), newPerson(), extra));
    assert.ok(data.message.includes(field), `${field} is named: ${data.message}`);
  }
  await raises(SendIdentityVerificationError, 'INVALID_REQUEST', () => send('x'.repeat(71)));
  await raises(SendIdentityVerificationError, 'INVALID_REQUEST', () => send('with-hyphen'));
  const app = await sent({ method: 'APP' });
  await raises(ResendIdentityVerificationError, 'INVALID_REQUEST', () =>
    sdk.resendIdentityVerification({ identityVerificationId: app.id }),
  );
  const bad = { identityVerificationId: id, storeId: 'no\u0000store' };
  await raises(ResendIdentityVerificationError, 'INVALID_REQUEST', () => sdk.resendIdentityVerification(bad));
  await raises(ConfirmIdentityVerificationError, 'INVALID_REQUEST', () =>
    sdk.confirmIdentityVerification({ identityVerificationId: id }),
  );
  await raises(ConfirmIdentityVerificationError, 'INVALID_REQUEST', () =>
    sdk.confirmIdentityVerification({ identityVerificationId: id, otp: '12ab' }),
  );
  await raises(GetIdentityVerificationError, 'INVALID_REQUEST', () => sdk.getIdentityVerification(bad));
  for (const [field, body] of [
    ['page.size', { page: { size: 101 } }],
    ['page.size', { page: { size: 0 } }],
    ['page.number', { page: { number: -1 } }],
    ['sort.by', { sort: { by: 'NAME' } }],
    ['sort.order', { sort: { order: 'UP' } }],
    ['filter.statuses', { filter: { statuses: ['DONE'] } }],
    ['filter.carriers', { filter: { carriers: ['NTT'] } }],
    ['filter.pgProviders', { filter: { pgProviders: ['NOBODY'] } }],
    ['filter.pgCompanies', { filter: { pgCompanies: ['NOBODY'] } }],
    ['filter.timeRangeField', { filter: { timeRangeField: 'BORN_AT' } }],
    ['filter.version', { filter: { version: 'V3' } }],
    ['filter.customer.gender', { filter: { customer: { gender: 'X' } } }],
    ['filter.from', { filter: { from: 'yesterday' } }],
    ['filter.from', { filter: { from: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' } }],
  ]) {
    const data = await raises(GetIdentityVerificationsError, 'INVALID_REQUEST', () => sdk.getIdentityVerifications(body));
    assert.ok(data.message.includes(field), `${field} is named: ${data.message}`);
  }
});

test("CHANNEL_NOT_FOUND: an unknown channel, and another store's", async () => {
  await raises(SendIdentityVerificationError, 'CHANNEL_NOT_FOUND', () =>
    send(newId(), newPerson(), { channelKey: 'channel-key-ffffffff-ffff-4fff-8fff-ffffffffffff' }),
  );
  await raises(SendIdentityVerificationError, 'CHANNEL_NOT_FOUND', () =>
    send(newId(), newPerson(), {}, dev.sdk({ secret: SECRET_2 })),
  );
});

test('IDENTITY_VERIFICATION_NOT_FOUND: an id that nobody began, or that none can have', async () => {
  for (const none of ['not/an id', '본인인증', 'x'.repeat(500)]) {
    await raises(GetIdentityVerificationError, 'IDENTITY_VERIFICATION_NOT_FOUND', () =>
      sdk.getIdentityVerification({ identityVerificationId: none }),
    );
  }
  const one = { identityVerificationId: newId() };
  await raises(ResendIdentityVerificationError, 'IDENTITY_VERIFICATION_NOT_FOUND', () =>
    sdk.resendIdentityVerification(one),
  );
  await raises(ConfirmIdentityVerificationError, 'IDENTITY_VERIFICATION_NOT_FOUND', () =>
    sdk.confirmIdentityVerification({ ...one, otp: '123456' }),
  );
  await raises(GetIdentityVerificationError, 'IDENTITY_VERIFICATION_NOT_FOUND', () => sdk.getIdentityVerification(one));
});

test('IDENTITY_VERIFICATION_NOT_SENT: an id whose try is over', async () => {
  const one = { identityVerificationId: (await failed()).id };
  await raises(ResendIdentityVerificationError, 'IDENTITY_VERIFICATION_NOT_SENT', () =>
    sdk.resendIdentityVerification(one),
  );
  await raises(ConfirmIdentityVerificationError, 'IDENTITY_VERIFICATION_NOT_SENT', () =>
    sdk.confirmIdentityVerification({ ...one, otp: '123456' }),
  );
});

test('IDENTITY_VERIFICATION_ALREADY_SENT: a try is still open', async () => {
  const { id, person } = await sent();
  await raises(SendIdentityVerificationError, 'IDENTITY_VERIFICATION_ALREADY_SENT', () => send(id, person));
});

test('IDENTITY_VERIFICATION_ALREADY_VERIFIED: a success is final', async () => {
  const { id, person } = await verified();
  const one = { identityVerificationId: id };
  await raises(SendIdentityVerificationError, 'IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => send(id, person));
  await raises(ResendIdentityVerificationError, 'IDENTITY_VERIFICATION_ALREADY_VERIFIED', () =>
    sdk.resendIdentityVerification(one),
  );
  await raises(ConfirmIdentityVerificationError, 'IDENTITY_VERIFICATION_ALREADY_VERIFIED', () =>
    sdk.confirmIdentityVerification({ ...one, otp: '123456' }),
  );
});

test('MAX_TRANSACTION_COUNT_REACHED: an id may be tried ten times', async () => {
  const id = newId();
  await dev.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01', count: 10 });
  for (let i = 0; i < 10; i += 1) {
    await raises(SendIdentityVerificationError, 'PG_PROVIDER', () => send(id));
  }
  await raises(SendIdentityVerificationError, 'MAX_TRANSACTION_COUNT_REACHED', () => send(id));
});

test("PG_PROVIDER: KCP's code and message are passed on", async () => {
  await dev.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01' });
  const refused = await raises(SendIdentityVerificationError, 'PG_PROVIDER', () => send(newId()));
  assert.equal(refused.pgCode, 'SB01');
  assert.ok(refused.pgMessage.length > 0);

  const { id, person } = await sent();
  const one = { identityVerificationId: id };
  await dev.sandbox.fault({ endpoint: 'hub:2200', kind: 'resCd', value: 'SB94' });
  const unsent = await raises(ResendIdentityVerificationError, 'PG_PROVIDER', () => sdk.resendIdentityVerification(one));
  assert.equal(unsent.pgCode, 'SB94');

  const otp = anotherNumber(await dev.sandbox.otp(person.phone));
  const wrong = await raises(ConfirmIdentityVerificationError, 'PG_PROVIDER', () =>
    sdk.confirmIdentityVerification({ ...one, otp }),
  );
  assert.equal(wrong.pgCode, 'SB11');
});

test('login and refresh raise theirs', async () => {
  const auth = PortOneClient({ secret: SECRET, baseUrl: dev.gateway }).auth;
  await raises(LoginViaApiSecretError, 'UNAUTHORIZED', () => auth.loginViaApiSecret({ apiSecret: 'no-such-secret' }));
  await raises(LoginViaApiSecretError, 'INVALID_REQUEST', () => auth.loginViaApiSecret({}));
  await raises(RefreshTokenError, 'UNAUTHORIZED', () => auth.refreshToken({ refreshToken: 'no-such-token' }));
  await raises(RefreshTokenError, 'INVALID_REQUEST', () => auth.refreshToken({}));
});

test('every type that the document names for a call was raised, or cannot occur for a stated reason', () => {
  // Limits and outages are not classes of the SDK's; limits.test.mjs and malformed.test.mjs see to them.
  const beyond = new Set(['TOO_MANY_REQUESTS', 'SERVICE_UNAVAILABLE', 'PAYLOAD_TOO_LARGE', 'NOT_FOUND', 'INTERNAL']);
  const named = new Set();
  const schemas = dev.contract.document.components.schemas;
  for (const operation of Object.values(OPERATION)) {
    const prefix = operation[0].toUpperCase() + operation.slice(1);
    const union = schemas[`${prefix}Error`];
    assert.ok(union, `the document has ${prefix}Error`);
    for (const type of Object.keys(union.discriminator.mapping)) {
      if (!beyond.has(type)) named.add(`${operation} ${type}`);
    }
  }
  assert.deepEqual([...raised, ...Object.keys(CANNOT_OCCUR)].sort(), [...named].sort());
  for (const call of raised) {
    const [operation, type] = call.split(' ');
    const held = [...dev.contract.seen].some((seen) => seen.startsWith(`${operation} `) && seen.endsWith(` ${type}`));
    assert.ok(held, `${call} was held to the document`);
  }
  for (const [call, reason] of Object.entries(CANNOT_OCCUR)) {
    assert.ok(!raised.has(call), `${call} was raised, though ${reason}`);
  }
});
