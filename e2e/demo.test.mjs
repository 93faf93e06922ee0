// The dev environment's own pages: the landing page, whose code does what it says when it is pasted, and the demo shop, whose customers
// are verified in every shape of the window.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { assertAccessible, assertFits, launch, watchedPage } from './harness/browser.mjs';
import { CHANNEL, CHANNEL_WINDOW_ONLY, Dev, SECRET, STORE } from './harness/dev.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { PROFILES } from './harness/shop.mjs';
import { Window } from './harness/window.mjs';

const WIDTHS = [1280, 390];

let dev, browser, visit;
before(async () => {
  dev = await Dev.start();
  browser = await launch();
});
afterEach(async () => {
  await visit?.close();
  visit = undefined;
});
after(async () => {
  await browser?.close();
  await dev?.stop();
});

const at = (path) => new URL(path, dev.gateway).href;

/** A page that is watched, and so are the popups that it opens. */
async function open(path, width = 1280) {
  visit = await watchedPage(browser, width);
  const { page, faults } = visit;
  page.context().on('page', (popup) => {
    popup.on('console', (said) => said.type() === 'error' && faults.push(`console of a popup: ${said.text()}`));
    popup.on('pageerror', (error) => faults.push(`uncaught in a popup: ${error.message}`));
  });
  await page.goto(at(path), { waitUntil: 'load' });
  return page;
}

/** What must not happen. Chromium keeps the focus from a field of KCP's window in a frame and says so: that is no fault of the page. */
const faults = () => visit.faults.filter((fault) => !fault.startsWith('console: Blocked autofocusing'));

/** The code of the block with this label. */
const code = (page, label) => page.getByRole('region', { name: label }).locator('code').textContent();

describe('each page', () => {
  for (const path of ['/', '/demo', '/demo/return', '/demo/return?identityVerificationId=x1&code=Cancelled&message=closed']) {
    for (const width of WIDTHS) {
      for (const colorScheme of ['light', 'dark']) {
        test(`${path} fits and is accessible at ${width} px, ${colorScheme}`, async () => {
          const page = await open('/health/live', width).catch(() => visit.page);
          await page.emulateMedia({ colorScheme });
          const response = await page.goto(at(path), { waitUntil: 'load' });
          assert.equal(response.status(), 200);
          assert.match(response.headers()['content-security-policy'], /^default-src 'none'; script-src 'self';/);
          assert.doesNotMatch(response.headers()['content-security-policy'], /unsafe/);
          assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
          await assertFits(page, path);
          await assertAccessible(page, path);
          assert.deepEqual(visit.faults, []);
        });
      }
    }
  }
});

describe('the landing page', () => {
  test('names the addresses and the credentials that hold, and every link leads somewhere', async () => {
    const page = await open('/');
    const text = await page.locator('main').innerText();
    const { gateway, sandbox } = dev.info;
    for (const shown of [STORE, CHANNEL, SECRET, gateway, 'bonin-dev-console', `${gateway}/openapi.json`, `${gateway}/demo`, `${sandbox}/phone`]) {
      assert.ok(text.includes(shown), shown);
    }
    const links = await page.locator('a').evaluateAll((all) => all.map(({ href }) => href.split('#')[0]));
    assert.ok(links.length > 10);
    for (const link of new Set(links)) {
      // The console sends whoever is not signed in to its door.
      const door = link.endsWith('/console');
      const response = await fetch(link, { redirect: door ? 'follow' : 'error' });
      await response.body?.cancel();
      assert.equal(response.status, 200, link);
      if (door) assert.ok(response.url.endsWith('/console/login'), response.url);
    }
  });

  test('the two calls, pasted into a shell, verify a person', async () => {
    const page = await open('/');
    const send = await code(page, '1. 인증번호 보내기');
    const confirm = await code(page, '2. 받은 번호로 확인하기');
    const shell = (script) => promisify(execFile)('bash', ['-c', script], { timeout: 20_000 });
    const { stdout } = await shell(`${send}\necho " $ID"`);
    const [answer, id] = stdout.trim().split(' ');
    assert.equal(answer, '{}');
    const otp = await dev.sandbox.otp('01012345678');
    const beginning = send.split('\n\n')[0].replace(/^ID=.*$/m, `ID=${id}`);
    const confirmed = await shell(`${beginning}\n${confirm.replace('OTP=000000', `OTP=${otp}`)}`);
    const { identityVerification } = JSON.parse(confirmed.stdout);
    assert.equal(identityVerification.status, 'VERIFIED');
    assert.equal(identityVerification.verifiedCustomer.name, '홍길동');
  });

  test('the SDK snippet, pasted into a page of another origin, verifies a person, and the call beside it tells', async () => {
    const page = await open('/');
    const html = `<!doctype html><html lang="ko"><meta charset="utf-8"><title>상점</title><link rel="icon" href="data:,">${await code(page, 'HTML')}`;
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const lookup = await code(page, '서버에서 결과 조회');
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      const popup = page.waitForEvent('popup');
      await page.getByRole('button', { name: '본인인증' }).click();
      const window = await Window.of(dev, await popup);
      const said = page.waitForEvent('dialog');
      await window.verify('SMS');
      const dialog = await said;
      const id = dialog.message().split(': ')[1];
      await dialog.accept();
      const { stdout } = await promisify(execFile)('bash', ['-c', lookup.replace('브라우저가_보낸_아이디', id)], { timeout: 20_000 });
      assert.equal(JSON.parse(stdout).verifiedCustomer.name, window.person.name);
      assert.deepEqual(visit.faults, []);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('what stands beside a button is copied with the keyboard', async () => {
    const page = await open('/');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: dev.gateway });
    await page.getByRole('button', { name: 'channelKey 복사' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: '복사했습니다' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), CHANNEL);
  });
});

