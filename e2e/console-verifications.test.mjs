// Verifications in the console: found without an address that tells who, masked until there is a reason, and told so that support
// can read it aloud.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, watchedPage } from './harness/browser.mjs';
import { Client, look, Person, press, signIn } from './harness/console.mjs';
import { CHANNEL, Dev, STORE } from './harness/dev.mjs';
import { newId, sending } from './harness/people.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { search } from './harness/search.mjs';
import { Story } from './harness/story.mjs';
import { Window } from './harness/window.mjs';

const REASON = '고객 문의 1234 확인';
const CUSTOMER_ID = 'customer-hidden-7f3a';

let dev;
let browser;
let shell;
/** SMS at KT: a wrong number, a message sent again, then verified. */
let verified;
/** SMS at SKT: KCP refuses, and the second try is under way. */
let tried;
/** PASS at LG U+, verified. */
let app;
/** Every address that a browser of this file has asked for. */
const asked = [];

before(async () => {
  dev = await Dev.start({ contract: false, env: { BONIN_LOG: 'debug' } });
  shell = { gateway: dev.gateway, database: dev.database, json: (args) => dev.json(args) };
  browser = await launch();

  verified = await Story.of(dev, 'KT');
  await verified.sdk.sendIdentityVerification({
    identityVerificationId: verified.id,
    ...sending(verified.person, { channelKey: CHANNEL, operator: 'KT', customer: { id: CUSTOMER_ID } }),
  });
  await assert.rejects(verified.confirm(anotherNumber(await verified.otp())));
  await verified.resend();
  await dev.sandbox.message(verified.person.phone, 2);
  verified.answer = await verified.finish();

  tried = await Story.of(dev, 'SKT');
  const { name, phone, birthDate, gender, isForeigner } = tried.person;
  const known = { phone, birthDate, gender, isForeigner, operator: 'SKT', pass: true };
  await dev.sandbox.addPerson({ name: '다른이', ...known });
  await assert.rejects(tried.send());
  await dev.sandbox.addPerson({ name, ...known });
  await tried.send();

  app = await Story.of(dev, 'LGU', 'APP');
  await app.send();
  await app.finish();
});
after(async () => {
  await browser?.close();
  await dev?.stop();
});

const HERE = '/console/verifications';
const address = (story) => `${HERE}/${STORE}/${story.id}`;
const audit = async () => (await shell.json(['audit', 'list', '--size', '100'])).entries;
/** What nobody may see without a reason. */
const personal = ({ person, answer }) => ({
  name: person.name,
  phone: person.phone,
  'phone with hyphens': person.phone.replace(/(\d{3})(\d{4})(\d{4})/, '$1-$2-$3'),
  'birth date': person.birthDate,
  ...(answer ? { CI: answer.verifiedCustomer.ci, DI: answer.verifiedCustomer.di, 'customer.id': CUSTOMER_ID } : {}),
});
const masked = ({ person }) => `${person.name[0]}*${person.name[2]} 010-****-${person.phone.slice(-4)}`;
const main = (page) => page.locator('main').innerText();
const ids = (page) => page.locator('table.verifications tbody th').allInnerTexts();
const narrow = (page) => page.getByRole('form', { name: '찾을 조건' });

/** Runs with this page of the console, seen by somebody with this role. */
async function at(path, use, { width = 1280, role = 'OWNER' } = {}) {
  const visit = await watchedPage(browser, width);
  visit.page.on('request', (request) => asked.push(request.url()));
  try {
    if (role === 'OWNER') await signIn(visit.page, dev.info.console);
    else await (await Person.make(shell, { role })).signIn(visit.page);
    await visit.page.goto(`${dev.gateway}${path}`);
    const result = await use(visit.page, visit);
    assert.deepEqual(visit.faults, []);
    return result;
  } finally {
    await visit.close();
  }
}

