// The official JavaScript SDK, unmodified, verifies persons: both methods, all six operators. Every answer it gets is held to the
// gateway's own OpenAPI document.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CHANNEL, CHANNEL_HUB_ONLY, Dev, STORE } from './harness/dev.mjs';
import { customerOf, newId, newPerson, OPERATORS, sending } from './harness/people.mjs';

let dev;
before(async () => {
  dev = await Dev.start();
});
after(() => dev?.stop());

/** A person whom the sandbox knows, with the PASS app on a phone of this operator. */
async function knownPerson(operator, options) {
  const person = newPerson(options);
  await dev.sandbox.addPerson({
    name: person.name,
    phone: person.phone,
    birthDate: person.birthDate,
    gender: person.gender,
    isForeigner: person.isForeigner,
    operator,
    pass: true,
  });
  return person;
}

function assertVerified(verification, { id, person, operator }) {
  assert.equal(verification.status, 'VERIFIED');
  assert.equal(verification.id, id);
  assert.equal(verification.version, 'V2');
  const { ci, di, ...customer } = verification.verifiedCustomer;
  assert.deepEqual(customer, {
    id: `customer-${person.phone}`,
    name: person.name,
    operator,
    phoneNumber: person.phone,
    birthDate: person.birthDate,
    gender: person.gender,
    isForeigner: person.isForeigner,
  });
  assert.equal(ci.length, 88);
  assert.equal(Buffer.from(ci, 'base64').length, 64);
  assert.equal(di.length, 64);
  assert.equal(verification.customData, '{"cart":"장바구니"}');
  const { id: channelId, name, ...channel } = verification.channel;
  assert.deepEqual(channel, { type: 'TEST', key: CHANNEL, pgProvider: 'KCP_V2', pgMerchantId: 'AO7F3' });
  assert.equal(typeof channelId, 'string');
  assert.equal(typeof name, 'string');
  const raw = JSON.parse(verification.pgRawResponse);
  assert.equal(raw.res_cd, '0000');
  assert.equal(raw.per_cert_no, verification.pgTxId);
  for (const at of ['requestedAt', 'updatedAt', 'statusChangedAt', 'verifiedAt']) {
    assert.match(verification[at], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, at);
  }
  assert.ok(Date.parse(verification.requestedAt) <= Date.parse(verification.verifiedAt));
  assert.equal(verification.statusChangedAt, verification.verifiedAt);
}

function request(id, person, operator, method, extra = {}) {
  return {
    identityVerificationId: id,
    ...sending(person, { channelKey: CHANNEL, operator, method, customer: { id: `customer-${person.phone}` }, customData: '{"cart":"장바구니"}' }),
    ...extra,
  };
}

for (const storeId of [undefined, STORE]) {
  describe(storeId ? 'with storeId' : 'without storeId', () => {
    for (const operator of OPERATORS) {
      test(`an SMS verifies a customer of ${operator}`, async () => {
        const sdk = dev.sdk({ storeId });
        const [id, person] = [newId(), await knownPerson(operator)];

        assert.deepEqual(await sdk.sendIdentityVerification(request(id, person, operator, 'SMS')), {});
        const ready = await sdk.getIdentityVerification({ identityVerificationId: id, storeId });
        assert.equal(ready.status, 'READY');
        assert.deepEqual(ready.requestedCustomer, {
          id: `customer-${person.phone}`,
          name: person.name,
          phoneNumber: person.phone,
          birthYear: person.birthYear,
          birthMonth: person.birthMonth,
          birthDay: person.birthDay,
        });

        const otp = await dev.sandbox.otp(person.phone);
        assert.match(otp, /^\d{6}$/);
        const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
        assertVerified(identityVerification, { id, person, operator });
        assert.deepEqual(
          await sdk.getIdentityVerification({ identityVerificationId: id, storeId }),
          identityVerification,
        );
      });

      test(`the PASS app verifies a customer of ${operator}`, async () => {
        const sdk = dev.sdk({ storeId });
        const [id, person] = [newId(), await knownPerson(operator)];

        assert.deepEqual(await sdk.sendIdentityVerification(request(id, person, operator, 'APP')), {});
        await dev.sandbox.approve(person.phone);
        const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId: id });
        assertVerified(identityVerification, { id, person, operator });
      });

      test(`the PASS app verifies a customer of ${operator} without a resident number`, async () => {
        const sdk = dev.sdk({ storeId });
        const [id, person] = [newId(), await knownPerson(operator, { gender: 'FEMALE', isForeigner: true })];
        const { identityNumber, ...customer } = customerOf(person, { id: `customer-${person.phone}` });
        assert.equal(identityNumber.length, 7);

        await sdk.sendIdentityVerification(request(id, person, operator, 'APP', { customer }));
        await dev.sandbox.approve(person.phone);
        const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId: id });
        // What was not asked comes from KCP's answer to the push.
        assertVerified(identityVerification, { id, person, operator });
      });
    }

    test('a message that was sent again brings the number that counts', async () => {
      const sdk = dev.sdk({ storeId });
      const [id, person] = [newId(), await knownPerson('LGU')];
      await sdk.sendIdentityVerification(request(id, person, 'LGU', 'SMS'));
      assert.deepEqual(await sdk.resendIdentityVerification({ identityVerificationId: id, storeId }), {});
      const otp = await dev.sandbox.otp(person.phone, 2);
      const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
      assertVerified(identityVerification, { id, person, operator: 'LGU' });
    });
  });
}

