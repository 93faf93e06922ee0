// The console's pages of channels: made, tried at KCP with every answer explained, changed, put away. Credentials never come out.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertAccessible, assertFits, launch } from './harness/browser.mjs';
import { selfSigned } from './harness/certificate.mjs';
import { Setup } from './harness/console-setup.mjs';
import { day } from './harness/credentials.mjs';
import { freePort } from './harness/standalone.mjs';

let setup, browser, visit, credentials;
before(async () => {
  setup = await Setup.start({ env: { BONIN_KCP_TIMEOUT: '2s' } });
  browser = await launch();
  credentials = setup.serve.credentials;
});
afterEach(async () => {
  await visit?.close();
  visit = undefined;
  await setup.sandbox.clearFaults();
});
after(async () => {
  await browser?.close();
  await setup?.stop();
});

const open = async (path, options) => {
  visit = await setup.visit(browser, path, options);
  return visit.page;
};

/** Makes a channel as a person would; gives its id. */
async function make(page, { name, credentials: handed = credentials, json = true, kcp = setup.sandbox.address, hub, window }) {
  await page.goto(setup.at('/console/channels/new'));
  await page.getByLabel('이름', { exact: true }).fill(name);
  if (json) {
    await page.getByText('KCP 자격 증명 JSON으로').click();
    await page.getByLabel('KCP 자격 증명 JSON', { exact: true }).fill(JSON.stringify(handed));
  } else {
    await page.getByLabel('사이트 코드(site_cd)').fill(handed.siteCd);
    if (window !== false) await page.getByLabel('가맹점 인증키').fill(handed.encKey);
    if (hub !== false) {
      await page.getByLabel('인증서', { exact: true }).fill(handed.certificatePem);
      await page.getByLabel('개인키', { exact: true }).fill(handed.privateKeyPem);
      await page.getByLabel('개인키 비밀번호').fill(handed.privateKeyPassword);
    }
  }
  await page.getByText('고급: KCP 주소').click();
  await page.getByLabel('표준창 주소').fill(kcp);
  await page.getByLabel('허브형 주소').fill(kcp);
  await page.getByRole('button', { name: '만들기' }).click();
  await page.waitForURL(/\/console\/channels\/channel-id-/);
  return new URL(page.url()).pathname.split('/').at(-1);
}

/** Presses "test this channel" and reads what each product came to. */
async function tryOut(page) {
  await page.getByRole('button', { name: /시험하기/ }).click();
  await page.locator('[data-verdict]').first().waitFor();
  const results = {};
  for (const result of await page.locator('[data-verdict]').all()) {
    results[await result.getAttribute('data-product')] = {
      verdict: await result.getAttribute('data-verdict'),
      text: await result.innerText(),
    };
  }
  return results;
}

/** No credential stands anywhere in the page. */
async function assertNothingSecret(page, handed = credentials) {
  const html = await page.content();
  for (const secret of [handed.encKey, handed.privateKeyPassword, handed.privateKeyPem.slice(100, 160), handed.certificatePem.slice(100, 160)]) {
    assert.ok(secret.length > 8 && !html.includes(secret));
  }
}

