// The overview: figures that can be read, what they are of, and what has to be done next.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, watchedPage } from './harness/browser.mjs';
import { changeDatabase, Client, look, Person, signIn } from './harness/console.mjs';
import { Dev, STORE, STORE_2 } from './harness/dev.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { Story } from './harness/story.mjs';

let dev;
let browser;
/** What makes users and changes the database. */
let shell;
before(async () => {
  dev = await Dev.start({ contract: false });
  shell = { gateway: dev.gateway, database: dev.database, json: (args) => dev.json(args) };
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await dev?.stop();
});

/** Runs with the overview as the owner sees it, or somebody with this role. */
async function at(address, use, { width = 1280, role = 'OWNER' } = {}) {
  const visit = await watchedPage(browser, width);
  try {
    if (role === 'OWNER') await signIn(visit.page, dev.info.console);
    else await (await Person.make(shell, { role })).signIn(visit.page);
    await visit.page.goto(`${dev.gateway}/console${address}`);
    const result = await use(visit.page, visit);
    assert.deepEqual(visit.faults, []);
    return result;
  } finally {
    await visit.close();
  }
}

/** `{heading: [cell, …]}` of each row of the table in the section with this heading. */
const rows = (page, section) =>
  page.getByRole('region', { name: section }).locator('tbody tr').evaluateAll((lines) =>
    lines.map((line) => [...line.children].map((cell) => cell.textContent.trim())),
  );

const numbers = (page) =>
  page.locator('dl.numbers > div').evaluateAll((all) =>
    Object.fromEntries(all.map((one) => [one.querySelector('dt').textContent, one.querySelector('dd').textContent])),
  );

const rates = (page, section) =>
  page.getByRole('region', { name: section }).locator('ul.rates > li').evaluateAll((all) =>
    Object.fromEntries(
      all.map((one) => [
        one.querySelector('.name').textContent,
        `${one.querySelector('.rate').textContent}: ${one.querySelector('.counts').textContent}`,
      ]),
    ),
  );

/** A person whom KCP knows under another name. */
async function refused(operator) {
  const story = await Story.of(dev, operator);
  const { phone, birthDate, gender, isForeigner } = story.person;
  await dev.sandbox.addPerson({ name: '다른이', phone, birthDate, gender, isForeigner, operator, pass: true });
  await assert.rejects(story.send());
  return story;
}

describe('a gateway that has verified nobody yet', () => {
  test('says what is done and what comes next', async () => {
    for (const width of [1280, 390]) {
      await at(
        '',
        async (page) => {
          const steps = page.getByRole('region', { name: '시작하기' });
          assert.deepEqual(await steps.locator('li.done').allTextContents(), [
            '상점 만들기 (마침)',
            '채널 만들기 (마침)',
            'API 시크릿 만들기 (마침)',
          ]);
          await steps.getByRole('link', { name: '본인인증 해 보기' }).waitFor();
          assert.equal((await numbers(page))['성공률'], '–');
          await look(page, 'overview-new');
        },
        { width },
      );
    }
  });

  test('leads whoever may to the first step that is missing, and tells whoever may not', async () => {
    // As if the stores' secrets had all been revoked.
    await changeDatabase(shell, 'UPDATE api_secret SET revoked_at = 1');
    try {
      const step = (page) => page.getByRole('region', { name: '시작하기' }).getByText('API 시크릿 만들기');
      await at('', async (page) => {
        await step(page).click();
        await page.waitForURL('**/console/secrets/new');
      });
      await at('', async (page) => assert.equal(await step(page).evaluate((one) => one.tagName), 'SPAN'), { role: 'VIEWER' });
    } finally {
      await changeDatabase(shell, 'UPDATE api_secret SET revoked_at = NULL');
    }
  });
});

