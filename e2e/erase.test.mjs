// Erasure: on request from the shell, and by itself when a store's retention is over. The API answers as it says, the timeline still
// tells what happened, and the files hold nothing of the person.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ON_POSTGRES } from './harness/database.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { run, waitFor } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

let serve;
before(async () => {
  serve = await Serve.setUp();
  await serve.start();
});
after(() => serve?.stop());

async function begin(person, id = newId()) {
  await serve.sdk().sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: serve.channel, operator: 'SKT', customer: { id: 'customer-77' }, customData: '{"order":1}' }),
  });
  return id;
}

async function verify(person) {
  const id = await begin(person);
  const otp = await serve.sandbox.otp(person.phone);
  await serve.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
  return id;
}

const get = (id) => serve.sdk().getIdentityVerification({ identityVerificationId: id });

async function foundByPhone(person) {
  const { items } = await serve.sdk().getIdentityVerifications({ filter: { customer: { phoneNumber: person.phone } } });
  return items.map(({ id }) => id);
}

/** Every sealed value and index of a verification, as hexadecimal digits. */
async function valuesOf(id) {
  const tables = [
    'SELECT * FROM attempt WHERE verification_id = ?',
    'SELECT * FROM identity_verification WHERE id = ?',
    'SELECT * FROM phone_message WHERE tx_id IN (SELECT tx_id FROM attempt WHERE verification_id = ?)',
  ];
  const found = [];
  for (const rows of tables) found.push(...(await serve.database.blobs(rows, id)));
  return found;
}

const erase = (args) => serve.json(['erase', ...args]);

