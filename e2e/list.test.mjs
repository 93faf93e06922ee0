// The list, through the official SDK: pages, order and every filter. What each must find is computed from what was made.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CHANNEL, CHANNEL_HUB_ONLY, Dev, SECRET, SECRET_2, STORE, STORE_2 } from './harness/dev.mjs';
import { sleep } from './harness/program.mjs';
import { newId, newPerson, OPERATORS, sending } from './harness/people.mjs';

let dev;
let sdk;
/** Everything in the store, oldest request first: `{id, person, operator, channelKey, verification, txId}`. */
const made = [];

before(async () => {
  dev = await Dev.start();
  sdk = dev.sdk();
  // Two rounds over the operators; of each three one is verified, one failed and one left open, and verified later than
  // those that were asked after it, so that the orders differ.
  const open = [];
  for (let i = 0; i < 12; i += 1) {
    const [id, person, operator] = [newId(), newPerson(), OPERATORS[i % 6]];
    const channelKey = i % 4 === 0 ? CHANNEL_HUB_ONLY : CHANNEL;
    const failing = i % 3 === 1;
    if (failing) await dev.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01' });
    const call = sdk.sendIdentityVerification({ identityVerificationId: id, ...sending(person, { channelKey, operator }) });
    if (failing) await assert.rejects(call);
    else await call;
    const record = { id, person, operator, channelKey };
    made.push(record);
    if (i % 3 === 0) open.unshift(record);
    await sleep(3); // so that no two were asked for at the same millisecond
  }
  for (const { id, person } of open) {
    const otp = await dev.sandbox.otp(person.phone);
    await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
    await sleep(3);
  }
  for (const record of made) {
    record.verification = await sdk.getIdentityVerification({ identityVerificationId: record.id });
    record.txId = (await dev.timeline(record.id))[0].txId;
  }
});
after(() => dev?.stop());

const ids = (records) => records.map(({ id }) => id);
const status = (...wanted) => made.filter(({ verification }) => wanted.includes(verification.status));

/** What the list gives for this filter must be these, newest first. */
async function finds(filter, records) {
  const answer = await sdk.getIdentityVerifications({ page: { size: 100 }, filter });
  assert.deepEqual(
    answer.items.map(({ id }) => id),
    ids(records).reverse(),
    JSON.stringify(filter),
  );
  assert.equal(answer.page.totalCount, records.length);
}

test('what was made is a mixture', () => {
  assert.equal(status('VERIFIED').length, 4);
  assert.equal(status('FAILED').length, 4);
  assert.equal(status('READY').length, 4);
});

describe('pages', () => {
  test('ten from the newest on, if nothing is said', async () => {
    for (const body of [undefined, {}, { page: {} }, { page: { number: 0 } }]) {
      const { items, page } = await sdk.getIdentityVerifications(body);
      assert.deepEqual(items.map(({ id }) => id), ids(made).reverse().slice(0, 10));
      assert.deepEqual(page, { number: 0, size: 10, totalCount: 12 });
    }
  });

  test('all of them together are everything once', async () => {
    const seen = [];
    for (let number = 0; number < 3; number += 1) {
      const { items, page } = await sdk.getIdentityVerifications({ page: { number, size: 5 } });
      assert.deepEqual(page, { number, size: 5, totalCount: 12 });
      seen.push(...items.map(({ id }) => id));
    }
    assert.deepEqual(seen, ids(made).reverse());
  });

  test('past the end there is nothing', async () => {
    const { items, page } = await sdk.getIdentityVerifications({ page: { number: 7, size: 5 } });
    assert.deepEqual(items, []);
    assert.deepEqual(page, { number: 7, size: 5, totalCount: 12 });
  });

  test('the count is of what matches', async () => {
    const { items, page } = await sdk.getIdentityVerifications({ page: { size: 1 }, filter: { statuses: ['FAILED'] } });
    assert.equal(items.length, 1);
    assert.equal(page.totalCount, 4);
  });

  test('items are what getting one gives', async () => {
    const { items } = await sdk.getIdentityVerifications({ page: { size: 100 } });
    assert.deepEqual(items, made.map(({ verification }) => verification).reverse());
  });
});