describe('what may be sent along', () => {
  test('bypass is taken as an object, as text, under either name', async () => {
    for (const bypass of [
      { kcpV2: { media_type: 'MC02' } },
      { kcp_v2: { media_type: 'MC02' } },
      JSON.stringify({ kcpV2: { media_type: 'MC02' } }),
      JSON.stringify({ kcp_v2: { media_type: 'MC01' } }),
    ]) {
      const person = await knownPerson('SKT');
      await dev.sdk().sendIdentityVerification(request(newId(), person, 'SKT', 'SMS', { bypass }));
      assert.match(await dev.sandbox.otp(person.phone), /^\d{6}$/);
    }
  });

  test("the merchant's own text and number are what the phone shows", async () => {
    for (const operator of OPERATORS) {
      const person = await knownPerson(operator);
      const bypass = {
        kcpV2: { media_type: 'MC01', cp_sms_msg: '[본인상점] 인증번호는 [000000]입니다', cp_callback: '02-1670-5176' },
      };
      await dev.sdk().sendIdentityVerification(request(newId(), person, operator, 'SMS', { bypass }));
      const message = await dev.sandbox.message(person.phone);
      assert.equal(message.text, `[본인상점] 인증번호는 ${message.otp}입니다`);
      assert.equal(message.from, '02-1670-5176');
      assert.equal(message.to, person.phone);
    }
  });

  test('web_siteid chooses whose DI it is, and CI stays the same', async () => {
    const person = await knownPerson('KT');
    const verified = async (kcp) => {
      const id = newId();
      const before = (await dev.sandbox.messages(person.phone)).length;
      const bypass = { kcpV2: { media_type: 'MC01', ...kcp } };
      await dev.sdk().sendIdentityVerification(request(id, person, 'KT', 'SMS', { bypass }));
      const otp = await dev.sandbox.otp(person.phone, before + 1);
      const answer = await dev.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
      return answer.identityVerification.verifiedCustomer;
    };
    const own = await verified({});
    const again = await verified({});
    const other = await verified({ web_siteid: 'J01234567890' });
    assert.equal(again.di, own.di);
    assert.notEqual(other.di, own.di);
    assert.equal(other.ci, own.ci);
    assert.equal(again.ci, own.ci);
  });

  test('a channel with hub credentials alone is enough', async () => {
    const [id, person] = [newId(), await knownPerson('KT')];
    await dev.sdk().sendIdentityVerification(request(id, person, 'KT', 'SMS', { channelKey: CHANNEL_HUB_ONLY }));
    const otp = await dev.sandbox.otp(person.phone);
    const { identityVerification } = await dev.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
    assert.equal(identityVerification.channel.key, CHANNEL_HUB_ONLY);
  });

  test('unknown fields are ignored and null reads as absent', async () => {
    const [id, person] = [newId(), await knownPerson('SKT')];
    await dev.sdk().sendIdentityVerification(
      request(id, person, 'SKT', 'SMS', {
        customer: customerOf(person, { id: null, email: 'nobody@example.com' }),
        customData: null,
        bypass: { kcpV2: { media_type: 'MC01', web_siteid: null, something: 'else' }, danal: {} },
      }),
    );
    const ready = await dev.sdk().getIdentityVerification({ identityVerificationId: id });
    assert.equal('customData' in ready, false);
    assert.equal('id' in ready.requestedCustomer, false);
  });

  test("a merchant whose contract gives no CI verifies without one", async () => {
    const [id, person] = [newId(), await knownPerson('KT')];
    await dev.sandbox.call('PUT', '/sandbox/merchants/AO7F3', { providesCi: false });
    try {
      await dev.sdk().sendIdentityVerification(request(id, person, 'KT', 'SMS'));
      const otp = await dev.sandbox.otp(person.phone);
      const { identityVerification } = await dev.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
      assert.equal('ci' in identityVerification.verifiedCustomer, false);
      assert.equal(identityVerification.verifiedCustomer.di.length, 64);
    } finally {
      await dev.sandbox.call('PUT', '/sandbox/merchants/AO7F3', { providesCi: true });
    }
  });
});
