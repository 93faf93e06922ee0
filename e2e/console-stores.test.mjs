// The console's pages of stores: made, changed, refused field by field.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { assertAccessible, assertFits, launch } from './harness/browser.mjs';
import { Setup } from './harness/console-setup.mjs';

let setup, browser, visit;
before(async () => {
  setup = await Setup.start();
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

async function make(page, name, kind = 'TEST') {
  await page.goto(setup.at('/console/stores/new'));
  await page.getByRole('radio', { name: new RegExp(`^${kind}`) }).check();
  await page.getByLabel('이름', { exact: true }).fill(name);
  await page.getByRole('button', { name: '만들기' }).click();
  await page.waitForURL(/\/console\/stores\/store-/);
  return new URL(page.url()).pathname.split('/').at(-1);
}

describe('stores in the console', () => {
  test('a store is made, shows its storeId to copy, and stands in the list', async () => {
    const page = await open('/console/stores');
    await page.getByRole('link', { name: '상점 만들기' }).click();
    const id = await make(page, '새 상점');
    await page.getByRole('status').getByText('상점을 만들었습니다').waitFor();
    assert.equal(await page.locator('#store-id').textContent(), id);
    await page.getByRole('button', { name: '복사' }).first().waitFor();
    assert.equal((await setup.json(['store', 'list'])).find((store) => store.id === id).name, '새 상점');
    await page.goto(setup.at('/console/stores'));
    await page.getByRole('link', { name: '새 상점' }).click();
    assert.deepEqual(visit.faults, []);
  });

  test('everything that a store has is changed, and stays changed', async () => {
    const page = await open('/console/stores');
    const id = await make(page, '바꿀 상점', 'LIVE');
    await page.getByLabel('이름', { exact: true }).fill('바꾼 상점');
    await page.getByLabel('허용하는 출처').fill('https://shop.example.com\nhttps://m.example.com');
    await page.getByLabel('돌려보낼 수 있는 호스트').fill('pay.example.com');
    await page.getByLabel('돌려보낼 수 있는 앱 스킴').fill('myapp');
    await page.getByLabel('한 휴대폰에 보내는 문자').fill('3');
    await page.getByLabel('하루 본인인증 시도').fill('500');
    await page.getByLabel('개인정보 보관 기간(일)').fill('365');
    await page.getByRole('checkbox', { name: /TEST 채널을 허용/ }).check();
    await page.getByRole('button', { name: '저장' }).click();
    await page.getByRole('status').getByText('저장했습니다').waitFor();
    await page.getByText('이 LIVE 상점은 TEST 채널을 허용합니다').waitFor();
    await page.reload();
    assert.equal(await page.getByLabel('허용하는 출처').inputValue(), 'https://shop.example.com\nhttps://m.example.com');
    assert.equal(await page.getByLabel('돌려보낼 수 있는 호스트').inputValue(), 'pay.example.com');
    assert.equal(await page.getByLabel('돌려보낼 수 있는 앱 스킴').inputValue(), 'myapp');
    assert.equal(await page.getByLabel('한 휴대폰에 보내는 문자').inputValue(), '3');
    assert.equal(await page.getByLabel('하루 본인인증 시도').inputValue(), '500');
    assert.equal(await page.getByLabel('개인정보 보관 기간(일)').inputValue(), '365');
    assert.ok(await page.getByRole('checkbox', { name: /TEST 채널을 허용/ }).isChecked());
    const kept = (await setup.json(['store', 'list'])).find((store) => store.id === id);
    assert.equal(kept.name, '바꾼 상점');
    assert.deepEqual(visit.faults, []);
  });

  test('what is wrong stands beside its field, by line, and nothing that was typed is lost', async () => {
    const page = await open('/console/stores');
    const id = await make(page, '틀릴 상점', 'LIVE');
    const typed = {
      이름: '',
      '허용하는 출처': 'https://shop.example.com\nhttps://shop.example.com/path',
      '돌려보낼 수 있는 호스트': 'https://pay.example.com',
      '돌려보낼 수 있는 앱 스킴': 'javascript',
      '하루 본인인증 시도': '0',
    };
    for (const [label, text] of Object.entries(typed)) await page.getByLabel(label, { exact: true }).fill(text);
    // A browser would keep an empty name from leaving; another client does not.
    await page.locator('form.sheet').evaluate((form) => (form.noValidate = true));
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.getByRole('button', { name: '저장' }).click(),
    ]);
    assert.equal(answer.status(), 400);
    for (const [field, message] of Object.entries({
      name: /1자에서 100자까지/,
      origins: /2번째 줄: .*https:\/\/shop\.example\.com/,
      redirectHosts: /1번째 줄: .*호스트만/,
      redirectSchemes: /1번째 줄: 앱의 스킴이 아닙니다/,
      dailyTries: /1부터 \d+까지의 숫자/,
    })) {
      const input = page.locator(`[name=${field}]`);
      assert.equal(await input.getAttribute('aria-invalid'), 'true', field);
      assert.ok((await input.getAttribute('aria-describedby')).split(' ').includes(`${field}-error`), field);
      assert.match(await page.locator(`#${field}-error`).innerText(), message);
      assert.ok(await page.getByRole('alert').locator(`a[href="#${field}"]`).isVisible(), `the summary leads to ${field}`);
    }
    for (const [label, text] of Object.entries(typed)) {
      assert.equal(await page.getByLabel(label, { exact: true }).inputValue(), text, label);
    }
    assert.equal((await setup.json(['store', 'list'])).find((store) => store.id === id).name, '틀릴 상점');
    await assertAccessible(page, 'a form that came back');
  });

  test('who may only look is offered nothing to change, and refused when they try', async () => {
    const page = await open('/console/stores', { role: 'VIEWER' });
    assert.equal(await page.getByRole('link', { name: '상점 만들기' }).count(), 0);
    await page.goto(setup.at(`/console/stores/${setup.store}`));
    assert.equal(await page.locator('main').getByRole('button', { name: /저장|만들기/ }).count(), 0);
    assert.equal(await page.locator('main form').count(), 0);
    await page.getByText('정하지 않음').first().waitFor();
    for (const [method, path] of [
      ['GET', '/console/stores/new'],
      ['POST', '/console/stores/new'],
      ['POST', `/console/stores/${setup.store}`],
    ]) {
      assert.equal(await visit.status(method, path, { name: '몰래', kind: 'TEST' }), 403, `${method} ${path}`);
    }
    assert.ok((await setup.json(['store', 'list'])).every((store) => store.name !== '몰래'));
  });

  test('what erases persons or takes TEST channels is the owner’s: an operator is told so, tries it and is refused', async () => {
    const page = await open('/console/stores');
    const kept = await make(page, '지킬 상점', 'LIVE');
    await page.getByLabel('개인정보 보관 기간(일)').fill('30');
    await page.getByRole('checkbox', { name: /TEST 채널을 허용/ }).check();
    await page.getByRole('button', { name: '저장' }).click();
    await page.getByRole('status').getByText('저장했습니다').waitFor();
    const plain = await make(page, '보통 상점', 'LIVE');
    await visit.close();

    const operator = await open(`/console/stores/${kept}`, { role: 'OPERATOR' });
    const stores = () => setup.json(['store', 'list']);
    const one = async (id) => (await stores()).find((store) => store.id === id);
    const before = await stores();
    assert.deepEqual([before.find((store) => store.id === kept).retentionDays, before.find((store) => store.id === kept).allowTestChannels], [30, true]);
    for (const path of [`/console/stores/${kept}`, '/console/stores/new']) {
      await operator.goto(setup.at(path));
      assert.equal(await operator.locator('[name=retentionDays], [name=allowTestChannels]').count(), 0, path);
      await operator.getByText('소유자(OWNER)만 바꿀 수 있습니다').waitFor();
      await assertAccessible(operator, path);
    }
    for (const [path, form] of [
      [`/console/stores/${kept}`, { retentionDays: '1' }],
      [`/console/stores/${kept}`, { retentionDays: '29' }],
      [`/console/stores/${plain}`, { retentionDays: '3650' }],
      [`/console/stores/${plain}`, { allowTestChannels: 'on' }],
      ['/console/stores/new', { kind: 'LIVE', retentionDays: '1' }],
      ['/console/stores/new', { kind: 'TEST', retentionDays: '1' }],
      ['/console/stores/new', { kind: 'LIVE', allowTestChannels: 'on' }],
    ]) {
      assert.equal(await visit.status('POST', path, { name: '몰래', ...form }), 403, `${path} ${JSON.stringify(form)}`);
    }
    assert.deepEqual(await stores(), before, 'nothing changed');

    await operator.goto(setup.at(`/console/stores/${kept}`));
    await operator.getByText('30일').waitFor();
    await operator.getByLabel('이름', { exact: true }).fill('이름만 바꾼 상점');
    await operator.getByRole('button', { name: '저장' }).click();
    await operator.getByRole('status').getByText('저장했습니다').waitFor();
    const saved = await one(kept);
    assert.deepEqual([saved.name, saved.retentionDays, saved.allowTestChannels], ['이름만 바꾼 상점', 30, true]);
    assert.equal(await visit.status('POST', `/console/stores/${kept}`, { name: '이름만 바꾼 상점', retentionDays: '60' }), 303, 'longer is no erasure');
    assert.equal((await one(kept)).retentionDays, 60);
    assert.equal(await visit.status('POST', '/console/stores/new', { name: '운영자의 상점', kind: 'LIVE' }), 303);
  });

  test('a store that is not there is not found, whatever its id looks like', async () => {
    await open('/console/stores');
    for (const id of ['store-none', '%00', 'a%2Fb', 'x'.repeat(300)]) {
      assert.equal(await visit.status('GET', `/console/stores/${id}`), 404, id);
    }
    for (const query of ['done=a&done=b', 'done=%ff', 'done=made%00', '&&=', 'done[]=1']) {
      assert.equal(await visit.status('GET', `/console/stores/${setup.store}?${query}`), 200, query);
    }
    for (const page of ['channels', 'secrets']) {
      assert.equal(await visit.status('GET', `/console/${page}/new?store=%ff&store=${'x'.repeat(2000)}`), 200, page);
    }
  });

  for (const width of [1280, 390]) {
    test(`each page fits and is accessible at ${width} px`, async () => {
      const page = await open('/console/stores', { width });
      const many = await make(page, '이름이 아주 길어서 한 줄에 다 들어가지 않을 수도 있는 상점입니다 정말로 깁니다');
      for (const path of ['/console/stores', '/console/stores/new', `/console/stores/${many}`, `/console/stores/${setup.store}`]) {
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await page.goto(setup.at(path));
          await assertFits(page, path);
          await assertAccessible(page, `${path}, ${colorScheme}`);
        }
        await setup.picture(page, `stores-${path.split('/').at(-1).slice(0, 8)}-${width}`);
      }
      assert.deepEqual(visit.faults, []);
    });
  }
});