describe('order', () => {
  for (const [by, statuses, field] of [
    ['REQUESTED_AT', ['READY', 'VERIFIED', 'FAILED'], 'requestedAt'],
    ['STATUS_UPDATED_AT', ['READY', 'VERIFIED', 'FAILED'], 'statusChangedAt'],
    ['VERIFIED_AT', ['VERIFIED'], 'verifiedAt'],
    ['FAILED_AT', ['FAILED'], 'statusChangedAt'],
  ]) {
    for (const order of ['ASC', 'DESC']) {
      test(`${by} ${order}`, async () => {
        const { items } = await sdk.getIdentityVerifications({
          page: { size: 100 },
          sort: { by, order },
          filter: { statuses },
        });
        const expected = status(...statuses)
          .map(({ verification }) => verification)
          .sort((a, b) => Date.parse(a[field]) - Date.parse(b[field]));
        if (order === 'DESC') expected.reverse();
        assert.deepEqual(
          items.map(({ id }) => id),
          expected.map(({ id }) => id),
        );
      });
    }
  }

  test('newest first where only the field or only the direction is given', async () => {
    const [byField, byOrder] = await Promise.all([
      sdk.getIdentityVerifications({ sort: { by: 'REQUESTED_AT' } }),
      sdk.getIdentityVerifications({ sort: { order: 'DESC' } }),
    ]);
    assert.deepEqual(byField.items.map(({ id }) => id), ids(made).reverse().slice(0, 10));
    assert.deepEqual(byOrder.items, byField.items);
  });
});

