// Nobody is verified by an answer of KCP's that is not whole, or not about this try: it is INVALID_RESPONSE, and the try stands as
// if no answer had come.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { customerOf, newId, newPerson } from './harness/people.mjs';
import { Serve } from './harness/serve.mjs';
import { fails, failsAtKcp } from './harness/story.mjs';
import { Tap } from './harness/tap.mjs';

let serve;
let tap;
before(async () => {
  serve = await Serve.setUp({ hub: async (address) => (tap = await Tap.to(address)).address });
  await serve.start();
});
after(async () => {
  await serve?.stop();
  await tap?.stop();
});
afterEach(() => {
  tap.alter = {};
});

async function begin(operator, method, { withNumber = true } = {}) {
  const [id, person] = [newId(), newPerson()];
  const { name, phone, birthDate, gender, isForeigner } = person;
  await serve.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
  const customer = customerOf(person);
  if (!withNumber) delete customer.identityNumber;
  const send = () =>
    serve.sdk().sendIdentityVerification({
      identityVerificationId: id,
      channelKey: serve.channel,
      customer,
      bypass: { kcpV2: { media_type: 'MC01' } },
      operator,
      method,
    });
  const confirm = async () => {
    if (method === 'APP') await serve.sandbox.approve(phone);
    const otp = method === 'SMS' ? await serve.sandbox.otp(phone) : undefined;
    return (await serve.sdk().confirmIdentityVerification({ identityVerificationId: id, otp })).identityVerification;
  };
  const get = () => serve.sdk().getIdentityVerification({ identityVerificationId: id });
  const told = async () =>
    (await serve.timeline(id)).map(({ kind, call, code }) => (kind === 'asked_pg' ? `${call} ${code}` : kind));
  return { id, person, send, confirm, get, told };
}

const set = (fields) => (answer) => ({ ...answer, ...fields });
const without =
  (...names) =>
  (answer) =>
    Object.fromEntries(Object.entries(answer).filter(([name]) => !names.includes(name)));

const NOT_WHOLE = {
  'another phone': set({ phone_no: '01000000000' }),
  'no phone': without('phone_no'),
  'another operator': set({ comm_id: 'LGM' }),
  'an operator that is none': set({ comm_id: 'NTT' }),
  'another certification': set({ per_cert_no: '99999999999999' }),
  'no certification': without('per_cert_no'),
  'no DI': without('DI', 'DI_URL'),
  'an empty DI': set({ DI: '', DI_URL: '' }),
  'a DI that is too short': (answer) => ({ ...answer, DI: answer.DI.slice(1), DI_URL: '' }),
  'a CI that is too short': (answer) => ({ ...answer, CI: answer.CI.slice(4), CI_URL: '' }),
  'a CI that is no base64': (answer) => ({ ...answer, CI: `!${answer.CI.slice(1)}`, CI_URL: '' }),
  'no code': without('res_cd'),
  'a code that is no text': set({ res_cd: 0 }),
  'a code beyond all codes': set({ res_cd: '0'.repeat(5000) }),
  'a list': () => '[]',
  'half an answer': (answer) => JSON.stringify(answer).slice(0, -10),
  'a page of HTML': () => '<html><body>점검 중입니다</body></html>',
  'a megabyte': (answer) => JSON.stringify({ ...answer, padding: 'x'.repeat(1 << 20) }),
};

for (const [call, method] of [['2300', 'SMS'], ['2600', 'APP']]) {
  describe(`${call} answers with`, () => {
    for (const [what, alter] of Object.entries(NOT_WHOLE)) {
      test(`${what} → INVALID_RESPONSE, open`, async () => {
        const { send, confirm, get, told } = await begin('KT', method);
        await send();
        tap.alter = { [call]: alter };
        await failsAtKcp('INVALID_RESPONSE', confirm);
        const after = await get();
        assert.equal(after.status, 'READY');
        assert.ok(!JSON.stringify(after).includes('"ci"'));
        assert.deepEqual((await told()).slice(-2), [`${call} INVALID_RESPONSE`, 'stayed_open']);
      });
    }

    test('what is whole → VERIFIED', async () => {
      const { send, confirm } = await begin('KT', method);
      await send();
      tap.alter = { [call]: (answer) => ({ ...answer, something: 'new' }) };
      assert.equal((await confirm()).status, 'VERIFIED');
    });
  });
}

describe('2500 answers with', () => {
  for (const [what, alter] of Object.entries({
    'another phone': NOT_WHOLE['another phone'],
    'another operator': NOT_WHOLE['another operator'],
    'no certification': NOT_WHOLE['no certification'],
    'no birth date': without('birth_day'),
    'a birth date that is none': set({ birth_day: '19901331' }),
    'a sex that is none': set({ sex_code: '03' }),
    'no sex': without('sex_code'),
    'a nationality that is none': set({ local_code: '99' }),
    'no nationality': without('local_code'),
  })) {
    test(`${what}, of which nothing else tells → nobody is verified`, async () => {
      const { send, confirm, get } = await begin('KT', 'APP', { withNumber: false });
      tap.alter = { 2500: alter };
      const failed = await send().then(
        () => undefined,
        (error) => error.data,
      );
      if (failed) assert.equal(failed.pgCode, 'INVALID_RESPONSE');
      else await failsAtKcp('INVALID_RESPONSE', confirm);
      assert.notEqual((await get()).status, 'VERIFIED');
    });
  }
});

describe('2100 answers with', () => {
  for (const [what, alter] of Object.entries({
    'no certification': without('per_cert_no'),
    'an empty certification': set({ per_cert_no: '' }),
  })) {
    test(`${what} → nobody is verified, the id is free`, async () => {
      const { send, get } = await begin('KT', 'SMS');
      tap.alter = { 2100: alter };
      await fails('PG_PROVIDER', send);
      assert.equal((await get()).status, 'FAILED');
      tap.alter = {};
      await send();
      assert.equal((await get()).status, 'READY');
    });
  }
});
