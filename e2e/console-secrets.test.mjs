// The console's pages of API secrets: shown once, several at once, ended for good.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible, assertFits, launch } from './harness/browser.mjs';
import { Setup } from './harness/console-setup.mjs';

let setup, browser, visit, second;
before(async () => {
  setup = await Setup.start();
  second = (await setup.json(['store', 'create', '--name', '둘째 상점', '--kind', 'test'])).id;
  browser = await launch();
});
afterEach(async () => {
  await visit?.close();
  visit = undefined;
});
after(async () => {
  await browser?.close();
  await setup?.stop();
});

const open = async (path, options) => {
  visit = await setup.visit(browser, path, options);
  return visit.page;
};

/** Makes a secret as a person would, and reads it off the one page that shows it. */
async function make(page, name, { also = false, days = '' } = {}) {
  await page.goto(setup.at('/console/secrets/new'));
  await page.getByLabel('이름', { exact: true }).fill(name);
  await page.getByLabel('기본 상점').selectOption(setup.store);
  if (also) await page.getByRole('checkbox', { name: '둘째 상점' }).check();
  await page.getByLabel('유효 기간').selectOption(days);
  await page.getByRole('button', { name: '만들기' }).click();
  await page.getByText('다시 볼 수 없습니다').waitFor();
  return page.locator('#secret').textContent();
}

const ask = (secret, store = setup.store) =>
  fetch(setup.at(`/identity-verifications/none?storeId=${store}`), { headers: { authorization: `PortOne ${secret}` } });