describe('a channel in the console', () => {
  test('is made from the JSON that the sandbox hands out, and works', async () => {
    const page = await open('/console/channels');
    await page.getByRole('link', { name: '채널 만들기' }).click();
    const id = await make(page, { name: '제이슨 채널' });
    await page.getByRole('status').getByText('채널을 만들었습니다').waitFor();
    const key = await page.locator('#channel-key').textContent();
    assert.match(key, /^channel-key-/);
    await page.getByText('표준창(SDK 방식), 허브형(API 방식)').waitFor();
    const results = await tryOut(page);
    assert.equal(results.window.verdict, 'works', results.window.text);
    assert.equal(results.hub.verdict, 'works', results.hub.text);
    assert.match(results.hub.text, /인증서와 서명을 받아들였습니다/);
    await assertNothingSecret(page);
    const [listed] = (await setup.json(['channel', 'list'])).filter((channel) => channel.id === id);
    assert.equal(listed.key, key);
    assert.equal(listed.hub.url, setup.sandbox.address);
    assert.deepEqual(visit.faults, []);
    assert.equal((await setup.sandbox.messages('01000000000')).length, 0, 'nobody was written to');
  });

  test('is made from the fields, of which a file fills one, for each product alone', async () => {
    const page = await open('/console/channels/new');
    const chooser = page.waitForEvent('filechooser');
    await page.locator('input[type=file][data-fills=certificate]').click();
    await (await chooser).setFiles({
      name: `KCP_AUTH_${credentials.siteCd}_CERT.pem`,
      mimeType: 'application/x-pem-file',
      buffer: Buffer.from(credentials.certificatePem),
    });
    await page.waitForFunction(() => document.querySelector('[name=certificate]').value.includes('BEGIN CERTIFICATE'));
    assert.equal(await page.getByLabel('인증서', { exact: true }).inputValue(), credentials.certificatePem);

    await make(page, { name: '허브만', json: false, window: false });
    assert.deepEqual(Object.keys(await tryOut(page)), ['hub']);
    assert.equal(await page.getByRole('heading', { level: 3 }).count(), 1);
    await make(page, { name: '표준창만', json: false, hub: false });
    assert.deepEqual(Object.keys(await tryOut(page)), ['window']);
    assert.deepEqual(visit.faults, []);
  });

  test('tells exactly what to enter in KCP’s partner admin', async () => {
    const page = await open('/console/channels');
    await make(page, { name: '안내 채널' });
    const section = page.getByRole('region', { name: 'KCP에 설정할 것' });
    await section.getByText('부가서비스 > 휴대폰본인확인 > 인증결과URL설정').waitFor();
    assert.equal(await section.locator('#window-0').textContent(), '127.0.0.1');
    assert.equal(await section.locator('#window-1').textContent(), '표준창(V2)');
    const told = await setup.serve.json(['channel', 'instructions', (await setup.json(['channel', 'list'])).at(-1).id, '--public-url', 'http://127.0.0.1:8787']);
    assert.equal(told[0].steps[0].value, '127.0.0.1', 'the shell tells the same');
  });

  test('is renamed, put away and brought back; the list folds away what was put away', async () => {
    const page = await open('/console/channels');
    await make(page, { name: '옛 이름' });
    await page.locator('summary', { hasText: /^이름$/ }).click();
    await page.getByLabel('이름', { exact: true }).fill('새 이름');
    await page.getByRole('button', { name: '이름 바꾸기' }).click();
    await page.getByRole('heading', { level: 1, name: '새 이름' }).waitFor();
    await page.locator('summary', { hasText: /^보관$/ }).click();
    await page.getByRole('button', { name: '보관하기' }).click();
    await page.getByRole('status').getByText('채널을 보관했습니다').waitFor();
    await page.goto(setup.at('/console/channels'));
    assert.ok(!(await page.getByRole('link', { name: '새 이름' }).isVisible()));
    await page.locator('summary', { hasText: '보관한 채널 1개' }).click();
    await page.getByRole('link', { name: '새 이름' }).click();
    await page.getByRole('button', { name: '다시 쓰기' }).click();
    await page.getByRole('status').getByText('다시 쓸 수 있습니다').waitFor();
    assert.equal((await setup.json(['channel', 'list'])).find(({ name }) => name === '새 이름').retiredAt, null);
    assert.deepEqual(visit.faults, []);
  });

  test('gets new credentials; what is left empty stays', async () => {
    const merchant = await setup.sandbox.addMerchant({ siteCd: 'R0001' });
    const first = await setup.sandbox.credentials('R0001');
    const page = await open('/console/channels');
    await make(page, { name: '바꿀 채널', credentials: first });
    await setup.sandbox.call('PUT', '/sandbox/merchants/R0001', { certificate: 'valid', encKey: 'f'.repeat(64) });
    assert.equal((await tryOut(page)).hub.verdict, 'refused');
    assert.equal((await tryOut(page)).window.verdict, 'refused');

    const second = await setup.sandbox.credentials('R0001');
    assert.notEqual(second.certificatePem, merchant.certificatePem);
    await page.locator('summary', { hasText: /^자격 증명$/ }).click();
    await page.getByLabel('인증서', { exact: true }).fill(second.certificatePem);
    await page.getByLabel('개인키', { exact: true }).fill(second.privateKeyPem);
    await page.getByLabel('개인키 비밀번호').fill(second.privateKeyPassword);
    await page.getByRole('button', { name: '자격 증명 바꾸기' }).click();
    await page.getByRole('status').getByText('자격 증명을 바꿨습니다').waitFor();
    let results = await tryOut(page);
    assert.equal(results.hub.verdict, 'works', results.hub.text);
    assert.equal(results.window.verdict, 'refused', 'the window’s key stayed as it was');

    await page.locator('summary', { hasText: /^자격 증명$/ }).click();
    await page.getByLabel('가맹점 인증키').fill('f'.repeat(64));
    await page.getByRole('button', { name: '자격 증명 바꾸기' }).click();
    results = await tryOut(page);
    assert.deepEqual([results.hub.verdict, results.window.verdict], ['works', 'works']);
    await assertNothingSecret(page, { ...second, encKey: 'f'.repeat(64) });
  });

  test('whose certificate ends within 30 days is warned of, in the list, on its page and in the shell', async () => {
    await setup.sandbox.addMerchant({ siteCd: 'E0001' });
    const short = await selfSigned('E0001', { from: day(-1), until: day(12.5) });
    await setup.sandbox.call('PUT', '/sandbox/merchants/E0001', { certificatePem: short.certificatePem });
    const page = await open('/console/channels');
    const id = await make(page, { name: '곧 끝나는 채널', credentials: { siteCd: 'E0001', ...short } });
    const warning = /인증서가 12일 뒤\(\d{4}-\d\d-\d\d\) 만료됩니다/;
    await page.getByText(warning).waitFor();
    assert.equal((await tryOut(page)).hub.verdict, 'works');
    await page.goto(setup.at('/console/channels'));
    await page.getByRole('listitem').filter({ hasText: '곧 끝나는 채널' }).getByText(warning).waitFor();
    const listed = (await setup.json(['channel', 'list'])).find((channel) => channel.id === id);
    assert.match(listed.warning, warning);
  });
});

