// A hub client in another language, written from KCP's protocol alone, completes SMS and PASS against `bonin sandbox`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { selfSigned } from './harness/certificate.mjs';
import { succeed } from './harness/command.mjs';
import { newPerson, OPERATORS } from './harness/people.mjs';
import { startSandbox } from './harness/standalone.mjs';

const CLIENT = fileURLToPath(new URL('hub_client.py', import.meta.url));
const COMM_ID = { SKT: 'SKT', KT: 'KTF', LGU: 'LGT', SKT_MVNO: 'SKM', KT_MVNO: 'KTM', LGU_MVNO: 'LGM' };

let program;
let sandbox;
before(async () => {
  ({ program, sandbox } = await startSandbox());
});
after(() => program?.stop());

function asKcpWritesIt(person) {
  return {
    user_name: person.name,
    phone_no: person.phone,
    birth_day: person.birthDate.replaceAll('-', ''),
    sex_code: person.gender === 'MALE' ? '01' : '02',
    local_code: person.isForeigner ? '02' : '01',
  };
}

/** Lets the foreign client verify this person; gives `{verified, refused, calls}`. */
async function verify(person, operator, method, { credentials, ...extra } = {}) {
  const task = {
    hub: sandbox.address,
    credentials: credentials ?? (await sandbox.credentials()),
    person: asKcpWritesIt(person),
    operator,
    method,
    ...extra,
  };
  return JSON.parse(await succeed('python3', [CLIENT], { input: JSON.stringify(task) }));
}

async function knownPerson(operator) {
  const person = newPerson();
  const { name, phone, birthDate, gender, isForeigner } = person;
  await sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
  return person;
}

const calls = (outcome) => outcome.calls.map(({ tx_type: type }) => type);

function assertVerified(answer, person, operator) {
  assert.equal(answer.res_cd, '0000');
  assert.equal(answer.phone_no, person.phone);
  assert.equal(answer.comm_id, COMM_ID[operator]);
  assert.equal(answer.CI.length, 88);
  assert.equal(answer.DI.length, 64);
  assert.equal(decodeURIComponent(answer.CI_URL), answer.CI);
  assert.equal(decodeURIComponent(answer.DI_URL), answer.DI);
}

for (const operator of OPERATORS) {
  const virtual = ['KT_MVNO', 'LGU_MVNO'].includes(operator);
  const leavesWith2100 = ['SKT', 'KT'].includes(operator);

  test(`SMS for ${operator}, a wrong number first`, async () => {
    const person = await knownPerson(operator);
    const outcome = await verify(person, operator, 'SMS', { stumble: true });
    assert.ok(outcome.verified, JSON.stringify(outcome.refused));
    assertVerified(outcome.verified, person, operator);
    assert.deepEqual(calls(outcome), [
      ...(virtual ? ['2400'] : []),
      '2100',
      ...(leavesWith2100 ? [] : ['2200']),
      '2300',
      '2300',
    ]);
    const [message] = await sandbox.messages(person.phone);
    assert.equal(message.text, `[파이썬] 인증번호 ${message.otp}`);
  });

  test(`PASS for ${operator}, asked for too early first`, async () => {
    const person = await knownPerson(operator);
    const outcome = await verify(person, operator, 'APP', { stumble: true });
    assert.ok(outcome.verified, JSON.stringify(outcome.refused));
    assertVerified(outcome.verified, person, operator);
    assert.deepEqual(calls(outcome), [...(virtual ? ['2700'] : []), '2500', '2600', '2600']);
    const pushed = outcome.calls.find(({ tx_type: type }) => type === '2500').answer;
    const { birth_day, sex_code, local_code } = asKcpWritesIt(person);
    assert.deepEqual(
      [pushed.birth_day, pushed.sex_code, pushed.local_code],
      [birth_day, sex_code, local_code],
    );
    assert.equal('auth_tx_id' in pushed && pushed.auth_tx_id !== '', ['SKT', 'SKT_MVNO'].includes(operator));
  });
}