describe('after some verifications', () => {
  before(async () => {
    for (const [operator, method] of [['SKT', 'SMS'], ['KT', 'APP'], ['KT_MVNO', 'SMS']]) {
      const story = await Story.of(dev, operator, method);
      await story.send();
      if (operator === 'SKT') await assert.rejects(story.confirm(anotherNumber(await story.otp())));
      await story.finish();
    }
    await refused('SKT');
    // Twice by the same id: one verification, two tries.
    const again = await refused('SKT');
    const { name, phone, birthDate, gender, isForeigner } = again.person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'SKT', pass: true });
    await again.send();
    await again.finish();
    const open = await Story.of(dev, 'LGU');
    await open.send();
  });

  // A week, so that a midnight in Korea changes nothing.
  const WEEK = '?period=week';

  test('the numbers are those of what happened', async () => {
    await at(WEEK, async (page) => {
      assert.equal(await page.getByRole('region', { name: '시작하기' }).count(), 0);
      assert.deepEqual(await numbers(page), { 본인인증: '6건', 성공: '4건', 실패: '1건', '진행 중': '1건', 성공률: '80.0%' });
      assert.deepEqual(await rates(page, '방식별 성공률'), {
        '문자(API)': '60.0%: 성공 3 · 실패 2 · 진행 중 1',
        'PASS 앱(API)': '100%: 성공 1 · 실패 0',
      });
      assert.deepEqual(await rates(page, '통신사별 성공률'), {
        SKT: '50.0%: 성공 2 · 실패 2',
        KT: '100%: 성공 1 · 실패 0',
        'LG U+': '아직 끝난 시도가 없습니다: 성공 0 · 실패 0 · 진행 중 1',
        'KT 알뜰폰': '100%: 성공 1 · 실패 0',
      });
      assert.match(await page.getByRole('region', { name: '시도가 실패한 이유' }).innerText(), /KCP가 거절했습니다\.\s*2건/);
    });
  });

  test('the chart is drawn, told in a sentence, and the same as its table', async () => {
    await at(WEEK, async (page) => {
      const chart = page.getByRole('img', { name: '날짜별 시도' });
      assert.match(await chart.locator('desc').textContent(), /시도는 모두 7건/);
      const area = (kind) => chart.locator(`rect.${kind}`).evaluateAll((all) => all.reduce((sum, one) => sum + Number(one.getAttribute('height')), 0));
      assert.ok((await area('ok')) > (await area('no')) && (await area('no')) > (await area('open')) && (await area('open')) > 0);
      await page.getByText('표로 보기').click();
      const table = await rows(page, '날짜별 시도');
      assert.equal(table.length, 7);
      const sum = (column) => table.reduce((all, row) => all + Number(row[column]), 0);
      assert.deepEqual([sum(1), sum(2), sum(3), sum(4)], [7, 4, 2, 1]);
    });
  });

  test("KCP's latency is told by call, and its failures by code with what they mean", async () => {
    await at(WEEK, async (page) => {
      const latencies = await rows(page, 'KCP의 응답 시간');
      assert.deepEqual(
        latencies.map(([call, count]) => `${call}: ${count}`),
        [
          '본인 정보 확인 2100: 6',
          '인증번호 발송 2200: 2',
          '인증번호 확인 2300: 4',
          '알뜰폰 사업자 조회 2400: 1',
          'PASS 앱 알림 발송 2500: 1',
          'PASS 인증 결과 조회 2600: 1',
        ],
      );
      for (const [, , ...lengths] of latencies) for (const length of lengths) assert.match(length, /^([\d,]+ms|1ms 미만)$/);
      const failures = await rows(page, 'KCP가 돌려준 실패 코드');
      assert.deepEqual(
        failures.map(([call, code, meaning, count]) => [call, code, meaning, count]),
        [
          ['본인 정보 확인 2100', 'SB01', '샌드박스의 코드: 입력한 정보가 통신사에 등록된 정보와 맞지 않습니다.', '2'],
          ['인증번호 확인 2300', 'SB11', '샌드박스의 코드: 고객이 인증번호를 틀렸습니다.', '1'],
        ],
      );
    });
  });

  test('another time and another store have figures of their own', async () => {
    await at('', async (page) => {
      await page.getByRole('link', { name: '최근 30일' }).click();
      await page.waitForURL('**/console?period=month');
      assert.equal(await page.getByRole('link', { name: '최근 30일' }).getAttribute('aria-current'), 'true');
      assert.equal((await numbers(page))['본인인증'], '6건');
      await page.getByLabel('상점').selectOption(STORE_2);
      await page.getByRole('button', { name: '보기' }).click();
      await page.waitForURL(`**/console?period=month&store=${STORE_2}`);
      assert.equal((await numbers(page))['본인인증'], '0건');
      assert.match(await page.locator('main').innerText(), /최근 30일 시작한 본인인증이 없습니다/);
      await page.getByRole('link', { name: '최근 7일' }).click();
      await page.waitForURL(`**/console?period=week&store=${STORE_2}`);
      await page.goto(`${dev.gateway}/console?period=week&store=${STORE}`);
      assert.equal((await numbers(page))['본인인증'], '6건');
    });
    await at('', async (page, visit) => {
      const answer = await page.goto(`${dev.gateway}/console?store=store-nowhere`);
      assert.equal(answer.status(), 404);
      visit.faults.length = 0;
    });
  });

  test('a viewer sees the same figures', async () => {
    await at(WEEK, async (page) => assert.equal((await numbers(page))['본인인증'], '6건'), { role: 'VIEWER' });
  });

  test('a certificate that ends soon stands on top, with the way to it', async () => {
    const inDays = (days) => (Date.now() + days * 86_400_000) * 1000;
    const ends = (until) => changeDatabase(shell, "UPDATE channel SET hub_certificate_ends_at = ? WHERE name = 'KCP 샌드박스'", until);
    await ends(inDays(12.5));
    try {
      await at('', async (page) => {
        const box = page.getByRole('region', { name: '인증서를 갱신해야 합니다' });
        assert.match(await box.innerText(), /KCP 샌드박스: .*12일/);
        await look(page, 'overview-certificate');
        await box.getByRole('link', { name: 'KCP 샌드박스' }).click();
        await page.waitForURL('**/console/channels/*');
      });
      await ends(inDays(31));
      await at('', async (page) => assert.equal(await page.getByText('인증서를 갱신해야 합니다').count(), 0));
    } finally {
      await ends(inDays(1000));
    }
  });

  test('it can be read on a phone, in the dark, and with the navigation folded', async () => {
    for (const width of [1280, 390]) {
      await at(
        '',
        async (page) => {
          await look(page, 'overview');
          await page.emulateMedia({ colorScheme: 'dark' });
          await look(page, 'overview-dark');
          const menu = page.getByRole('button', { name: '메뉴' });
          assert.equal(await menu.isVisible(), width === 390);
          const place = page.getByRole('navigation', { name: '콘솔' }).getByRole('link', { name: '본인인증' });
          assert.equal(await place.isVisible(), width === 1280);
          if (width === 390) await menu.click();
          await look(page, 'overview-menu');
          await place.click();
          await page.waitForURL('**/console/verifications');
        },
        { width },
      );
    }
  });

  test('it allows nothing but its own style and script, which may be kept until they change', async () => {
    const client = await Client.of(await Person.make(shell, { role: 'VIEWER' }));
    const { headers, body } = await client.get('/console');
    const policy = headers.get('content-security-policy');
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
      assert.ok(policy.split('; ').includes(rule), policy);
    }
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.doesNotMatch(body, /<style|<script>|\sstyle=|\son[a-z]+=/);
    for (const file of ['style.css', 'console.js']) {
      const address = new RegExp(`"(/console/${file}\\?v=[0-9a-f]{16})"`).exec(body)[1];
      const kept = await client.get(address);
      assert.equal(kept.headers.get('cache-control'), 'public, max-age=31536000, immutable');
      const other = await client.get(`/console/${file}?v=0123456789abcdef`);
      assert.equal(other.headers.get('cache-control'), 'no-cache');
      assert.equal(other.body, kept.body);
    }
  });

  test('it needs no script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 900 } });
    try {
      const page = await context.newPage();
      await signIn(page, dev.info.console);
      await page.goto(`${dev.gateway}/console${WEEK}`);
      await page.getByRole('button', { name: '메뉴' }).click();
      await page.getByRole('link', { name: '상점', exact: true }).click();
      await page.waitForURL('**/console/stores');
    } finally {
      await context.close();
    }
  });
});
