// A full run at the most talkative level: no name, phone number, birth date, CI, DI, OTP or secret in the database files or in the
// logs, in any dress. A canary planted in each place shows that the search would have found it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ON_POSTGRES } from './harness/database.mjs';
import { customerOf, newId, newPerson, OPERATORS, sending } from './harness/people.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { search } from './harness/search.mjs';
import { Serve } from './harness/serve.mjs';

const CANARY_IN_DATABASE = 'canary-a-store-is-named-in-the-clear';
const CANARY_IN_LOG = 'cafebabe-0000-4000-8000-decafbadf00d'; // a request's id is logged, and may be chosen by the caller
const NAME = '남궁비밀';
const CUSTOMER_ID = 'customer-hidden-7f3a';
const CUSTOM_DATA = '{"note":"숨은쪽지-8b1d"}';
const MESSAGE = '[비밀상점] 번호는 [000000] 입니다';

let serve;
/** What must not be found, by name. */
const hidden = {};

before(async () => {
  serve = await Serve.setUp({ storeName: CANARY_IN_DATABASE, sandboxEnv: { BONIN_LOG: 'trace' } });
  await serve.start({ env: { BONIN_LOG: 'trace' } });
});
after(() => serve?.stop());

function hide(name, value) {
  assert.ok(value, name);
  hidden[name] = value;
}

async function verify(person, operator, method, label) {
  const sdk = serve.sdk();
  const id = newId();
  await serve.sandbox.addPerson({
    name: person.name,
    phone: person.phone,
    birthDate: person.birthDate,
    gender: person.gender,
    isForeigner: person.isForeigner,
    operator,
    pass: true,
  });
  await sdk.sendIdentityVerification({
    identityVerificationId: id,
    channelKey: serve.channel,
    customer: customerOf(person, { id: CUSTOMER_ID }),
    customData: CUSTOM_DATA,
    bypass: { kcpV2: { media_type: 'MC01', cp_sms_msg: MESSAGE } },
    operator,
    method,
  });
  let otp;
  if (method === 'SMS') {
    await sdk.resendIdentityVerification({ identityVerificationId: id });
    otp = await serve.sandbox.otp(person.phone, 2);
    const wrong = anotherNumber(otp);
    await assert.rejects(sdk.confirmIdentityVerification({ identityVerificationId: id, otp: wrong }));
    for (const { otp: sent } of await serve.sandbox.messages(person.phone)) hide(`OTP ${sent} (${label})`, sent);
  } else {
    await serve.sandbox.approve(person.phone);
  }
  const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
  const { ci, di } = identityVerification.verifiedCustomer;
  hide(`CI (${label})`, ci);
  hide(`DI (${label})`, di);
  hide(`phone (${label})`, person.phone);
  hide(`phone without its zero (${label})`, person.phone.slice(1));
  hide(`birth date (${label})`, person.birthDate);
  hide(`birth date as KCP writes it (${label})`, person.birthDate.replaceAll('-', ''));
  hide(`resident number (${label})`, person.identityNumber);
  hide(`customer's address (${label})`, person.ipAddress);
  return id;
}

