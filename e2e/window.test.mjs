// KCP's window as anyone meets it: a client in another language, written from KCP's protocol alone, registers, drives the pages over HTTP and
// decrypts the result; and a real browser goes through them as a person does, against `bonin sandbox`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertAccessible, assertFits, launch, watchedPage } from './harness/browser.mjs';
import { succeed } from './harness/command.mjs';
import { Merchant, startShop } from './harness/merchant.mjs';
import { newPerson, OPERATORS } from './harness/people.mjs';
import { sleep } from './harness/program.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { startSandbox } from './harness/standalone.mjs';

const CLIENT = fileURLToPath(new URL('window_client.py', import.meta.url));
const COMM_ID = { SKT: 'SKT', KT: 'KTF', LGU: 'LGT', SKT_MVNO: 'SKM', KT_MVNO: 'KTM', LGU_MVNO: 'LGM' };
const PUBLIC_TEST_KEY = 'c2a22fa3ebe4698075bcac6b433d52e351c881b02fb83488d4283a43385b1f8e';
const DEFAULT = { siteCd: 'AO7F3', encKey: PUBLIC_TEST_KEY };

let program, sandbox, browser;
before(async () => {
  ({ program, sandbox } = await startSandbox());
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await program?.stop();
});

/** What this person types. */
const typed = ({ name, phone, identityNumber }) => ({
  name,
  phone: `${phone.slice(0, 3)}-${phone.slice(3, 7)}-${phone.slice(7)}`,
  birth: identityNumber.slice(0, 6),
  digit: identityNumber.slice(6),
});

/** Lets the foreign client go through the window. */
async function walk(person, operator, method, { merchant = DEFAULT, ...extra } = {}) {
  const task = {
    sandbox: sandbox.address.replace(/\/$/, ''),
    site_cd: merchant.siteCd,
    enc_key: merchant.encKey,
    person: typed(person),
    operator: COMM_ID[operator],
    method,
    ...extra,
  };
  return JSON.parse(await succeed('python3', [CLIENT], { input: JSON.stringify(task) }));
}

async function knownPerson(operator, options) {
  const person = newPerson(options);
  const { name, phone, birthDate, gender, isForeigner } = person;
  await sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
  return person;
}

function assertPerson(data, person, operator) {
  const { CI, DI, CI_URL, DI_URL, per_cert_no: number, res_msg: message, ...rest } = data;
  assert.deepEqual(rest, {
    res_cd: '0000',
    user_name: person.name,
    phone_no: person.phone,
    birth_day: person.birthDate.replaceAll('-', ''),
    sex_code: person.gender === 'MALE' ? '01' : '02',
    local_code: person.isForeigner ? '02' : '01',
    comm_id: COMM_ID[operator],
  });
  assert.ok(number && message);
  assert.equal(CI.length, 88);
  assert.equal(DI.length, 64);
  assert.equal(decodeURIComponent(CI_URL), CI);
  assert.equal(decodeURIComponent(DI_URL), DI);
}