describe('filters', () => {
  test('nothing in the filter finds everything', () => finds({}, made));

  test('storeId', async () => {
    await finds({ storeId: STORE }, made);
    const other = dev.sdk({ secret: SECRET_2 });
    assert.equal((await other.getIdentityVerifications()).page.totalCount, 0);
    assert.equal((await other.getIdentityVerifications({ filter: { storeId: STORE_2 } })).page.totalCount, 0);
  });

  test('statuses', async () => {
    await finds({ statuses: ['READY'] }, status('READY'));
    await finds({ statuses: ['VERIFIED', 'FAILED'] }, status('VERIFIED', 'FAILED'));
    await finds({ statuses: ['READY', 'VERIFIED', 'FAILED'] }, made);
  });

  test('identityVerificationId', async () => {
    await finds({ identityVerificationId: made[3].id }, [made[3]]);
    await finds({ identityVerificationId: newId() }, []);
  });

  test('identityVerificationTxId', async () => {
    await finds({ identityVerificationTxId: made[4].txId }, [made[4]]);
    await finds({ identityVerificationTxId: 'no-such-tx' }, []);
  });

  test('isTest', async () => {
    await finds({ isTest: true }, made);
    await finds({ isTest: false }, []);
  });

  test('pgTxId', async () => {
    const record = status('VERIFIED')[1];
    await finds({ pgTxId: record.verification.pgTxId }, [record]);
    await finds({ pgTxId: 'no-such-number' }, []);
  });

  test('pgMerchantId', async () => {
    await finds({ pgMerchantId: 'AO7F3' }, made);
    await finds({ pgMerchantId: 'AO7F4' }, []);
  });

  test('pgProviders and pgCompanies', async () => {
    await finds({ pgProviders: ['KCP_V2'] }, made);
    await finds({ pgProviders: ['DANAL', 'KCP_V2'] }, made);
    await finds({ pgProviders: ['DANAL', 'INICIS_V2'] }, []);
    await finds({ pgCompanies: ['KCP'] }, made);
    await finds({ pgCompanies: ['NICE'] }, []);
  });

  test('carriers', async () => {
    for (const operator of OPERATORS) {
      await finds({ carriers: [operator] }, made.filter((record) => record.operator === operator));
    }
    await finds({ carriers: ['KT', 'LGU_MVNO'] }, made.filter(({ operator }) => ['KT', 'LGU_MVNO'].includes(operator)));
  });

  test('version', async () => {
    await finds({ version: 'V2' }, made);
    await finds({ version: 'V1' }, []);
  });

  test("the customer's name, phone and birth, whatever the status", async () => {
    for (const record of made) {
      const { person } = record;
      const same = (field) => made.filter((other) => other.person[field] === person[field]);
      await finds({ customer: { name: person.name } }, same('name'));
      await finds({ customer: { phoneNumber: person.phone } }, [record]);
      await finds({ customer: { birthYear: person.birthYear } }, same('birthYear'));
      await finds({ customer: { birthMonth: person.birthMonth } }, same('birthMonth'));
      await finds({ customer: { birthDay: person.birthDay } }, same('birthDay'));
    }
    await finds({ customer: { name: '없는사람' } }, []);
  });

  test("the customer's gender", async () => {
    for (const gender of ['MALE', 'FEMALE']) {
      await finds({ customer: { gender } }, made.filter(({ person }) => person.gender === gender));
    }
    await finds({ customer: { gender: 'OTHER' } }, []);
  });

  test('several at once must all match', async () => {
    const record = status('VERIFIED')[2];
    const { person } = record;
    await finds(
      {
        statuses: ['VERIFIED'],
        carriers: [record.operator],
        customer: { name: person.name, phoneNumber: person.phone, birthYear: person.birthYear, gender: person.gender },
      },
      [record],
    );
    await finds({ statuses: ['FAILED'], customer: { phoneNumber: person.phone } }, []);
  });

  for (const [timeRangeField, statuses, field] of [
    ['REQUESTED_AT', ['READY', 'VERIFIED', 'FAILED'], 'requestedAt'],
    ['STATUS_UPDATED_AT', ['READY', 'VERIFIED', 'FAILED'], 'statusChangedAt'],
    ['VERIFIED_AT', ['VERIFIED'], 'verifiedAt'],
    ['FAILED_AT', ['FAILED'], 'statusChangedAt'],
  ]) {
    test(`from and until by ${timeRangeField}`, async () => {
      const at = ({ verification }) => Date.parse(verification[field]);
      const records = status(...statuses).sort((a, b) => at(a) - at(b));
      const middle = records.slice(1, -1);
      const from = new Date(at(middle[0]) - 1).toISOString();
      const until = new Date(at(middle.at(-1)) + 2).toISOString();
      const within = made.filter(
        (record) => records.includes(record) && at(record) >= Date.parse(from) && at(record) <= Date.parse(until),
      );
      assert.ok(within.length < records.length, 'the range leaves some out');
      await finds({ timeRangeField, from, until }, within);
      await finds({ timeRangeField, from: '2020-01-01T00:00:00Z', until: '2020-02-01T00:00:00Z' }, []);
      await finds({ timeRangeField, from: '2020-01-01T09:00:00+09:00' }, status(...statuses));
    });
  }
});

describe('how the filter may come', () => {
  test('without a body, as JSON in the query, with a Bearer token', async () => {
    const login = await fetch(new URL('/login/api-secret', dev.gateway), {
      method: 'POST',
      body: JSON.stringify({ apiSecret: SECRET }),
    });
    const { accessToken } = await login.json();
    const url = new URL('/identity-verifications', dev.gateway);
    url.searchParams.set('requestBody', JSON.stringify({ filter: { identityVerificationId: made[0].id } }));
    for (const authorization of [`Bearer ${accessToken}`, `PortOne ${SECRET}`]) {
      const answer = await (await fetch(url, { headers: { authorization } })).json();
      assert.deepEqual(answer.items.map(({ id }) => id), [made[0].id]);
    }
  });
});
