// A newcomer with nothing but the program: `bonin serve` on a fresh folder, `bonin sandbox`, and the console, up to a person verified.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PortOneClient } from '@portone/server-sdk';
import { launch, watchedPage } from './harness/browser.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Program, readyFile, removeFolder, temporaryFolder } from './harness/program.mjs';
import { freePort, startSandbox } from './harness/standalone.mjs';

let folder, sandbox, sandboxProgram, gateway, browser, visit;
before(async () => {
  folder = await temporaryFolder();
  ({ program: sandboxProgram, sandbox } = await startSandbox());
  browser = await launch();
});
after(async () => {
  await visit?.close();
  await browser?.close();
  if (gateway && !gateway.exit) await gateway.stop();
  await sandboxProgram?.stop();
  await removeFolder(folder);
});

/** The steps that a README lists for this way. */
async function listed(readme) {
  const text = await readFile(fileURLToPath(new URL(`../${readme}`, import.meta.url)), 'utf8');
  return text.match(/<!-- console:begin -->([\s\S]*?)<!-- console:end -->/)[1].match(/^\d+\. (.*\n(?: .*\n)*)/gm);
}

test('a newcomer gets to a verified person with the console alone, in no more steps than the READMEs list', async () => {
  let steps = 0;
  const pressed = [];
  const press = (page, name, role = 'button') => {
    pressed.push([steps, name]);
    return page.getByRole(role, { name, exact: true }).first().click();
  };
  const goTo = (page, name) => press(page.getByRole('navigation'), name, 'link');

  steps += 1; // 1. Start both programs.
  const address = `http://127.0.0.1:${await freePort()}`;
  const data = join(folder, 'data');
  const ready = join(folder, 'ready.json');
  gateway = new Program([
    ...['serve', '--data', data, '--listen', new URL(address).host, '--public-url', address, '--ready-file', ready],
  ]);
  const { console: place } = await gateway.ready('the ready file', readyFile(ready));
  assert.equal(place.url, `${address}/console`);

  steps += 1; // 2. The set-up code and a password make the owner.
  const told = await readFile(join(data, 'console-setup.txt'), 'utf8');
  const code = /코드: +(\S+)/.exec(told)[1];
  visit = await watchedPage(browser, 1280);
  const { page } = visit;
  await page.goto(place.url);
  await page.getByLabel('설정 코드').fill(code);
  await page.getByLabel('아이디').fill('owner');
  await page.getByLabel('새 비밀번호', { exact: true }).fill('다섯 마리 고양이가 잠을 잔다');
  await page.getByLabel('새 비밀번호 한 번 더').fill('다섯 마리 고양이가 잠을 잔다');
  await press(page, '계정 만들고 들어가기');

  steps += 1; // 3. A TEST store.
  await goTo(page, '상점');
  await press(page, '상점 만들기', 'link');
  await page.getByLabel('이름', { exact: true }).fill('첫 상점');
  await page.getByRole('button', { name: '만들기' }).click();
  await page.waitForURL(/\/console\/stores\/store-/);
  const storeId = await page.locator('#store-id').textContent();

  steps += 1; // 4. A channel with what the sandbox hands out, tried out at once.
  await press(page, '채널 만들기', 'link');
  await page.getByLabel('이름', { exact: true }).fill('샌드박스');
  await page.getByText('KCP 자격 증명 JSON으로').click();
  await page.getByLabel('KCP 자격 증명 JSON', { exact: true }).fill(JSON.stringify(await sandbox.credentials()));
  await page.getByText('고급: KCP 주소').click();
  await page.getByLabel('표준창 주소').fill(sandbox.address);
  await page.getByLabel('허브형 주소').fill(sandbox.address);
  await page.getByRole('button', { name: '만들기' }).click();
  const channelKey = await page.locator('#channel-key').textContent();
  await press(page, '채널 시험하기');
  for (const product of ['window', 'hub']) {
    await page.locator(`[data-product=${product}][data-verdict=works]`).waitFor();
  }

  steps += 1; // 5. An API secret.
  await goTo(page, 'API 시크릿');
  await press(page, 'API 시크릿 만들기', 'link');
  await page.getByLabel('이름', { exact: true }).fill('첫 시크릿');
  await page.getByRole('button', { name: '만들기' }).click();
  const secret = await page.locator('#secret').textContent();

  steps += 1; // 6. A person, verified through the API with it.
  const person = newPerson();
  const id = newId();
  const api = PortOneClient({ secret, baseUrl: address }).identityVerification;
  await api.sendIdentityVerification({ identityVerificationId: id, ...sending(person, { channelKey, operator: 'SKT' }) });
  await api.confirmIdentityVerification({ identityVerificationId: id, otp: await sandbox.otp(person.phone) });
  const verified = await api.getIdentityVerification({ identityVerificationId: id });
  assert.equal(verified.status, 'VERIFIED');

  steps += 1; // 7. And there they are in the console, masked.
  await goTo(page, '본인인증');
  await page.getByRole('link', { name: id }).first().click();
  await page.waitForURL(`**/console/verifications/${storeId}/${id}`);
  const text = await page.locator('main').innerText();
  assert.ok(!text.includes(person.name) && !text.includes(person.phone), 'masked');
  assert.ok(text.includes(`${person.name[0]}*`), text);
  assert.deepEqual(visit.faults, []);

  // Every step is one that the READMEs list, and what was pressed in it is what they name.
  for (const readme of ['README.md', 'README.ko.md']) {
    const told = await listed(readme);
    assert.ok(steps <= told.length, `${steps} steps, ${told.length} listed in ${readme}`);
    for (const [step, name] of pressed) {
      assert.ok(told[step - 1].replaceAll(/\s+/g, ' ').includes(name), `${readme}: step ${step}: ${name}`);
    }
  }

  // Nothing that is secret or personal is in a log.
  const log = gateway.stdout + gateway.stderr;
  for (const hidden of [secret.slice(13), person.name, person.phone, code]) assert.ok(!log.includes(hidden));
});