/** Starts at the counter, and gives where KCP's window appears. */
async function start(page, shown, label) {
  await page.getByRole('radio', { name: label }).check();
  const popup = shown === 'POPUP' && page.waitForEvent('popup');
  await page.getByRole('button', { name: /인증하(기|고)/ }).click();
  if (shown === 'POPUP') return popup;
  if (shown === 'REDIRECTION') return page;
  return (await page.locator('dialog iframe').elementHandle()).contentFrame();
}

/** What the shop says in the end: its heading, which has the focus, and all of it. */
async function verdict(page, heading) {
  await page.locator('#result h2', { hasText: heading }).waitFor();
  await page.waitForFunction(() => document.activeElement?.matches('#result h2'));
  return page.locator('#result').innerText();
}

const WELCOME = '성인임을 확인했습니다';

/** Nothing of the person that one bystander should not read. */
function assertMasked(text, person) {
  assert.ok(!text.includes(person.name) && !text.includes(person.phone), 'name and phone are masked');
  assert.ok(text.includes(`010-****-${person.phone.slice(-4)}`), text);
  assert.ok(text.includes(person.birthDate), text);
  assert.match(text, /만 \d+세/);
  assert.match(text, /DI[^]*… \(64자\)/);
  assert.match(text, /CI[^]*… \(88자\)/);
}