describe('testing a channel explains', () => {
  test('CS24: which host to set where', async () => {
    await setup.sandbox.addMerchant({ siteCd: 'C0024', resultUrlHosts: ['shop.example.com'] });
    const page = await open('/console/channels');
    await make(page, { name: 'CS24', credentials: await setup.sandbox.credentials('C0024') });
    const { window, hub } = await tryOut(page);
    assert.equal(window.verdict, 'refused');
    for (const said of ['CS24', '인증결과URL설정에 127.0.0.1', '표준창(V2)', 'KCP의 메시지: 가맹점 설정 정보가 없습니다']) {
      assert.ok(window.text.includes(said), `${said}: ${window.text}`);
    }
    assert.equal(hub.verdict, 'works', 'the hub does not use that setting');
  });

  test('a wrong 가맹점 인증키 and a merchant that is not there', async () => {
    const page = await open('/console/channels');
    await make(page, { name: '틀린 키', credentials: { ...credentials, encKey: 'e'.repeat(64) } });
    const wrong = await tryOut(page);
    assert.equal(wrong.window.verdict, 'refused');
    assert.match(wrong.window.text, /가맹점 인증키가 이 가맹점의 것인지/);
    assert.equal(wrong.hub.verdict, 'works');
    await make(page, { name: '모르는 가맹점', credentials: { ...credentials, siteCd: 'NONE1' } });
    const unknown = await tryOut(page);
    for (const product of ['window', 'hub']) {
      assert.equal(unknown[product].verdict, 'refused');
      assert.match(unknown[product].text, /이 사이트 코드의 가맹점이 없습니다/);
    }
  });

  test('a certificate that is not the merchant’s', async () => {
    const foreign = await selfSigned('AO7F3', { from: day(-1), until: day(300) });
    const page = await open('/console/channels');
    await make(page, { name: '남의 인증서', credentials: { ...credentials, ...foreign } });
    const { hub, window } = await tryOut(page);
    assert.equal(hub.verdict, 'refused');
    assert.match(hub.text, /인증서나 서명을 받아들이지 않았습니다/);
    assert.match(hub.text, /이 가맹점의 서비스 인증서가 아닙니다/, 'KCP’s own message stands beside it');
    assert.equal(window.verdict, 'works');
  });

  test('9562, and honestly a code that nobody knows', async () => {
    const page = await open('/console/channels');
    await make(page, { name: '코드' });
    for (const endpoint of ['register', 'hub:2400']) await setup.sandbox.fault({ endpoint, kind: 'resCd', value: '9562' });
    let results = await tryOut(page);
    for (const product of ['window', 'hub']) {
      assert.equal(results[product].verdict, 'refused');
      assert.match(results[product].text, /연동에 오류가 있습니다.*테스트와 운영 주소/);
    }
    for (const endpoint of ['register', 'hub:2400']) await setup.sandbox.fault({ endpoint, kind: 'resCd', value: 'X777' });
    results = await tryOut(page);
    assert.equal(results.hub.verdict, 'unclear');
    assert.match(results.hub.text, /X777의 뜻은 공개되어 있지 않습니다.*KCP에 코드의 뜻을 문의/);
    assert.equal(results.window.verdict, 'refused');
    assert.match(results.window.text, /X777.*뜻은 KCP에 문의/);
  });

  test('a person that nobody is: a sandbox that knows only its own people still took the signature', async () => {
    const page = await open('/console/channels');
    await make(page, { name: '아무도 아닌 사람' });
    await setup.sandbox.settings({ unknownPeople: 'reject' });
    try {
      const { hub } = await tryOut(page);
      assert.equal(hub.verdict, 'works');
      assert.match(hub.text, /SB01/);
    } finally {
      await setup.sandbox.settings({ unknownPeople: 'accept' });
    }
  });

  test('KCP away: silent, broken, nobody at the port, no such name, no TLS', async () => {
    const page = await open('/console/channels');
    await make(page, { name: '조용한 KCP' });
    const both = (kind, value) =>
      Promise.all(['register', 'hub'].map((endpoint) => setup.sandbox.fault({ endpoint, kind, value })));
    await both('timeout');
    const silent = await tryOut(page);
    await setup.sandbox.clearFaults();
    await both('garbage');
    const broken = await tryOut(page);
    await both('http', 503);
    const unavailable = await tryOut(page);
    for (const product of ['window', 'hub']) {
      assert.equal(silent[product].verdict, 'no_answer');
      assert.match(silent[product].text, /제한 시간 안에 답하지 않았습니다[^]*TIMEOUT/);
      assert.equal(broken[product].verdict, 'no_answer');
      assert.match(broken[product].text, /JSON 객체가 아닙니다[^]*INVALID_RESPONSE/);
      assert.match(unavailable[product].text, /HTTP 상태 503/);
    }

    await make(page, { name: '닫힌 포트', kcp: `http://127.0.0.1:${await freePort()}` });
    const closed = await tryOut(page);
    assert.match(closed.window.text, /연결하지 못했습니다[^]*UNREACHABLE/);
    await make(page, { name: '없는 이름', kcp: 'https://kcp.invalid' });
    const nameless = await tryOut(page);
    assert.match(nameless.hub.text, /kcp\.invalid의 IP 주소를 찾지 못했습니다/);

    const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
    try {
      await make(page, { name: 'TLS가 아닌 곳', kcp: `https://127.0.0.1:${plain.address().port}` });
      const { hub } = await tryOut(page);
      assert.equal(hub.verdict, 'no_answer');
      assert.match(hub.text, /TLS 연결을 맺지 못했습니다|CA 인증서가 없어/);
    } finally {
      plain.close();
    }
  });
});

