// Erasure in the console: one verification from its page, one person everywhere; by owners, with a reason, and never through an
// address.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible, assertFits, launch, watchedPage } from './harness/browser.mjs';
import { press, signInAs } from './harness/console.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Serve } from './harness/serve.mjs';

let serve, browser, visit;
before(async () => {
  serve = await Serve.setUp();
  await serve.start({ contract: false });
  browser = await launch();
});
afterEach(async () => {
  await visit?.close();
  visit = undefined;
});
after(async () => {
  await browser?.close();
  await serve?.stop();
});

async function open(path, { role = 'OWNER', width = 1280 } = {}) {
  visit = await watchedPage(browser, width);
  visit.addresses = [];
  visit.page.on('request', (request) => visit.addresses.push(request.url()));
  await signInAs(serve, visit.page, { role });
  await visit.page.goto(new URL(path, serve.gateway).href);
  visit.faults.length = 0;
  return visit.page;
}

async function verify(person = newPerson()) {
  const id = newId();
  const sdk = serve.sdk();
  await sdk.sendIdentityVerification({ identityVerificationId: id, ...sending(person, { channelKey: serve.channel, operator: 'SKT' }) });
  await sdk.confirmIdentityVerification({ identityVerificationId: id, otp: await serve.sandbox.otp(person.phone) });
  return id;
}

const customer = async (id) => (await serve.sdk().getIdentityVerification({ identityVerificationId: id })).verifiedCustomer;
const pageOf = (id) => `/console/verifications/${serve.store}/${id}`;

describe('erasure in the console', () => {
  test('takes the person from one verification, whose page then says so and still tells what happened', async () => {
    const person = newPerson();
    const id = await verify(person);
    const page = await open(pageOf(id));
    await page.getByText('이 본인인증의 개인정보를 파기합니다').click();
    const form = page.locator(`form[action="${pageOf(id)}/erase"]`);
    await form.getByLabel('이유').fill('고객의 파기 요청');
    await press(page, '파기합니다');
    await page.getByRole('status').getByText('개인정보를 파기했습니다').waitFor();
    assert.deepEqual(await customer(id), { name: '' });
    await page.getByText('본인인증에 성공했습니다').waitFor();
    assert.equal(await page.getByText('이 본인인증의 개인정보를 파기합니다').count(), 0);
    assert.deepEqual(visit.faults, []);
  });

  test('finds one person in every verification, by a number that is in no address', async () => {
    const person = newPerson();
    const ids = [await verify(person), await verify(person)];
    const untouched = await verify();
    const page = await open('/console/erasure');
    await page.getByLabel('휴대폰 번호').fill(person.phone);
    await page.getByLabel('이유').fill('탈퇴한 회원');
    await page.getByLabel('되돌릴 수 없다는 것을 알고 있습니다').check();
    await press(page, '파기합니다');
    await page.getByRole('status').getByText('본인인증 2건에서 개인정보를 파기했습니다').waitFor();
    for (const id of ids) assert.deepEqual(await customer(id), { name: '' });
    assert.notEqual((await customer(untouched)).name, '');
    assert.deepEqual(visit.addresses.filter((address) => address.includes(person.phone)), []);
    assert.ok(!serve.program.stderr.includes(person.phone));
    const { entries } = await serve.json(['audit', 'list', '--action', 'verification.erase']);
    assert.deepEqual(entries.slice(0, 2).map(({ reason }) => reason), ['탈퇴한 회원', '탈퇴한 회원']);
    assert.deepEqual(visit.faults, []);
  });

  test('tells everything that is missing beside its field, keeps what was typed but for whom, and erases nobody', async () => {
    const page = await open('/console/erasure');
    await page.getByLabel('휴대폰 번호').fill('010');
    await page.getByLabel('이유').fill('요청');
    // The browser's own check is for people; what comes is checked again.
    await page.locator('form.sheet').evaluate((form) => form.setAttribute('novalidate', ''));
    await press(page, '파기합니다');
    const phone = page.getByLabel('휴대폰 번호');
    assert.equal(await phone.getAttribute('aria-invalid'), 'true');
    assert.equal(await phone.inputValue(), '');
    assert.equal(await page.getByLabel('이유').inputValue(), '요청');
    const told = await page.getByRole('alert').innerText();
    for (const what of ['숫자 10자리나 11자리', '되돌릴 수 없다는 것을 확인해야']) assert.ok(told.includes(what), told);
    await assertAccessible(page, 'with problems');
  });

  test('is not offered to those who may not', async () => {
    const id = await verify();
    const page = await open(pageOf(id), { role: 'OPERATOR' });
    assert.equal(await page.getByText('개인정보를 파기합니다').count(), 0);
    await page.goto(new URL('/console/verifications', serve.gateway).href);
    assert.equal(await page.getByRole('link', { name: '한 사람의 개인정보 파기' }).count(), 0);
  });

  for (const width of [1280, 390]) {
    test(`reads well at ${width} px, by keyboard and screen reader`, async () => {
      const page = await open('/console/erasure', { width });
      await assertFits(page, 'erasure');
      await assertAccessible(page, 'erasure');
      assert.deepEqual(visit.faults, []);
    });
  }
});
