// Bearer tokens: made from a secret, good for a while, refreshed once, dead with their secret.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Dev, SECRET, SECRET_2, STORE_2 } from './harness/dev.mjs';
import { newId } from './harness/people.mjs';

let dev;
before(async () => {
  dev = await Dev.start();
});
after(() => dev?.stop());

async function ask(path, body) {
  const response = await fetch(new URL(path, dev.gateway), { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
}

const login = (apiSecret = SECRET) => ask('/login/api-secret', { apiSecret });
const refresh = (refreshToken) => ask('/token/refresh', { refreshToken });

async function listWith(accessToken, query = '') {
  const url = new URL(`/identity-verifications${query}`, dev.gateway);
  const response = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } });
  return response.status;
}

const part = (token, index) => JSON.parse(Buffer.from(token.split('.')[index], 'base64url').toString('utf8'));

test('a token opens what its secret opens, and no more', async () => {
  const { status, accessToken } = await login();
  assert.equal(status, 200);
  assert.equal(await listWith(accessToken), 200);
  const other = `?requestBody=${encodeURIComponent(JSON.stringify({ filter: { storeId: STORE_2 } }))}`;
  assert.equal(await listWith(accessToken, other), 403);
  assert.equal(await listWith((await login(SECRET_2)).accessToken, other), 200);
});

test('a token says when it ends, and nothing about anybody', async () => {
  const { accessToken } = await login();
  const claims = part(accessToken, 1);
  assert.equal(claims.exp - claims.iat, 30 * 60);
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 60);
  assert.ok(!JSON.stringify(claims).includes(SECRET));
});

test('a token that was changed opens nothing', async () => {
  const { accessToken, refreshToken } = await login();
  const [head, claims, signature] = accessToken.split('.');
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const later = encode({ ...part(accessToken, 1), exp: part(accessToken, 1).exp + 3600 });
  const unsigned = encode({ ...part(accessToken, 0), alg: 'none' });
  for (const forged of [
    `${head}.${later}.${signature}`,
    `${unsigned}.${claims}.`,
    `${unsigned}.${claims}.${signature}`,
    `${head}.${claims}.${signature.slice(0, -2)}`,
    `${head}.${claims}`,
    refreshToken,
    SECRET,
    '',
    '.',
    '..',
    'x'.repeat(6000),
  ]) {
    assert.equal(await listWith(forged), 401, forged.slice(0, 40));
  }
  assert.equal(await listWith(accessToken), 200);
});

test('a refresh token is used once, and gives tokens that work', async () => {
  const first = await login();
  const second = await refresh(first.refreshToken);
  assert.equal(second.status, 200);
  assert.notEqual(second.accessToken, first.accessToken);
  assert.notEqual(second.refreshToken, first.refreshToken);
  assert.equal(await listWith(second.accessToken), 200);

  const again = await refresh(first.refreshToken);
  assert.deepEqual([again.status, again.type], [401, 'UNAUTHORIZED']);
  assert.equal((await refresh(second.refreshToken)).status, 200);
});

test('of many who use a refresh token at once, one gets tokens', async () => {
  const { refreshToken } = await login();
  const answers = await Promise.all(Array.from({ length: 30 }, () => refresh(refreshToken)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ status }) => status === 401).length, 29);
});

test('an access token is no refresh token', async () => {
  const { accessToken } = await login();
  assert.equal((await refresh(accessToken)).status, 401);
  assert.equal((await refresh(SECRET)).status, 401);
});

test('the scheme may be written in any case', async () => {
  const { accessToken } = await login();
  for (const authorization of [`bearer ${accessToken}`, `BEARER ${accessToken}`, `portone ${SECRET}`]) {
    const response = await fetch(new URL(`/identity-verifications/${newId()}`, dev.gateway), { headers: { authorization } });
    assert.equal(response.status, 404, authorization.split(' ')[0]);
  }
});