describe('a client in another language', () => {
  for (const operator of OPERATORS) {
    for (const method of ['SMS', 'PASS']) {
      test(`${method} with ${operator}, stumbling once`, async () => {
        const person = await knownPerson(operator, { isForeigner: operator === 'LGU' });
        const outcome = await walk(person, operator, method, { stumble: true });
        assert.equal(outcome.registered.res_cd, '0000');
        assert.equal(outcome.before.res_cd, 'SB21', 'nobody is verified yet');
        assertPerson(outcome.after.decrypted, person, operator);
        assert.deepEqual(outcome.again.decrypted, outcome.after.decrypted, 'asking again gives the same');
        assert.notEqual(outcome.again.rv, outcome.after.rv, 'under a fresh salt');
        const [post] = outcome.posts;
        assert.equal(outcome.posts.length, 1);
        assert.equal(post.path, '/return/secret?a=1&b=%EA%B0%80');
        assert.equal(post.type, 'application/x-www-form-urlencoded');
        assert.deepEqual(post.fields, {
          res_cd: '0000',
          res_msg: encodeURIComponent('정상처리'),
          ordr_idxx: outcome.order,
          site_cd: 'AO7F3',
          param_opt_1: '하나 & 둘',
          param_opt_2: '',
          param_opt_3: '3',
        });
        assert.equal(outcome.trail.at(-1).status, 410, 'the key opens no second window');
      });
    }
  }

  for (const leave of ['operator', 'terms', 'method', 'person', 'number', 'pass']) {
    test(`leaves at ${leave}`, async () => {
      const method = leave === 'pass' ? 'PASS' : 'SMS';
      const outcome = await walk(newPerson(), 'KT', method, { leave });
      const [{ fields }] = outcome.posts;
      assert.equal(fields.res_cd, '9999');
      assert.equal(decodeURIComponent(fields.res_msg), '사용자가 인증을 취소하였습니다');
      assert.equal(fields.ordr_idxx, outcome.order);
      assert.equal(outcome.after.res_cd, '9999');
      assert.equal(outcome.after.enc_cert_data, undefined);
    });
  }

  test('the DI is for the site that the registration names, and the CI is not', async () => {
    const person = await knownPerson('SKT');
    const [own, other, again] = [
      await walk(person, 'SKT', 'SMS'),
      await walk(person, 'SKT', 'SMS', { registration: { web_siteid: 'J99999999999' } }),
      await walk(person, 'SKT', 'PASS', { registration: { web_siteid: 'J99999999999' } }),
    ].map((outcome) => outcome.after.decrypted);
    assert.equal(own.CI, other.CI);
    assert.notEqual(own.DI, other.DI);
    assert.equal(other.DI, again.DI);
  });
});

describe('what the sandbox refuses', () => {
  const register = (merchant, fields) => new Merchant(sandbox.address, merchant).register(fields);

  for (const [what, merchant, fields, code] of [
    ['an unknown merchant', { siteCd: 'ZZZZZ', encKey: PUBLIC_TEST_KEY }, {}, 'SB92'],
    ['a wrong key', { siteCd: 'AO7F3', encKey: 'f'.repeat(64) }, {}, 'SB91'],
    ['another merchant inside the cipher', DEFAULT, { site_cd: 'ZZZZZ' }, 'SB93'],
    ['a return address elsewhere', DEFAULT, { Ret_URL: 'https://shop.example/return' }, 'CS24'],
    ['a return address that only looks like the right one', DEFAULT, { Ret_URL: 'http://127.0.0.1.shop.example/' }, 'CS24'],
    ['a return address that is none', DEFAULT, { Ret_URL: 'javascript:alert(1)' }, 'SB93'],
    ['a return address of 257 characters', DEFAULT, { Ret_URL: `http://127.0.0.1/${'r'.repeat(240)}` }, 'SB93'],
    ['an order number of 51 characters', DEFAULT, { ordr_idxx: 'x'.repeat(51) }, 'SB93'],
    ['no order number', DEFAULT, { ordr_idxx: '' }, 'SB93'],
    ['a site of 13 characters', DEFAULT, { web_siteid: 'J123456789012' }, 'SB93'],
  ]) {
    test(`a registration with ${what}`, async () => {
      const answer = await register(merchant, fields);
      assert.equal(answer.res_cd, code, JSON.stringify(answer));
      assert.match(answer.res_msg, /[가-힣]/);
      assert.equal(answer.reg_cert_key, undefined);
    });
  }

  test('what is no ciphertext of this cipher', async () => {
    const merchant = new Merchant(sandbox.address, DEFAULT);
    const { data, rv } = merchant.encrypt('{}');
    for (const [body, headers] of [
      ['{"site_cd":"AO7F3"}', { site_cd: 'AO7F3', rv }],
      ['', { site_cd: 'AO7F3', rv }],
      [data, { site_cd: 'AO7F3', rv: 'AAAA' }],
      [data, { site_cd: 'AO7F3', rv: Buffer.alloc(16).toString('base64') }],
    ]) {
      const answer = await merchant.post('/api/reg/certDataReg.do', body, headers);
      assert.equal(answer.res_cd, 'SB91', JSON.stringify(headers));
    }
  });

  test('an order number for the second time', async () => {
    const fields = { ordr_idxx: 'ONCE1' };
    assert.equal((await register(DEFAULT, fields)).res_cd, '0000');
    assert.equal((await register(DEFAULT, fields)).res_cd, 'SB94');
  });

  test('CI where the contract has none', async () => {
    const merchant = { siteCd: 'W0001', encKey: 'a'.repeat(64) };
    await sandbox.addMerchant({ ...merchant, resultUrlHosts: ['127.0.0.1'], providesCi: false });
    const { after } = await walk(await knownPerson('KT'), 'KT', 'SMS', { merchant });
    assert.equal(after.decrypted.DI.length, 64);
    assert.equal('CI' in after.decrypted || 'CI_URL' in after.decrypted, false);
  });

  test('a key that is unknown, used, or too old, each with a calm page', async () => {
    const open = async (registered, fields = {}) => {
      const body = new URLSearchParams({ reg_cert_key: registered.reg_cert_key, kcp_page_submit_yn: 'Y', ...fields });
      const response = await fetch(registered.call_url, { method: 'POST', body });
      return { status: response.status, page: await response.text() };
    };
    const registered = await register(DEFAULT);
    assert.equal((await open(registered, { reg_cert_key: 'nobody' })).status, 404);
    assert.equal((await open(registered, { kcp_page_submit_yn: '' })).status, 400);
    assert.equal((await open(registered)).status, 200);
    const used = await open(registered);
    assert.deepEqual([used.status, /이미 열었던/.test(used.page)], [410, true]);
    const old = await register(DEFAULT);
    await sandbox.settings({ registrationTtlSeconds: 0 });
    try {
      const page = await open(old);
      assert.deepEqual([page.status, /유효시간이 지났습니다/.test(page.page)], [410, true]);
    } finally {
      await sandbox.settings({ registrationTtlSeconds: 3600 });
    }
  });
});