describe('the demo', () => {
  for (const width of WIDTHS) {
    for (const [shown, label, method] of [
      ['POPUP', /^팝업/, 'SMS'],
      ['REDIRECTION', /^리디렉션/, 'PASS'],
      ['IFRAME', /^아이프레임/, 'SMS'],
    ]) {
      test(`${shown} at ${width} px: an adult is verified, and known again`, async () => {
        const page = await open('/demo', width);
        const first = await Window.of(dev, await start(page, shown, label));
        await first.verify(method);
        const text = await verdict(page, WELCOME);
        assertMasked(text, first.person);
        assert.ok(text.includes('처음 오신 손님'));
        await assertFits(page, 'the result');
        await assertAccessible(page, 'the result');

        // A reload of the redirection's end is no second visit; a second verification is.
        if (shown === 'REDIRECTION') {
          await page.reload();
          assert.ok((await verdict(page, WELCOME)).includes('처음 오신 손님'));
        }
        const again = await Window.of(dev, await start(page, shown, label));
        again.person = first.person;
        await again.verify(method === 'SMS' ? 'PASS' : 'SMS');
        await page.getByText('2번째 인증').waitFor();
        assert.deepEqual(faults(), []);
      });
    }
  }

  for (const [profile, shown] of [
    ['desktop', 'POPUP'],
    ['phone', 'REDIRECTION'],
  ]) {
    test(`on a ${profile} the window is a ${shown} if nothing else was chosen`, async () => {
      const context = await browser.newContext({ locale: 'ko-KR', ...PROFILES[profile].context });
      context.setDefaultTimeout(15_000);
      try {
        const page = await context.newPage();
        await page.goto(at('/demo'));
        const window = await Window.of(dev, await start(page, shown, /^기기에 맞게/));
        await window.verify('SMS');
        assertMasked(await verdict(page, WELCOME), window.person);
      } finally {
        await context.close();
      }
    });
  }

  test('from choosing the window to starting it the keyboard is enough', async () => {
    const page = await open('/demo');
    await page.getByRole('radio', { name: /^기기에 맞게/ }).focus();
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowDown');
    assert.ok(await page.getByRole('radio', { name: /^아이프레임/ }).isChecked());
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const frame = await (await page.locator('dialog iframe').elementHandle()).contentFrame();
    await (await Window.of(dev, frame)).verify('SMS');
    await verdict(page, WELCOME);
    assert.deepEqual(faults(), []);
  });

  test('the year decides: who turns 19 this year may buy, who turns 19 next year may not', async () => {
    const thisYear = Number(new Intl.DateTimeFormat('en', { timeZone: 'Asia/Seoul', year: 'numeric' }).format(new Date()));
    for (const [year, heading] of [
      [thisYear - 19, WELCOME],
      [thisYear - 18, '아직 주문할 수 없습니다'],
    ]) {
      const page = await open('/demo');
      const window = await Window.of(dev, await start(page, 'POPUP', /^팝업/));
      const phone = newPerson().phone;
      Object.assign(window.person, { phone, birthDate: `${year}-12-31`, identityNumber: `${String(year).slice(2)}12313` });
      await window.verify('SMS');
      assertMasked(await verdict(page, heading), window.person);
      await visit.close();
    }
  });

  for (const [shown, label] of [
    ['POPUP', /^팝업/],
    ['REDIRECTION', /^리디렉션/],
    ['IFRAME', /^아이프레임/],
  ]) {
    test(`${shown}: a cancelled window is told with KCP's code, and tried again`, async () => {
      const page = await open('/demo');
      await (await Window.of(dev, await start(page, shown, label))).cancel();
      const text = await verdict(page, '본인인증을 마치지 못했습니다');
      assert.match(text, /PGProviderError/);
      assert.match(text, /9999/);
      assert.match(text, /취소하셨습니다/);
      await assertAccessible(page, 'the failure');
      await (await Window.of(dev, await start(page, shown, label))).verify('SMS');
      await verdict(page, WELCOME);
      assert.deepEqual(faults(), []);
    });
  }

  test('a window closed by hand is told', async () => {
    const page = await open('/demo');
    const popup = await start(page, 'POPUP', /^팝업/);
    await popup.waitForURL(/\/window\//);
    await popup.close();
    const text = await verdict(page, '본인인증을 마치지 못했습니다');
    assert.match(text, /Cancelled/);
    assert.match(text, /다시 시작해 주세요/);
  });

  test('what a return address says is shown as text, and believed of nobody', async () => {
    const failure = new URLSearchParams({
      identityVerificationId: 'x1',
      code: 'PGProviderError',
      message: '<img src=x onerror=alert(1)>본인인증에 실패했습니다.',
      pgCode: 'CS24',
      pgMessage: '설정이 없습니다.',
    });
    let page = await open(`/demo/return?${failure}`);
    const text = await verdict(page, '본인인증을 마치지 못했습니다');
    assert.ok(text.includes('<img src=x') && text.includes('CS24') && text.includes('인증결과 URL'));
    assert.equal(await page.locator('#result img').count(), 0);
    assert.deepEqual(faults(), []);
    await visit.close();

    page = await open('/demo/return?transactionType=IDENTITY_VERIFICATION&identityVerificationId=neverVerified');
    assert.match(await verdict(page, '본인인증을 마치지 못했습니다'), /NOT_FOUND/);
  });
});

describe("the demo's server", () => {
  async function complete(body, contentType = 'application/json') {
    const response = await fetch(at('/demo/complete'), {
      method: 'POST',
      headers: contentType ? { 'content-type': contentType } : {},
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, ...(await response.json()) };
  }

  async function begin(channelKey = CHANNEL) {
    const [id, person] = [newId(), newPerson()];
    await dev.sdk().sendIdentityVerification({ identityVerificationId: id, ...sending(person, { channelKey, operator: 'KT' }) });
    return { id, person };
  }

  test('welcomes nobody whom the gateway does not call verified', async () => {
    const unknown = await complete({ identityVerificationId: newId(), status: 'VERIFIED' });
    assert.deepEqual([unknown.status, unknown.code], [404, 'NOT_FOUND']);
    const { id } = await begin();
    const waiting = await complete({ identityVerificationId: id });
    assert.deepEqual([waiting.status, waiting.code], [409, 'NOT_VERIFIED']);
    assert.match(waiting.message, /[가-힣]/);
  });

  test('welcomes nobody who was verified on a channel that the shop does not use', async () => {
    const opened = await fetch(at('/checkout/identity-verifications'), {
      method: 'POST',
      headers: { origin: dev.gateway },
      body: JSON.stringify({ storeId: STORE, identityVerificationId: newId('other'), channelKey: CHANNEL_WINDOW_ONLY, windowType: 'POPUP' }),
    });
    const { url } = await opened.json();
    visit = await watchedPage(browser, 1280);
    await visit.page.goto(url);
    await (await Window.of(dev, visit.page)).verify('SMS');
    await visit.page.getByRole('heading', { name: '본인인증을 마쳤습니다' }).waitFor();
    const [, txId] = /checkout\/([0-9a-f]{32})/.exec(url);
    const listed = await dev.sdk().getIdentityVerifications({ page: { number: 0, size: 100 } });
    const { id } = listed.items.find((item) => item.id.startsWith('other') && item.status === 'VERIFIED');
    assert.ok(txId && id);
    const refused = await complete({ identityVerificationId: id });
    assert.deepEqual([refused.status, refused.code], [409, 'OTHER_CHANNEL']);
  });

  test('tells why a verification failed', async () => {
    const { id, person } = await begin();
    for (let wrong = 0; wrong < 5; wrong += 1) {
      const otp = (await dev.sandbox.otp(person.phone)) === '000000' ? '000001' : '000000';
      await assert.rejects(dev.sdk().confirmIdentityVerification({ identityVerificationId: id, otp }));
    }
    const failed = await complete({ identityVerificationId: id });
    assert.deepEqual([failed.status, failed.code], [409, 'FAILED']);
    assert.match(failed.message, /[가-힣]/);
  });

  test('refuses what is no id, and never breaks', async () => {
    for (const hostile of ['', '../../health/live', 'a/b', 'a?b', 'a%2Fb', '한글', 'a'.repeat(71), 'a b', 7, null, ['a'], { a: 1 }]) {
      const { status, code } = await complete({ identityVerificationId: hostile });
      assert.deepEqual([status, code], [400, 'BAD_REQUEST'], JSON.stringify(hostile));
    }
    for (const [body, type] of [['', undefined], ['{', 'application/json'], ['[]', 'application/json'], ['{"identityVerificationId":"a1"}', 'text/plain']]) {
      assert.equal((await complete(body, type)).status, 400, body);
    }
    assert.equal((await complete({ identityVerificationId: 'a'.repeat(100_000) })).status, 400);
    const get = await fetch(at('/demo/complete'));
    assert.equal(get.status, 405);
  });

  test('the code on the page is the code that runs, and the one for Node does the same', async () => {
    const page = await open('/demo');
    const served = await (await fetch(at('/demo/verify.js'))).text();
    assert.equal(await code(page, /verify\.js/), served.trimEnd());
    assert.match(await code(page, /complete\.rs/), /ask_gateway/);

    const { id, person } = await begin();
    await dev.sdk().confirmIdentityVerification({ identityVerificationId: id, otp: await dev.sandbox.otp(person.phone) });
    const server = (await code(page, /Node\.js/)).replace("'@portone/server-sdk'", `'${import.meta.resolve('@portone/server-sdk')}'`);
    const script = `${server}\nconsole.log(JSON.stringify(await complete(${JSON.stringify(id)})));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 20_000,
      env: { ...process.env, API_SECRET: SECRET, CHANNEL_KEY: CHANNEL, BONIN_URL: dev.gateway },
    });
    const { isAdult, di } = JSON.parse(stdout);
    const welcome = await complete({ identityVerificationId: id });
    assert.equal(welcome.status, 200);
    assert.equal(isAdult, welcome.isAdult);
    assert.ok(welcome.customer.di.startsWith(di.slice(0, 8)));
  });
});