describe('API secrets in the console', () => {
  test('a secret is shown once, with a button to copy it, and opens the API', async () => {
    const page = await open('/console/secrets');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const secret = await make(page, '주문 서버');
    assert.match(secret, /^bonin_sk_[\w-]{43}$/);
    await page.getByRole('button', { name: '복사' }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
    assert.equal((await ask(secret)).status, 404, 'let in, and nothing is there');
    assert.equal((await ask(secret, second)).status, 403, 'of the other store it opens nothing');

    await page.getByRole('link', { name: /목록으로/ }).click();
    await page.getByRole('link', { name: '주문 서버' }).click();
    await page.waitForURL(/\/console\/secrets\/secret-/);
    await page.getByText(`${secret.slice(0, 13)}…`).waitFor();
    for (const path of [page.url(), setup.at('/console/secrets'), setup.at(`/console/stores/${setup.store}`)]) {
      await page.goto(path);
      assert.ok(!(await page.content()).includes(secret.slice(13)), path);
    }
    const log = setup.serve.program.stdout + setup.serve.program.stderr;
    assert.ok(!log.includes(secret.slice(13)));
    assert.deepEqual(visit.faults, []);
  });

  test('one takes another’s place without a gap, and the old one is ended after a question', async () => {
    const page = await open('/console/secrets');
    const old = await make(page, '옛 시크릿', { also: true });
    const fresh = await make(page, '새 시크릿', { also: true, days: '90' });
    for (const secret of [old, fresh]) {
      for (const store of [setup.store, second]) assert.equal((await ask(secret, store)).status, 404);
    }
    await page.goto(setup.at('/console/secrets'));
    await page.getByRole('link', { name: '옛 시크릿' }).click();
    await page.getByRole('link', { name: '폐기하기' }).click();
    await page.getByText('되돌릴 수 없습니다').waitFor();
    assert.equal((await ask(old)).status, 404, 'asking ends nothing');
    await page.getByRole('button', { name: '폐기합니다' }).click();
    await page.getByRole('status').getByText('폐기했습니다').waitFor();
    assert.equal((await ask(old)).status, 401);
    assert.equal((await ask(fresh)).status, 404);
    assert.equal(await page.getByRole('link', { name: '폐기하기' }).count(), 0);
    await page.goto(setup.at('/console/secrets'));
    assert.ok(!(await page.getByRole('link', { name: '옛 시크릿' }).isVisible()));
    await page.locator('summary', { hasText: '폐기되었거나 만료된' }).click();
    await page.getByRole('listitem').filter({ hasText: '옛 시크릿' }).getByText('폐기됨').waitFor();
    const kept = (await setup.json(['secret', 'list'])).find(({ name }) => name === '새 시크릿');
    const days = (Date.parse(kept.expiresAt) - Date.now()) / 86_400_000;
    assert.ok(days > 89.9 && days <= 90, kept.expiresAt);
    assert.deepEqual(visit.faults, []);
  });

  test('a secret is renamed; a name that is none is told, and what was typed stays', async () => {
    const page = await open('/console/secrets');
    await make(page, '이름');
    await page.getByRole('link', { name: /목록으로/ }).click();
    await page.getByRole('link', { name: '이름', exact: true }).click();
    const long = '가'.repeat(101);
    await page.getByLabel('이름', { exact: true }).fill(long);
    await page.getByRole('button', { name: '이름 바꾸기' }).click();
    assert.match(await page.locator('#name-error').innerText(), /100자까지/);
    assert.equal(await page.getByLabel('이름', { exact: true }).inputValue(), long);
    await page.getByLabel('이름', { exact: true }).fill('바뀐 이름');
    await page.getByRole('button', { name: '이름 바꾸기' }).click();
    await page.getByRole('heading', { level: 1, name: '바뀐 이름' }).waitFor();
  });

  test('a form that names no store that there is comes back with what was typed', async () => {
    const page = await open('/console/secrets/new');
    await page.getByLabel('이름', { exact: true }).fill('없는 상점');
    await page.locator('select[name=store]').evaluate((select) => {
      select.options[0].value = 'store-none';
      select.selectedIndex = 0;
    });
    await page.getByRole('button', { name: '만들기' }).click();
    assert.match(await page.locator('#store-error').innerText(), /없는 상점/);
    assert.equal(await page.getByLabel('이름', { exact: true }).inputValue(), '없는 상점');
    await assertAccessible(page, 'a form that came back');
  });

  test('who may only look is offered nothing to change, and refused when they try', async () => {
    const [secret] = await setup.json(['secret', 'list']);
    const page = await open(`/console/secrets/${secret.id}`, { role: 'VIEWER' });
    assert.equal(await page.locator('main form').count(), 0);
    assert.equal(await page.getByRole('link', { name: '폐기하기' }).count(), 0);
    for (const [method, path] of [
      ['GET', '/console/secrets/new'],
      ['POST', '/console/secrets/new'],
      ['POST', `/console/secrets/${secret.id}/name`],
      ['GET', `/console/secrets/${secret.id}/revoke`],
      ['POST', `/console/secrets/${secret.id}/revoke`],
    ]) {
      assert.equal(await visit.status(method, path, { name: '몰래', store: setup.store }), 403, `${method} ${path}`);
    }
    assert.equal((await setup.json(['secret', 'list'])).find(({ id }) => id === secret.id).revokedAt, null);
  });

  for (const width of [1280, 390]) {
    test(`each page fits and is accessible at ${width} px`, async () => {
      const page = await open('/console/secrets', { width });
      const look = async (what) => {
        for (const colorScheme of ['dark', 'light']) {
          await page.emulateMedia({ colorScheme });
          await assertFits(page, what);
          await assertAccessible(page, `${what}, ${colorScheme}`);
        }
        await setup.picture(page, `secrets-${what}-${width}`);
      };
      await make(page, '그림');
      await look('once');
      await page.goto(setup.at('/console/secrets'));
      await look('list');
      await page.getByRole('link', { name: '그림' }).first().click();
      await page.waitForURL(/\/secret-/);
      await look('detail');
      await page.getByRole('link', { name: '폐기하기' }).click();
      await page.waitForURL(/\/revoke/);
      await look('revoke');
      await page.goto(setup.at('/console/secrets/new'));
      await look('new');
      assert.deepEqual(visit.faults, []);
    });
  }
});