describe('the list', () => {
  test('shows everyone masked, on a screen and on a phone', async () => {
    for (const width of [1280, 390]) {
      await at(
        HERE,
        async (page) => {
          assert.deepEqual(await ids(page), [app.id, tried.id, verified.id]);
          for (const story of [verified, tried, app]) {
            const line = page.getByRole('row').filter({ hasText: story.id });
            assert.ok((await line.innerText()).includes(masked(story)), await line.innerText());
            assert.deepEqual(search(personal(story), { page: Buffer.from(await page.content()) }), []);
          }
          await look(page, 'verifications');
        },
        { width },
      );
    }
  });

  test('is narrowed by each filter, and keeps what was chosen', async () => {
    await at(HERE, async (page) => {
      for (const [label, choice, found] of [
        ['상태', 'VERIFIED', [app, verified]],
        ['상태', 'READY', [tried]],
        ['상태', 'FAILED', []],
        ['방식', 'SMS', [tried, verified]],
        ['방식', 'WINDOW', []],
        ['통신사', 'LGU', [app]],
        ['채널', 'TEST', [app, tried, verified]],
        ['채널', 'LIVE', []],
        ['기간의 기준', 'VERIFIED', [app, verified]],
        ['상점', STORE, [app, tried, verified]],
      ]) {
        await page.goto(`${dev.gateway}${HERE}`);
        await narrow(page).getByLabel(label, { exact: true }).selectOption(choice);
        await press(page, '찾기');
        assert.deepEqual(await ids(page), found.map(({ id }) => id), `${label} ${choice}`);
        assert.equal(await narrow(page).getByLabel(label, { exact: true }).inputValue(), choice);
        // What was left empty is not in the address.
        assert.equal(new URL(page.url()).searchParams.size, 1, page.url());
        if (!found.length) assert.match(await main(page), /조건에 맞는 본인인증이 없습니다/);
      }
    });
  });

  test('finds by every id there is', async () => {
    const [, second] = await tried.tries();
    const { pgTxId } = verified.answer;
    await at(HERE, async (page) => {
      for (const [label, id, story] of [
        ['identityVerificationId', verified.id, verified],
        ['identityVerificationTxId', second.toUpperCase(), tried],
        ['KCP 거래 번호(pgTxId)', pgTxId, verified],
      ]) {
        await page.goto(`${dev.gateway}${HERE}`);
        await page.getByText('아이디로 찾기').click();
        await narrow(page).getByLabel(label).fill(id);
        await press(page, '찾기');
        assert.deepEqual(await ids(page), [story.id], label);
      }
    });
  });

  test('says beside each field what is wrong, and loses nothing', async () => {
    await at(`${HERE}?status=FAILED&operator=KCP&id=order-1&txId=12&from=2026-11-24&until=2026-11-23`, async (page, { faults }) => {
      const message = (field) => page.locator(`#${field}-error`).innerText();
      assert.match(await message('operator'), /통신사는 목록에 있는 것/);
      assert.match(await message('id'), /영문과 숫자 70자/);
      assert.match(await message('txId'), /32자/);
      assert.match(await message('from'), /첫날은 마지막 날보다 늦을 수 없습니다/);
      assert.equal(await page.getByRole('alert').locator('li').count(), 4);
      for (const [field, value] of Object.entries({ status: 'FAILED', id: 'order-1', txId: '12', from: '2026-11-24', until: '2026-11-23' })) {
        assert.equal(await page.locator(`#${field}`).inputValue(), value, field);
      }
      assert.equal(await page.locator('#id').getAttribute('aria-invalid'), 'true');
      assert.ok(faults.some((fault) => fault.startsWith('400')), 'the answer says so by its status');
      faults.length = 0;
      await look(page, 'verifications-wrong');
    });
  });

  test('has pages', async () => {
    const many = await Promise.all(Array.from({ length: 28 }, async () => (await Story.of(dev, 'LGU_MVNO')).send()));
    assert.equal(many.length, 28);
    await at(`${HERE}?channel=TEST`, async (page) => {
      assert.match(await main(page), /모두 31건/);
      assert.equal((await ids(page)).length, 30);
      await page.getByRole('link', { name: '다음' }).click();
      await page.waitForURL('**?channel=TEST&page=2');
      assert.deepEqual(await ids(page), [verified.id]);
      assert.match(await main(page), /2쪽 가운데 2쪽/);
      await page.getByRole('link', { name: '이전' }).click();
      await page.waitForURL('**?channel=TEST&page=1');
      // Beyond the end there is nothing, and no fault either.
      for (const beyond of ['99', '1000000']) {
        await page.goto(`${dev.gateway}${HERE}?page=${beyond}`);
        assert.deepEqual(await ids(page), []);
      }
      // What is no number is the first page.
      for (const wrong of ['0', '-1', 'x', '99999999999999999999']) {
        await page.goto(`${dev.gateway}${HERE}?page=${wrong}`);
        assert.equal((await ids(page)).length, 30, wrong);
      }
    });
  });
});