test('both ways lead to the same CI, and the next person has another', async () => {
  const [person, other] = [await knownPerson('KT'), await knownPerson('KT')];
  const bySms = await verify(person, 'KT', 'SMS');
  const byApp = await verify(person, 'KT', 'APP');
  const somebody = await verify(other, 'KT', 'SMS');
  assert.equal(byApp.verified.CI, bySms.verified.CI);
  assert.equal(byApp.verified.DI, bySms.verified.DI);
  assert.notEqual(somebody.verified.CI, bySms.verified.CI);
  assert.notEqual(somebody.verified.DI, bySms.verified.DI);
});

describe('what the sandbox refuses', () => {
  for (const [call, operator, method] of [
    ['2100', 'SKT', 'SMS'],
    ['2400', 'KT_MVNO', 'SMS'],
    ['2500', 'SKT', 'APP'],
    ['2700', 'LGU_MVNO', 'APP'],
  ]) {
    test(`${call} with a signed field changed on the way`, async () => {
      const person = await knownPerson(operator);
      const outcome = await verify(person, operator, method, { tamper: { [call]: { user_name: '나쁜놈' } } });
      assert.equal(outcome.refused?.res_cd, 'SB91');
      assert.equal(outcome.refused.tx_type, call);
      assert.deepEqual(await sandbox.messages(person.phone), []);
      assert.deepEqual(await sandbox.passRequests(person.phone), []);
    });
  }

  test('a signature that is none', async () => {
    const outcome = await verify(newPerson(), 'KT', 'SMS', { tamper: { 2100: { kcp_sign_data: 'AAAA' } } });
    assert.equal(outcome.refused?.res_cd, 'SB91');
  });

  test("a foreign certificate with its own good signature", async () => {
    const foreign = await selfSigned('AO7F3', { from: '20250101000000Z', until: '20490101000000Z' });
    const outcome = await verify(newPerson(), 'KT', 'SMS', { credentials: { siteCd: 'AO7F3', ...foreign } });
    assert.equal(outcome.refused?.res_cd, 'SB91');
  });

  test("the merchant's own certificate once it has expired, and not before", async () => {
    for (const [siteCd, until, expired] of [
      ['E0001', '20210101000000Z', true],
      ['E0002', '20490101000000Z', false],
    ]) {
      const own = await selfSigned(siteCd, { from: '20200101000000Z', until });
      await sandbox.addMerchant({
        siteCd,
        encKey: '0'.repeat(64),
        resultUrlHosts: [],
        providesCi: true,
        certificatePem: own.certificatePem,
      });
      const outcome = await verify(newPerson(), 'KT', 'SMS', { credentials: { siteCd, ...own } });
      assert.equal(outcome.refused?.res_cd, expired ? 'SB91' : undefined, siteCd);
    }
  });

  test('an unknown merchant', async () => {
    const credentials = { ...(await sandbox.credentials()), siteCd: 'ZZZZZ' };
    const outcome = await verify(newPerson(), 'KT', 'SMS', { credentials });
    assert.equal(outcome.refused?.res_cd, 'SB92');
  });

  test("a field against KCP's rules", async () => {
    for (const fields of [
      { cp_sms_msg: '인증번호' },
      { cp_callback: '070-1234-5678' },
      { media_type: 'MC09' },
      { web_siteid: 'J012345678901' },
      { comm_id: 'NTT' },
      { ordr_idxx: '' },
    ]) {
      const outcome = await verify(newPerson(), 'KT', 'SMS', { tamper: { 2100: fields } });
      assert.equal(outcome.refused?.res_cd, 'SB93', JSON.stringify(fields));
    }
  });

  test('calls out of order', async () => {
    const person = await knownPerson('KT');
    const outcome = await verify(person, 'KT', 'SMS', { tamper: { 2300: { per_cert_no: 'no-such-number' } } });
    assert.equal(outcome.refused?.res_cd, 'SB94');
  });
});
