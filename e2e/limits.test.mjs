// The limits against harm: each is 429 with `Retry-After` and a type, and keeps out no more than it should.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { newId, newPerson, sending } from './harness/people.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { sleep } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

let serve;
before(async () => {
  serve = await Serve.setUp();
});
afterEach(() => serve.stopGateway());
after(() => serve?.stop());

async function call(method, path, body, headers = {}) {
  const response = await fetch(new URL(path, serve.gateway), {
    method,
    headers: { authorization: `PortOne ${serve.secret}`, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, retryAfter: response.headers.get('retry-after'), ...(await response.json()) };
}

function send(person, id = newId(), extra = {}) {
  const body = sending(person, { channelKey: serve.channel, operator: 'KT', customer: extra });
  return call('POST', `/identity-verifications/${id}/send`, body);
}

const resend = (id) => call('POST', `/identity-verifications/${id}/resend`);
const confirm = (id, otp) => call('POST', `/identity-verifications/${id}/confirm`, { otp });
const list = (headers) => call('GET', '/identity-verifications', undefined, headers);

function assertLimited(answer, { atMost = 3600 } = {}) {
  assert.equal(answer.status, 429, JSON.stringify(answer));
  assert.equal(answer.type, 'TOO_MANY_REQUESTS');
  assert.match(answer.retryAfter ?? '', /^\d+$/);
  assert.ok(Number(answer.retryAfter) >= 1 && Number(answer.retryAfter) <= atMost, answer.retryAfter);
}

test("a customer's requests, by ipAddress", async () => {
  await serve.start({ env: { BONIN_LIMIT_CUSTOMER: '3/1m' } });
  const ipAddress = '203.0.113.7';
  for (let i = 0; i < 3; i += 1) assert.equal((await send(newPerson(), newId(), { ipAddress })).status, 200);
  const person = newPerson();
  const limited = await send(person, newId(), { ipAddress });
  assertLimited(limited, { atMost: 60 });
  assert.match(limited.message, /ipAddress/);
  assert.deepEqual(await serve.sandbox.messages(person.phone), [], 'KCP was not asked');
  assert.equal((await send(person, newId(), { ipAddress: '203.0.113.8' })).status, 200);
});

test("a secret's requests", async () => {
  const other = (await serve.addSecret()).secret;
  await serve.start({ env: { BONIN_LIMIT_SECRET: '5/1m' } });
  for (let i = 0; i < 5; i += 1) assert.equal((await list()).status, 200);
  assertLimited(await list(), { atMost: 60 });
  assert.equal((await list({ authorization: `PortOne ${other}` })).status, 200);
});

test('messages to one phone, whatever the id, the address and the call', async () => {
  await serve.start({ env: { BONIN_LIMIT_PHONE_MESSAGES: '3/1h' } });
  const person = newPerson();
  const first = newId();
  const from = (last) => ({ ipAddress: `198.51.100.${last}` });
  assert.equal((await send(person, first, from(1))).status, 200);
  assert.equal((await resend(first)).status, 200);
  assert.equal((await send(person, newId(), from(2))).status, 200);
  const limited = await send(person, newId(), from(3));
  assertLimited(limited);
  assert.match(limited.message, /phoneNumber|번호/);
  assertLimited(await resend(first));
  assert.equal((await serve.sandbox.messages(person.phone)).length, 3);
  assert.equal((await send(newPerson(), newId(), from(4))).status, 200);

  // It is counted in the database: another process knows it too.
  await serve.stopGateway();
  await serve.start({ env: { BONIN_LIMIT_PHONE_MESSAGES: '3/1h' } });
  assertLimited(await send(person, newId(), from(5)));
  // The try that was open is open still.
  const otp = (await serve.sandbox.messages(person.phone)).find(({ text }) => text).otp;
  assert.ok([200, 502].includes((await confirm(first, otp)).status));
});

test('resends of a try', async () => {
  await serve.start({ env: { BONIN_MAX_RESENDS: '2' } });
  const [id, person] = [newId(), newPerson()];
  assert.equal((await send(person, id)).status, 200);
  for (let i = 0; i < 2; i += 1) assert.equal((await resend(id)).status, 200);
  assertLimited(await resend(id));
  const otp = await serve.sandbox.otp(person.phone, 3);
  assert.equal((await confirm(id, otp)).status, 200);
});

test('wrong numbers of a try', async () => {
  await serve.start({ env: { BONIN_MAX_WRONG_NUMBERS: '3' } });
  const [id, person] = [newId(), newPerson()];
  assert.equal((await send(person, id)).status, 200);
  const otp = await serve.sandbox.otp(person.phone);
  for (let i = 0; i < 3; i += 1) assert.equal((await confirm(id, anotherNumber(otp))).type, 'PG_PROVIDER');
  assertLimited(await confirm(id, otp));
  assert.equal((await send(person, id)).status, 200, 'a new try is free');
});

test('tries of an id', async () => {
  await serve.start({ env: { BONIN_MAX_TRIES: '2' } });
  const id = newId();
  await serve.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01', count: 2 });
  for (let i = 0; i < 2; i += 1) assert.equal((await send(newPerson(), id)).type, 'PG_PROVIDER');
  assert.equal((await send(newPerson(), id)).type, 'MAX_TRANSACTION_COUNT_REACHED');
});

test('wrong secrets, by the address they come from', async () => {
  await serve.start({ env: { BONIN_LIMIT_FAILED_LOGIN: '3/1m' } });
  const wrong = { authorization: 'PortOne no-such-secret' };
  // Without a trusted proxy nobody chooses the address that is counted.
  for (let i = 0; i < 3; i += 1) assert.equal((await list({ ...wrong, 'x-forwarded-for': `192.0.2.${i}` })).status, 401);
  assertLimited(await list({ ...wrong, 'x-forwarded-for': '192.0.2.9' }), { atMost: 60 });
  assert.equal((await list()).status, 200, 'whoever has a good secret is let in');
});

test('behind a trusted proxy the address is the one that the proxy saw', async () => {
  await serve.start({ env: { BONIN_LIMIT_FAILED_LOGIN: '2/1m', BONIN_TRUSTED_HOPS: '1' } });
  const wrong = { authorization: 'PortOne no-such-secret' };
  const from = (address) => list({ ...wrong, 'x-forwarded-for': address });
  for (let i = 0; i < 2; i += 1) assert.equal((await from(`6.6.6.${i}, 192.0.2.1`)).status, 401);
  assertLimited(await from('6.6.6.9, 192.0.2.1'), { atMost: 60 });
  assert.equal((await from('192.0.2.1, 192.0.2.2')).status, 401);
});

test('a refresh token is not used up by an answer that says to come back', async () => {
  await serve.start({ env: { BONIN_LIMIT_SECRET: '2/3s' } });
  const post = (path, body) => call('POST', path, body, { authorization: '' });
  const { refreshToken } = await post('/login/api-secret', { apiSecret: serve.secret });
  await list();
  assertLimited(await post('/token/refresh', { refreshToken }), { atMost: 3 });
  await sleep(3500);
  assert.equal((await post('/token/refresh', { refreshToken })).status, 200);
});