describe('looking for a person', () => {
  test('goes by form alone, and the audit gets the fields but not what was in them', async () => {
    for (const [fields, noted] of [
      [{ 이름: verified.person.name, '휴대폰 번호': verified.person.phone }, ['name', 'phone']],
      [{ '휴대폰 번호': personal(verified)['phone with hyphens'] }, ['phone']],
      [{ 이름: verified.person.name, 생년월일: verified.person.birthDate }, ['name', 'birthDate']],
    ]) {
      await at(`${HERE}?status=VERIFIED`, async (page) => {
        await page.getByText('고객 정보로 찾기').click();
        for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
        await press(page, '고객 찾기');
        assert.equal(page.url(), `${dev.gateway}${HERE}`);
        assert.deepEqual(await ids(page), [verified.id]);
        assert.equal(await page.getByLabel('상태', { exact: true }).inputValue(), 'VERIFIED', 'the other conditions hold');
        for (const [label, value] of Object.entries(fields)) assert.equal(await page.getByLabel(label).inputValue(), value);
        await look(page, 'verifications-person');
      });
      const [entry] = (await audit()).filter(({ action }) => action === 'verification.search');
      assert.deepEqual(entry.details, { fields: noted });
      assert.equal(entry.actor.name, dev.info.console.username);
      assert.deepEqual(search(personal(verified), { entry: Buffer.from(JSON.stringify(entry)) }), []);
    }
  });

  test('that finds nobody is noted all the same, and one that is filled in wrongly is not a search', async () => {
    const searches = async () => (await audit()).filter(({ action }) => action === 'verification.search').length;
    const before = await searches();
    await at(HERE, async (page, { faults }) => {
      await page.getByText('고객 정보로 찾기').click();
      await page.getByLabel('휴대폰 번호').fill('02-123-4567');
      await press(page, '고객 찾기');
      assert.match(await page.locator('#phone-error').innerText(), /휴대폰 번호는 01로 시작하는/);
      assert.equal(await page.getByLabel('휴대폰 번호').inputValue(), '02-123-4567');
      assert.equal(await searches(), before);
      faults.length = 0;
      await page.getByLabel('휴대폰 번호').fill('01099999999');
      await press(page, '고객 찾기');
      assert.deepEqual(await ids(page), []);
      assert.equal(await searches(), before + 1);
    });
  });

  test('is not for viewers, by whatever they send', async () => {
    await at(HERE, async (page) => {
      assert.deepEqual((await ids(page)).length, 30);
      assert.equal(await page.getByText('고객 정보로 찾기').count(), 0);
    }, { role: 'VIEWER' });
    const viewer = await Client.of(await Person.make(shell, { role: 'VIEWER' }));
    const searches = async () => (await audit()).filter(({ action }) => action === 'verification.search').length;
    const before = await searches();
    for (const form of [{ name: verified.person.name }, { phone: verified.person.phone }, { birthDate: '1990-01-01' }]) {
      const { status, body } = await viewer.post(HERE, form);
      assert.equal(status, 403);
      assert.match(body, /권한이 없습니다/);
      assert.doesNotMatch(body, new RegExp(verified.id));
    }
    assert.equal(await searches(), before);
    // An address that names a person finds as if it did not.
    const { status, body } = await viewer.get(`${HERE}?name=nobody-at-all&phone=01000000000`);
    assert.equal(status, 200);
    assert.match(body, /모두 31건/);
  });
});