/** The list by what is known of a person: the filter stands in the query. */
async function list(person, accessToken) {
  const filter = { customer: { name: person.name, phoneNumber: person.phone, birthYear: person.birthYear } };
  const { page } = await serve.sdk().getIdentityVerifications({ filter });
  assert.equal(page.totalCount, 1);
  const url = new URL('/identity-verifications', serve.gateway);
  url.searchParams.set('requestBody', JSON.stringify({ filter }));
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${accessToken}`, 'x-request-id': CANARY_IN_LOG },
  });
  assert.equal(response.status, 200);
}

/** Every way in which something personal or secret can come to the gateway and go wrong there. */
async function fullRun() {
  hide('name', NAME);
  hide('customer id', CUSTOMER_ID);
  hide('custom data', '숨은쪽지-8b1d');
  hide('text of the message', '비밀상점');
  hide('API secret', serve.secret);
  hide('key', serve.key);
  hide('private key password', serve.credentials.privateKeyPassword);
  hide('private key', serve.credentials.privateKeyPem.split('\n')[3]);

  const post = async (path, body, authorization) => {
    const response = await fetch(new URL(path, serve.gateway), {
      method: 'POST',
      headers: authorization ? { authorization } : {},
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return response.json();
  };
  const tokens = await post('/login/api-secret', { apiSecret: serve.secret });
  hide('access token', tokens.accessToken);
  hide('refresh token', tokens.refreshToken);
  const next = await post('/token/refresh', { refreshToken: tokens.refreshToken });
  hide('second refresh token', next.refreshToken);
  hide('wrong secret', 'wrong-secret-but-perhaps-of-another-store');
  await post('/login/api-secret', { apiSecret: 'wrong-secret-but-perhaps-of-another-store' });

  let last;
  for (const operator of OPERATORS) {
    for (const method of ['SMS', 'APP']) {
      last = { ...newPerson(), name: NAME };
      await verify(last, operator, method, `${operator} ${method}`);
      await list(last, next.accessToken);
    }
  }

  // What goes wrong is what tempts to be logged.
  for (const [kind, value] of [['resCd', 'SB01'], ['garbage'], ['http', 500], ['drop']]) {
    await serve.sandbox.fault({ endpoint: 'hub:2100', kind, value });
    const person = { ...newPerson(), name: NAME };
    hide(`phone (${kind})`, person.phone);
    await assert.rejects(
      serve.sdk().sendIdentityVerification({
        identityVerificationId: newId(),
        ...sending(person, { channelKey: serve.channel, operator: 'KT' }),
      }),
    );
  }
  const authorization = `PortOne ${serve.secret}`;
  for (const body of [
    `{"customer": {"name": "${NAME}", "phoneNumber": 1`,
    { customer: { name: `${NAME}\u0000`, phoneNumber: last.phone, identityNumber: last.identityNumber } },
    { channelKey: serve.channel, operator: NAME, method: last.phone, customer: { name: NAME } },
    { otp: `${last.phone}` },
  ]) {
    await post(`/identity-verifications/${newId()}/send`, body, authorization);
    await post(`/identity-verifications/${newId()}/confirm`, body, authorization);
  }
  await fetch(new URL(`/nothing/${encodeURIComponent(NAME)}?phone=${last.phone}`, serve.gateway));
}

test('nothing personal and nothing secret is in the database or in the log', async () => {
  await fullRun();
  const database = await serve.database.files();
  const names = Object.keys(database);
  for (const suffix of ON_POSTGRES ? ['of PostgreSQL'] : ['.db', '.db-wal']) {
    assert.ok(names.some((name) => name.endsWith(suffix)), `a file ${suffix} is among ${names}`);
  }
  if (ON_POSTGRES) hide("the database's password", serve.database.password);
  await serve.stopGateway();
  const stopped = Object.entries(await serve.database.files()).map(([name, bytes]) => [`${name}, stopped`, bytes]);
  const log = Buffer.from(serve.program.stdout + serve.program.stderr, 'utf8');
  assert.match(log.toString('utf8'), /TRACE|trace/, 'the log is as talkative as it gets');

  await serve.sandboxProgram.stop();
  const sandboxLog = Buffer.from(serve.sandboxProgram.stdout + serve.sandboxProgram.stderr, 'utf8');
  assert.match(sandboxLog.toString('utf8'), /DEBUG|TRACE/);

  const places = { ...database, ...Object.fromEntries(stopped), log, 'log of the sandbox': sandboxLog };
  assert.ok(Object.keys(hidden).length > 80, 'much was looked for');
  assert.deepEqual(search(hidden, places), []);

  const canaries = search({ database: CANARY_IN_DATABASE, log: CANARY_IN_LOG }, places);
  assert.ok(
    canaries.some((found) => /^database in .*(\.db(-wal)?|of PostgreSQL), raw$/.test(found)),
    `the canary in the database is found: ${canaries}`,
  );
  assert.ok(canaries.includes('log in log, raw'), `the canary in the log is found: ${canaries}`);
});
