// The audit in the console and in the shell: what was done stands in it, and whoever changes it behind our back is found out.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible, assertFits, launch, watchedPage } from './harness/browser.mjs';
import { press, signInAs } from './harness/console.mjs';
import { run } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

let serve, browser, visit;
before(async () => {
  serve = await Serve.setUp({ storeName: '감사 상점' });
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
  visit.person = await signInAs(serve, visit.page, { role });
  await visit.page.goto(new URL(path, serve.gateway).href);
  visit.faults.length = 0;
  return visit.page;
}

/** What someone does who can write to the database and has no key. */
const tamper = (sql) => serve.database.change(sql);

const entries = (page) => page.locator('.items > li');

describe('the audit in the console', () => {
  test('tells who did what, when and from where, in sentences, newest first, and leads to what it was done to', async () => {
    await serve.json(['store', 'update', serve.store, '--name', '이름을 바꾼 상점']);
    const page = await open('/console/audit');
    const changed = entries(page).filter({ hasText: '상점 설정을 바꿨습니다' }).first();
    const told = await changed.innerText();
    assert.match(told, /이름: 감사 상점 → 이름을 바꾼 상점/);
    assert.match(told, /\(셸\)/);
    await changed.getByRole('link', { name: serve.store }).click();
    await page.getByRole('heading', { name: '이름을 바꾼 상점' }).waitFor();
    assert.deepEqual(visit.faults, []);
  });

  test('notes logins with the address that they came from', async () => {
    const page = await open('/console/audit?action=login');
    const first = await entries(page).first().innerText();
    assert.match(first, /로그인했습니다/);
    assert.ok(first.includes(visit.person.username) && first.includes('127.0.0.1'), first);
    for (const entry of await entries(page).allInnerTexts()) assert.match(entry, /로그인/);
  });

  test('is checked with a button, and with a head that was taken along', async () => {
    const page = await open('/console/audit');
    await press(page, '내보내기');
    const head = await page.locator('#head-value').innerText();
    assert.match(head, /^\d+:[0-9a-f]{64}$/);
    await page.goto(new URL('/console/audit', serve.gateway).href);
    await press(page, '확인하기');
    await page.getByRole('status').getByText(/기록 \d+건이 모두 쓰인 그대로입니다/).waitFor();
    await page.goto(new URL('/console/audit', serve.gateway).href);
    await page.getByLabel('전에 내보낸 머리값').fill(head);
    await press(page, '확인하기');
    await page.getByText('전에 내보낸 머리값도 이 기록 안에 있습니다').waitFor();
    // The shell comes to the same.
    assert.equal((await run(['audit', 'verify', '--head', head], { env: serve.env })).code, 0);
    assert.deepEqual(visit.faults, []);
  });

  test('says what is wrong with a head that is none, and keeps what was typed', async () => {
    const page = await open('/console/audit');
    await page.getByLabel('전에 내보낸 머리값').fill('42:abc');
    await press(page, '확인하기');
    const field = page.getByLabel('전에 내보낸 머리값');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await field.inputValue(), '42:abc');
    await page.getByRole('alert').getByText('내보낸 머리값을 그대로 적어야 합니다').waitFor();
  });

  test('goes on page by page to the first entry', async () => {
    for (let i = 0; i < 30; i += 1) {
      const { id } = await serve.addSecret();
      await serve.json(['secret', 'revoke', id]);
    }
    const page = await open('/console/audit?action=secret');
    assert.equal(await entries(page).count(), 50);
    await page.getByRole('link', { name: '더 오래된 기록' }).click();
    await page.getByRole('link', { name: '가장 최근 기록' }).waitFor();
    const last = await entries(page).last().innerText();
    assert.match(last, /API 시크릿을 만들었습니다/);
    assert.equal(await page.getByRole('link', { name: '더 오래된 기록' }).count(), 0);
  });

  for (const width of [1280, 390]) {
    test(`reads well at ${width} px, by keyboard and screen reader`, async () => {
      const page = await open('/console/audit', { width });
      await assertFits(page, 'audit');
      await assertAccessible(page, 'audit');
      await press(page, '확인하기');
      await assertFits(page, 'verdict');
      await assertAccessible(page, 'verdict');
      assert.deepEqual(visit.faults, []);
    });
  }
});

describe('an audit that was changed', () => {
  for (const [what, sql, told] of [
    ['an entry was changed', 'UPDATE audit SET actor_name = \'somebody\' WHERE seq = 2', /2번 기록이 쓰인 내용과 다르거나/],
    ['an entry was removed', 'DELETE FROM audit WHERE seq = 2', /2번 기록이 없습니다/],
    ['the end was cut off', 'DELETE FROM audit WHERE seq > 1', /끝이 잘렸습니다/],
  ]) {
    test(`is told in the console and in the shell: ${what}`, async () => {
      const page = await open('/console/audit');
      await tamper(sql);
      await press(page, '확인하기');
      const alert = page.getByRole('alert');
      await alert.getByText('기록이 쓰인 그대로가 아닙니다').waitFor();
      assert.match(await alert.innerText(), told);
      const { code, stderr } = await run(['audit', 'verify'], { env: serve.env });
      assert.equal(code, 1);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    });
  }
});