describe('a person in a browser', () => {
  /** A page of the shop from which the window was opened, with keys alone. */
  async function opened(width, { answer, at = '/open' } = {}) {
    const shop = await startShop(answer);
    const merchant = new Merchant(sandbox.address, DEFAULT);
    const order = `E2E${Math.random().toString(36).slice(2)}`;
    shop.opening = await merchant.register({ Ret_URL: `${shop.address}/return`, ordr_idxx: order });
    const watched = await watchedPage(browser, width);
    await watched.page.goto(shop.address + at);
    const view = at === '/frame' ? watched.page.frameLocator('iframe') : watched.page;
    await view.getByRole('button', { name: '본인확인' }).press('Enter');
    return {
      ...watched,
      shop,
      view,
      query: () => merchant.query(shop.opening.reg_cert_key, order),
      end: async () => {
        await watched.close();
        await shop.stop();
        assert.deepEqual(watched.faults, []);
      },
    };
  }

  /** The page puts the focus where one goes on typing. */
  const focused = (page, id) => page.waitForFunction((wanted) => document.activeElement?.id === wanted, id);

  async function pass(view, what, width) {
    await assertAccessible(view, `${what} at ${width}`);
    await assertFits(view, `${what} at ${width}`);
  }

  for (const width of [390, 1280]) {
    test(`by SMS with the keyboard alone at ${width}`, async () => {
      const person = await knownPerson('LGU_MVNO');
      const { name, birth, digit, phone } = typed(person);
      const { page, shop, query, end } = await opened(width);
      const press = (button) => page.getByRole('button', { name: button, exact: true }).press('Enter');
      await pass(page, 'operator', width);
      await press('LG U+ 알뜰폰');
      await page.getByRole('heading', { name: '약관에 동의해 주세요' }).waitFor();
      await press('다음');
      await page.getByRole('alert').waitFor();
      await pass(page, 'terms', width);
      await page.getByLabel('모두 동의합니다').press(' ');
      await press('다음');
      await page.getByRole('heading', { name: '본인확인 방법을 선택해 주세요' }).waitFor();
      await pass(page, 'method', width);
      await page.getByRole('button', { name: /^문자/ }).press('Enter');
      await page.getByLabel('이름').press('Enter');
      await page.getByText('이름을 50자 이내로 입력해 주세요.').waitFor();
      await pass(page, 'person', width);
      await focused(page, 'name');
      await page.keyboard.insertText(name);
      await page.keyboard.press('Tab');
      await page.keyboard.type(birth);
      await page.keyboard.press('Tab');
      await page.keyboard.type(digit);
      await page.keyboard.press('Tab');
      await page.keyboard.type(phone);
      await page.keyboard.press('Enter');
      await page.getByLabel('인증번호 6자리').waitFor();
      assert.match(await page.locator('#left').textContent(), /^[23]:\d\d$/);
      await focused(page, 'otp');
      const first = await sandbox.otp(person.phone);
      await page.keyboard.type(anotherNumber(first));
      await page.keyboard.press('Enter');
      await page.getByText('인증번호가 일치하지 않습니다.').waitFor();
      await pass(page, 'number', width);
      await press('인증번호 다시 받기');
      await page.getByText('인증번호를 다시 보냈습니다.').waitFor();
      const second = await sandbox.otp(person.phone, 2);
      await page.getByLabel('인증번호 6자리').focus();
      await page.keyboard.type(second);
      await page.keyboard.press('Enter');
      await page.waitForURL(`${shop.address}/return`);
      assert.deepEqual(shop.posts.map(({ fields }) => fields.res_cd), ['0000']);
      assertPerson((await query()).decrypted, person, 'LGU_MVNO');
      await end();
    });

    test(`by PASS, refused first, at ${width}`, async () => {
      const person = await knownPerson('KT');
      const { page, shop, query, end } = await opened(width);
      const { name, birth, digit, phone } = typed(person);
      await page.getByRole('button', { name: 'KT', exact: true }).click();
      await page.getByLabel('모두 동의합니다').check();
      await page.getByRole('button', { name: '다음' }).click();
      await page.getByRole('button', { name: /PASS/ }).click();
      await page.getByLabel('이름').fill(name);
      await page.getByLabel('생년월일 6자리').fill(birth);
      await page.getByLabel('뒷자리 첫 숫자').fill(digit);
      await page.getByLabel('휴대폰 번호').fill(phone);
      await page.getByRole('button', { name: 'PASS 인증 요청하기' }).click();
      await page.getByText('앱에서 승인하기를 기다리고 있습니다').waitFor();
      await pass(page, 'pass', width);
      await sandbox.reject(person.phone);
      await page.getByText('PASS 앱에서 인증이 거절되었습니다.').waitFor();
      await pass(page, 'refused', width);
      await page.getByRole('button', { name: 'PASS 다시 요청' }).click();
      await page.getByText('PASS 앱으로 인증을 다시 요청했습니다.').waitFor();
      await sandbox.approve(person.phone);
      await page.waitForURL(`${shop.address}/return`);
      assert.equal(shop.posts[0].fields.res_cd, '0000');
      assertPerson((await query()).decrypted, person, 'KT');
      await end();
    });
  }

  test('sees the number grow old, and that it did', async () => {
    await sandbox.settings({ otpTtlSeconds: 2 });
    const { page, shop, end } = await opened(390);
    try {
      const { name, birth, digit, phone } = typed(newPerson());
      await page.getByRole('button', { name: 'SKT', exact: true }).click();
      await page.getByLabel('모두 동의합니다').check();
      await page.getByRole('button', { name: '다음' }).click();
      await page.getByRole('button', { name: /^문자/ }).click();
      await page.getByLabel('이름').fill(name);
      await page.getByLabel('생년월일 6자리').fill(birth);
      await page.getByLabel('뒷자리 첫 숫자').fill(digit);
      await page.getByLabel('휴대폰 번호').fill(phone);
      await page.getByRole('button', { name: '인증번호 받기' }).click();
      await page.getByText('입력 시간이 지났습니다.').waitFor();
      await pass(page, 'too late', 390);
      assert.equal(await page.locator('#left').textContent(), '시간 초과');
      await page.getByRole('button', { name: '취소' }).click();
      await page.waitForURL(`${shop.address}/return`);
      assert.equal(shop.posts[0].fields.res_cd, '9999');
    } finally {
      await sandbox.settings({ otpTtlSeconds: 180 });
    }
    await end();
  });

  test('comes back to a shop that sends them on, to another origin or into an app', async () => {
    const elsewhere = await startShop();
    for (const target of [`${elsewhere.address.replace('127.0.0.1', 'localhost')}/done`, 'portone://blank?ok=1']) {
      const sendOn = (_request, response) => response.writeHead(303, { location: target }).end();
      const { page, shop, close } = await opened(390, { answer: sendOn });
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      const refused = [];
      page.on('console', (message) => refused.push(message.text()));
      await page.getByRole('button', { name: '취소' }).click();
      for (let tries = 0; tries < 100 && !asked.some((url) => url === target); tries += 1) await sleep(50);
      assert.equal(shop.posts.length, 1);
      assert.equal(shop.posts[0].origin, new URL(sandbox.address).origin, 'the shop sees who posts');
      assert.ok(!refused.some((text) => /Content Security Policy/.test(text)), refused.join('\n'));
      if (target.startsWith('http')) assert.ok(asked.includes(target), asked.join('\n'));
      await close();
      await shop.stop();
    }
    await elsewhere.stop();
  });

  test('verifies inside a frame of the shop, and no stranger frames it', async () => {
    const { page, view, shop, end } = await opened(1280, { at: '/frame' });
    await view.getByRole('heading', { name: '이용 중인 통신사를 선택해 주세요' }).waitFor();
    await view.getByRole('button', { name: '취소' }).click();
    await view.getByText('back').waitFor();
    assert.equal(shop.posts[0].fields.res_cd, '9999');
    assert.equal(page.url(), `${shop.address}/frame`);
    await end();

    await sandbox.addMerchant({ siteCd: 'W0002', encKey: 'b'.repeat(64), resultUrlHosts: ['shop.example'], providesCi: true });
    const stranger = await startShop();
    const merchant = new Merchant(sandbox.address, { siteCd: 'W0002', encKey: 'b'.repeat(64) });
    stranger.opening = await merchant.register({ Ret_URL: 'https://shop.example/return' });
    const { page: evil, close } = await watchedPage(browser, 1280);
    const said = [];
    evil.on('console', (message) => said.push(message.text()));
    await evil.goto(`${stranger.address}/frame`);
    await evil.frameLocator('iframe').getByRole('button', { name: '본인확인' }).click();
    for (let tries = 0; tries < 100 && !said.some((text) => /frame-ancestors/.test(text)); tries += 1) await sleep(50);
    assert.ok(said.some((text) => /frame-ancestors/.test(text)), said.join('\n'));
    assert.equal(await evil.frameLocator('iframe').getByRole('heading').count(), 0);
    await close();
    await stranger.stop();
  });

  test('needs no script', async () => {
    const shop = await startShop();
    const merchant = new Merchant(sandbox.address, DEFAULT);
    shop.opening = await merchant.register({ Ret_URL: `${shop.address}/return`, ordr_idxx: 'NOSCRIPT1' });
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ko-KR' });
    const page = await context.newPage();
    const person = newPerson();
    const { name, birth, digit, phone } = typed(person);
    await page.goto(`${shop.address}/open`);
    await page.getByRole('button', { name: '본인확인' }).click();
    await page.getByRole('button', { name: 'SKT', exact: true }).click();
    assert.equal(await page.getByText('모두 동의합니다').isVisible(), false, 'nothing is offered that would not work');
    for (const box of await page.getByRole('checkbox').all()) await box.check();
    await page.getByRole('button', { name: '다음' }).click();
    await page.getByRole('button', { name: /PASS/ }).click();
    await page.getByLabel('이름').fill(name);
    await page.getByLabel('생년월일 6자리').fill(birth);
    await page.getByLabel('뒷자리 첫 숫자').fill(digit);
    await page.getByLabel('휴대폰 번호').fill(phone);
    await page.getByRole('button', { name: 'PASS 인증 요청하기' }).click();
    await page.getByRole('button', { name: '승인했습니다' }).click();
    await page.getByText('PASS 앱에서 아직 인증이 완료되지 않았습니다.').waitFor();
    await sandbox.approve(person.phone);
    await page.getByRole('button', { name: '승인했습니다' }).click();
    await page.getByRole('heading', { name: '본인확인이 완료되었습니다' }).waitFor();
    await page.getByRole('button', { name: '돌아가기' }).click();
    await page.waitForURL(`${shop.address}/return`);
    assertPerson((await merchant.query(shop.opening.reg_cert_key, 'NOSCRIPT1')).decrypted, person, 'SKT');
    await context.close();
    await shop.stop();
  });
});