describe('one verification', () => {
  test('is told so that support can read it aloud', async () => {
    for (const width of [1280, 390]) {
      await at(
        address(verified),
        async (page) => {
          const lines = await page.locator('ol.story > li > p:first-child').allInnerTexts();
          const sentences = [
            /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d 서비스가 문자 인증을 시작했습니다\.$/,
            /^\d\d:\d\d:\d\d KCP에 본인 정보 확인을 요청했고 \d+(\.\d+)?초 만에 성공했습니다\(2100, 0000\)\.$/,
            / 고객의 휴대폰으로 인증번호를 보냈습니다\.$/,
            / 고객이 입력한 인증번호를 서비스가 확인해 달라고 했습니다\.$/,
            / KCP에 인증번호 확인을 요청했고 \d+(\.\d+)?초 만에 거절되었습니다\(2300, SB11\)\.$/,
            / 고객이 입력한 인증번호가 틀렸습니다\.$/,
            / 서비스가 인증번호를 다시 보내 달라고 했습니다\.$/,
            / KCP에 인증번호 발송을 요청했고 \d+(\.\d+)?초 만에 성공했습니다\(2200, 0000\)\.$/,
            / 고객의 휴대폰으로 인증번호를 다시 보냈습니다\.$/,
            / 고객이 입력한 인증번호를 서비스가 확인해 달라고 했습니다\.$/,
            / KCP에 인증번호 확인을 요청했고 \d+(\.\d+)?초 만에 성공했습니다\(2300, 0000\)\.$/,
            / 본인인증에 성공했습니다\.$/,
          ];
          assert.equal(lines.length, sentences.length, lines.join('\n'));
          sentences.forEach((sentence, i) => assert.match(lines[i].replace(/\s+/g, ' '), sentence));
          assert.match(await main(page), /샌드박스의 코드: 고객이 인증번호를 틀렸습니다\./);
          assert.deepEqual(search(personal(verified), { page: Buffer.from(await page.content()) }), []);
          await page.getByText('이 시도의 정보').click();
          assert.match(await main(page), /틀린 인증번호\s*1번/);
          assert.match(await main(page), /다시 보낸 횟수\s*1번/);
          await look(page, 'verification');
        },
        { width },
      );
    }
  });

  test('has a section for each of its tries, the latest first', async () => {
    await at(address(tried), async (page) => {
      const heads = await page.locator('section.try h3').allInnerTexts();
      assert.deepEqual(heads, ['2번째 시도 · 문자(API) · SKT', '1번째 시도 · 문자(API) · SKT']);
      const first = page.getByRole('region', { name: /1번째 시도/ });
      assert.match(await first.innerText(), /KCP가 거절해 실패로 끝났습니다\./);
      assert.match(await first.innerText(), /입력한 정보가 통신사에 등록된 정보와 맞지 않습니다/);
      assert.match(await page.getByRole('region', { name: /2번째 시도/ }).innerText(), /인증번호를 보냈습니다\.$/m);
      await look(page, 'verification-tries');
    });
  });

  test('in a window is told from the opening to the way back', async () => {
    for (const [act, told] of [
      [
        (window) => window.verify('SMS'),
        [
          /고객이 인증 창을 열기 시작했습니다\.$/,
          /KCP에 인증 창 등록을 요청했고 .* 만에 성공했습니다\(register, 0000\)\.$/,
          /고객에게 KCP의 인증 창을 열어 주었습니다\.$/,
          /고객이 인증 창에서 돌아왔습니다\.$/,
          /KCP에 인증 창 결과 조회를 요청했고 .* 만에 성공했습니다\(query, 0000\)\.$/,
          /본인인증에 성공했습니다\.$/,
        ],
      ],
      [
        (window) => window.cancel(),
        [
          /고객이 인증 창을 열기 시작했습니다\.$/,
          /인증 창 등록을 .* 성공했습니다/,
          /고객에게 KCP의 인증 창을 열어 주었습니다\.$/,
          /고객이 인증 창에서 취소하고 돌아왔습니다\(9999\)\.$/,
          /인증 창 결과 조회를 .* 거절되었습니다/,
          /KCP가 거절해 실패로 끝났습니다\.$/,
        ],
      ],
    ]) {
      const id = newId();
      const origin = 'http://shop.example';
      const response = await fetch(new URL('/checkout/identity-verifications', dev.gateway), {
        method: 'POST',
        headers: { origin, 'content-type': 'text/plain;charset=UTF-8' },
        body: JSON.stringify({
          ...{ storeId: STORE, channelKey: CHANNEL, identityVerificationId: id },
          ...{ windowType: 'REDIRECTION', redirectUrl: `${origin}/done` },
        }),
      });
      const opened = await response.json();
      assert.equal(response.status, 200, JSON.stringify(opened));
      const context = await browser.newContext({ locale: 'ko-KR' });
      const page = await context.newPage();
      await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: 'back' }));
      await page.goto(opened.url);
      await act(await Window.of(dev, page));
      await page.waitForURL(`${origin}/done?**`);
      await context.close();
      await at(`${HERE}/${STORE}/${id}`, async (console_) => {
        const lines = await console_.locator('ol.story > li > p:first-child').allInnerTexts();
        assert.equal(lines.length, told.length, lines.join('\n'));
        told.forEach((sentence, i) => assert.match(lines[i], sentence));
        await look(console_, 'verification-window');
      });
    }
  });

  test('that is not there is not found, whatever its address', async () => {
    await at(HERE, async (page, { faults }) => {
      for (const path of [`${HERE}/${STORE}/nothere`, `${HERE}/nowhere/${verified.id}`, `${HERE}/${STORE}/%ED%99%8D`, `${HERE}/${STORE}/a-b`]) {
        const answer = await page.goto(`${dev.gateway}${path}`);
        assert.equal(answer.status(), 404, path);
        assert.match(await main(page), /찾을 수 없습니다/);
      }
      faults.length = 0;
    });
  });
});