describe('on request', () => {
  test('one verification: the API answers without the person, the timeline tells, and no file holds what was sealed', async () => {
    const person = newPerson();
    const id = await verify(person);
    const values = await valuesOf(id);
    assert.ok(values.length > 15, `${values.length}`);
    const before = await serve.database.searched();
    for (const value of values) assert.ok(before(value), 'what was sealed is in the files before');

    const told = await erase(['verification', '--store', serve.store, '--id', id, '--reason', '고객의 파기 요청']);
    assert.deepEqual(told, { erased: 1, underWay: 0, inLog: false });

    const verification = await get(id);
    assert.equal(verification.status, 'VERIFIED');
    assert.deepEqual(verification.verifiedCustomer, { name: '' });
    assert.equal(verification.pgRawResponse, '');
    assert.equal(verification.customData, undefined);
    assert.deepEqual(await foundByPhone(person), []);
    const kinds = (await serve.timeline(id)).map(({ kind }) => kind);
    assert.deepEqual([kinds.at(0), kinds.at(-2), kinds.at(-1)], ['begun', 'verified', 'erased']);
    assert.deepEqual(await valuesOf(id), []);
    const after = await serve.database.searched();
    for (const value of values) assert.ok(!after(value), 'nothing of it is left in a file');
    const { entries: [entry] } = await serve.json(['audit', 'list', '--action', 'verification.erase']);
    assert.deepEqual([entry.subject, entry.reason], [id, '고객의 파기 요청']);
  });

  test('one person by phone, wherever they appear, also where another phone was verified later', async () => {
    const [person, other] = [newPerson(), newPerson()];
    const first = await verify(person);
    // A first try for this phone that failed, then another person's.
    await serve.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01' });
    const second = newId();
    await assert.rejects(begin(person, second));
    await begin(other, second);
    const otp = await serve.sandbox.otp(other.phone);
    await serve.sdk().confirmIdentityVerification({ identityVerificationId: second, otp });
    const untouched = await verify(other);

    const file = join(serve.folder, 'phone');
    await writeFile(file, `${person.phone}\n`);
    const told = await erase(['person', '--phone-file', file, '--reason', '탈퇴']);
    assert.deepEqual(told, { erased: 2, underWay: 0, inLog: false });
    for (const id of [first, second]) assert.deepEqual((await get(id)).verifiedCustomer, { name: '' });
    assert.equal((await get(untouched)).verifiedCustomer.name, other.name);
    assert.deepEqual(await erase(['person', '--phone-file', file, '--reason', '탈퇴']), { erased: 0, underWay: 0, inLog: false });
  });

  test('one person by CI', async () => {
    const person = newPerson();
    const ids = [await verify(person), await verify(person)];
    const file = join(serve.folder, 'ci');
    await writeFile(file, (await get(ids[0])).verifiedCustomer.ci);
    const store = ['--store', serve.store];
    assert.deepEqual(await erase(['person', '--ci-file', file, '--reason', '탈퇴', ...store]), { erased: 2, underWay: 0, inLog: false });
    for (const id of ids) assert.deepEqual((await get(id)).verifiedCustomer, { name: '' });
  });

  test('a try under way is told and left to its end', async () => {
    const person = newPerson();
    const id = await begin(person);
    const one = await run(['erase', 'verification', '--store', serve.store, '--id', id, '--reason', '요청'], { env: serve.env });
    assert.equal(one.code, 1);
    assert.match(one.stderr, /진행 중인 시도가 있어/);
    const file = join(serve.folder, 'phone');
    await writeFile(file, person.phone);
    assert.deepEqual(await erase(['person', '--phone-file', file, '--reason', '요청']), { erased: 0, underWay: 1, inLog: false });
    const otp = await serve.sandbox.otp(person.phone);
    await serve.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
    assert.deepEqual(await erase(['person', '--phone-file', file, '--reason', '요청']), { erased: 1, underWay: 0, inLog: false });
  });

  test('what a shell cannot take out of the log, since somebody reads, the gateway does', { skip: ON_POSTGRES && 'about SQLite' }, async () => {
    await serve.stopGateway();
    await serve.start({ env: { BONIN_SWEEP_INTERVAL: '100ms' } });
    const id = await verify(newPerson());
    const values = await valuesOf(id);
    const looked = await serve.database.read();
    try {
      const told = await erase(['verification', '--store', serve.store, '--id', id, '--reason', '요청']);
      assert.deepEqual(told, { erased: 1, underWay: 0, inLog: true });
      assert.deepEqual(await valuesOf(id), []);
      const held = await serve.database.searched();
      assert.ok(values.some(held), 'what was erased is still in the log');
    } finally {
      await looked();
    }
    await waitFor('nothing of it to be left in a file', async () => {
      const after = await serve.database.searched();
      return !values.some(after);
    });
  });

  test('what is missing or wrong is told, without being repeated', async () => {
    const file = join(serve.folder, 'phone');
    await writeFile(file, '12345');
    for (const [args, told] of [
      [['person', '--phone-file', file, '--reason', '요청'], /--phone-file: phone number: 10 or 11 digits/],
      [['person', '--ci-file', file, '--reason', '요청'], /--ci-file/],
      [['person', '--phone-file', `${file}-none`, '--reason', '요청'], /cannot read/],
      [['verification', '--store', serve.store, '--id', 'none', '--reason', '요청'], /찾을 수 없습니다/],
      [['verification', '--store', serve.store, '--id', 'none', '--reason', ' '], /--reason: 2자에서 200자까지/],
    ]) {
      const { code, stderr } = await run(['erase', ...args], { env: serve.env });
      assert.equal(code, 1);
      assert.match(stderr, told);
      assert.ok(!stderr.includes('12345'), stderr);
    }
    assert.equal((await run(['erase', 'person', '--reason', '요청'], { env: serve.env })).code, 2);
  });
});

describe('when a store\'s retention is over', () => {
  test('what is older is erased by itself, what is younger stays, and the audit has one line for all of it', async () => {
    const [old, young] = [newPerson(), newPerson()];
    const ids = [await verify(old), await verify(old)];
    const kept = await verify(young);
    await serve.json(['store', 'update', serve.store, '--retention-days', '30']);
    await serve.stopGateway();
    // As if 31 days had gone by since.
    const sql = 'UPDATE identity_verification SET status_changed_at = status_changed_at - ? WHERE id IN (?, ?)';
    await serve.database.change(sql, 31 * 86_400 * 1e6, ...ids);
    await serve.start({ env: { BONIN_SWEEP_INTERVAL: '100ms' } });
    for (const id of ids) await waitFor('the old ones to be erased', async () => (await get(id)).verifiedCustomer.name === '');
    assert.deepEqual((await get(ids[1])).verifiedCustomer, { name: '' });
    assert.equal((await get(kept)).verifiedCustomer.name, young.name);
    assert.deepEqual(await foundByPhone(old), []);
    assert.equal((await serve.timeline(ids[0])).at(-1).kind, 'erased');
    const { entries } = await serve.json(['audit', 'list', '--action', 'retention']);
    assert.deepEqual(entries.map(({ details }) => details), [{ days: 30, verifications: 2 }]);
  });
});