describe('channels', () => {
  test('who may only look sees what a channel can do, and is refused everything else', async () => {
    const [channel] = await setup.json(['channel', 'list']);
    const page = await open(`/console/channels/${channel.id}`, { role: 'VIEWER' });
    assert.equal(await page.locator('#channel-key').textContent(), channel.key);
    await page.getByRole('heading', { name: 'KCP에 설정할 것' }).waitFor();
    assert.equal(await page.locator('main form').count(), 0);
    for (const [method, path] of [
      ['GET', '/console/channels/new'],
      ['POST', '/console/channels/new'],
      ...['name', 'credentials', 'test', 'retire', 'restore'].map((act) => ['POST', `/console/channels/${channel.id}/${act}`]),
    ]) {
      assert.equal(await visit.status(method, path, { name: '몰래', encKey: 'a' }), 403, `${method} ${path}`);
    }
    assert.equal((await setup.json(['channel', 'list'])).find(({ id }) => id === channel.id).name, channel.name);
  });

  test('that are not there are not found, whatever their id looks like', async () => {
    const page = await open('/console/channels');
    for (const id of ['channel-none', '%00', 'a%2Fb', 'x'.repeat(300)]) {
      assert.equal(await visit.status('GET', `/console/channels/${id}`), 404, id);
      await page.goto(setup.at('/console/channels/new'));
      for (const act of ['name', 'credentials', 'test', 'retire', 'restore']) {
        assert.equal(await visit.status('POST', `/console/channels/${id}/${act}`, { name: 'x', encKey: 'a' }), 404, `${id}/${act}`);
      }
    }
  });

  for (const width of [1280, 390]) {
    test(`each page fits and is accessible at ${width} px`, async () => {
      const page = await open('/console/channels', { width });
      const id = await make(page, { name: 'KCP 테스트' });
      const look = async (what) => {
        for (const colorScheme of ['dark', 'light']) {
          await page.emulateMedia({ colorScheme });
          await assertFits(page, what);
          await assertAccessible(page, `${what}, ${colorScheme}`);
        }
        await setup.picture(page, `channels-${what}-${width}`);
      };
      await page.goto(setup.at('/console/channels'));
      await look('list');
      await page.goto(setup.at(`/console/channels/${id}`));
      await tryOut(page);
      await look('tested');
      if (process.env.BONIN_PICTURES) {
        const path = fileURLToPath(new URL(`../docs/images/console-channel-${width}.png`, import.meta.url));
        await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width, height: width > 500 ? 1000 : 1400 } });
        assert.ok((await readFile(path)).length < 200_000);
      }
      await page.locator('summary', { hasText: /^자격 증명$/ }).click();
      await page.getByRole('button', { name: '자격 증명 바꾸기' }).click();
      await look('refused');
      await page.goto(setup.at('/console/channels/new'));
      for (const summary of await page.locator('main summary').all()) await summary.click();
      await look('new');
      assert.deepEqual(visit.faults.filter((fault) => !/400/.test(fault)), []);
    });
  }
});