describe('revealing a person', () => {
  const reveals = async () => (await audit()).filter(({ action }) => action === 'verification.reveal');

  test('takes a reason, shows the person once, and is in the audit with the reason', async () => {
    const before = (await reveals()).length;
    for (const width of [1280, 390]) {
      await at(
        address(verified),
        async (page, { faults }) => {
          await page.getByText('가려진 정보를 봅니다').click();
          // The browser asks for a reason; without it the gateway does.
          await page.getByLabel('보는 이유').fill(' - ');
          await press(page, '보기');
          assert.match(await page.locator('#reason-error').innerText(), /2자에서 200자/);
          assert.deepEqual(search(personal(verified), { page: Buffer.from(await page.content()) }), []);
          faults.length = 0;
          await page.getByLabel('보는 이유').fill(REASON);
          const answered = page.waitForResponse((response) => response.url().endsWith('/reveal'));
          await press(page, '보기');
          assert.equal((await answered).headers()['cache-control'], 'no-store');
          const shown = page.getByRole('region', { name: '인증된 고객 정보' });
          const text = await shown.innerText();
          const { person } = verified;
          const gender = person.gender === 'MALE' ? '남성' : '여성';
          for (const value of [person.name, person.phone, person.birthDate, gender, '내국인', 'KT', CUSTOMER_ID, '감사 기록에 남겼습니다']) {
            assert.ok(text.includes(value), `${value} in ${text}`);
          }
          assert.ok(!text.includes(verified.answer.verifiedCustomer.ci), 'CI only where it is asked for');
          await look(page, 'verification-revealed');
          await page.goto(`${dev.gateway}${address(verified)}`);
          assert.deepEqual(search(personal(verified), { page: Buffer.from(await page.content()) }), []);
        },
        { width },
      );
    }
    const all = await reveals();
    assert.equal(all.length, before + 2);
    const [entry] = all;
    assert.equal(entry.subject, verified.id);
    assert.equal(entry.storeId, STORE);
    assert.equal(entry.reason, REASON);
    assert.equal(entry.actor.name, dev.info.console.username);
    assert.equal(entry.details.linking, false);
    assert.deepEqual(search(personal(verified), { entry: Buffer.from(JSON.stringify(entry)) }), []);
  });

  test('shows CI and DI only where they are asked for, which the audit tells', async () => {
    await at(
      address(verified),
      async (page) => {
        await page.getByText('가려진 정보를 봅니다').click();
        await page.getByLabel('보는 이유').fill(REASON);
        await page.getByLabel('CI와 DI도 봅니다').check();
        await press(page, '보기');
        const { ci, di } = verified.answer.verifiedCustomer;
        assert.equal(await page.locator('#ci').innerText(), ci);
        assert.equal(await page.locator('#di').innerText(), di);
      },
      { role: 'OPERATOR' },
    );
    const [entry] = await reveals();
    assert.equal(entry.details.linking, true);
    assert.match(entry.actor.name, /^operator-/);
  });

  test('of a try that nobody has verified says that it is what was asked for', async () => {
    await at(address(tried), async (page) => {
      await page.getByText('가려진 정보를 봅니다').click();
      await page.getByLabel('보는 이유').fill(REASON);
      await press(page, '보기');
      const shown = page.getByRole('region', { name: '요청에 적힌 고객 정보(인증되지 않음)' });
      assert.ok((await shown.innerText()).includes(tried.person.name));
    });
  });

  test('is not for viewers, by whatever they send', async () => {
    await at(address(verified), async (page) => assert.equal(await page.getByText('고객 정보 보기').count(), 0), { role: 'VIEWER' });
    const before = (await reveals()).length;
    const viewer = await Client.of(await Person.make(shell, { role: 'VIEWER' }));
    const { status, body } = await viewer.post(`${address(verified)}/reveal`, { reason: REASON });
    assert.equal(status, 403);
    assert.deepEqual(search(personal(verified), { body: Buffer.from(body) }), []);
    assert.equal((await reveals()).length, before);
  });

  test('leaves nobody in an address or in the log', async () => {
    assert.ok(asked.some((url) => url.endsWith('/reveal')), 'addresses were kept');
    const log = dev.program.stderr;
    assert.match(log, /\/console\/verifications\/\{store\}\/\{id\}\/reveal/, 'the log has what was asked for');
    for (const story of [verified, tried]) {
      const places = { addresses: Buffer.from(asked.join('\n')), log: Buffer.from(log) };
      assert.deepEqual(search({ ...personal(story), reason: REASON }, places), []);
    }
  });
});
