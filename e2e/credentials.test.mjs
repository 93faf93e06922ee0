// Wrong credentials of every kind: each refused at once, by the field that is wrong, in the same words in the console and in the shell.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch } from './harness/browser.mjs';
import { Setup } from './harness/console-setup.mjs';
import { wrongCredentials } from './harness/credentials.mjs';
import { run } from './harness/program.mjs';

/** In what a flag of the shell hands over a field: a value, or a file that holds it. */
const FLAGS = {
  siteCd: ['--site-cd'],
  certificate: ['--certificate', 'file'],
  privateKey: ['--private-key', 'file'],
  privateKeyPassword: ['--private-key-password-file', 'file'],
  encKey: ['--enc-key-file', 'file'],
  hubUrl: ['--hub-url'],
  windowUrl: ['--window-url'],
};

const SECRETS = ['certificate', 'privateKey', 'privateKeyPassword', 'encKey'];

let setup, browser, visit, live, cases;
before(async () => {
  [setup, browser, cases] = await Promise.all([Setup.start(), launch(), wrongCredentials()]);
  live = (await setup.json(['store', 'create', '--name', '운영 상점', '--kind', 'live'])).id;
  visit = await setup.visit(browser, '/console/channels/new');
});
after(async () => {
  await visit?.close();
  await browser?.close();
  await setup?.stop();
});

async function inTheShell({ kind = 'TEST', ...entered }) {
  const folder = join(setup.serve.folder, `wrong-${Math.random().toString(36).slice(2)}`);
  await mkdir(folder);
  const args = ['channel', 'create', '--name', '틀린 채널', '--kind', kind.toLowerCase()];
  args.push('--store', kind === 'LIVE' ? live : setup.store);
  for (const [field, value] of Object.entries(entered).filter(([, value]) => value !== '')) {
    const [flag, file] = FLAGS[field];
    if (file) await writeFile(join(folder, field), value);
    args.push(flag, file ? join(folder, field) : value);
  }
  return run(args, { env: setup.serve.env });
}

/** The answer to the form as a page, and what is said beside each field. */
async function inTheConsole({ kind = 'TEST', ...entered }) {
  const { page } = visit;
  await page.goto(setup.at('/console/channels/new'));
  await page.getByLabel('상점', { exact: true }).selectOption(kind === 'LIVE' ? live : setup.store);
  await page.getByLabel('이름', { exact: true }).fill('틀린 채널');
  await page.getByLabel('종류').selectOption(kind);
  await page.getByText('고급: KCP 주소').click();
  for (const [field, value] of Object.entries(entered)) await page.locator(`[name=${field}]`).fill(value);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.getByRole('button', { name: '만들기' }).click(),
  ]);
  await page.waitForLoadState();
  const said = {};
  for (const beside of await page.locator('[id$="-error"]').all()) {
    const field = (await beside.getAttribute('id')).replace(/-error$/, '');
    said[field] = (await beside.locator('p').allInnerTexts()).map((text) => text.trim());
  }
  return { status: answer.status(), said };
}

describe('wrong credentials', () => {
  // The list needs keys that take a while to make: it is there only when the tests run, so they are one test with a step for each.
  test('are refused in the console and in the shell, each with its message, in the same words', async (t) => {
    assert.ok(cases.length >= 30);
    for (const { what, entered, wrong } of cases) {
      await t.test(what, async () => {
        const shell = await inTheShell(entered);
        assert.equal(shell.code, 1, shell.stderr);
        assert.equal(shell.stdout, '');
        const { status, said } = await inTheConsole(entered);
        assert.equal(status, 400);
        assert.deepEqual(Object.keys(said).sort(), Object.keys(wrong).sort(), JSON.stringify(said));
        for (const [field, message] of Object.entries(wrong)) {
          assert.equal(said[field].length, 1);
          assert.match(said[field][0], message);
          assert.ok(shell.stderr.includes(said[field][0]), `${said[field][0]}\n${shell.stderr}`);
          const input = visit.page.locator(`[name=${field}]`);
          assert.equal(await input.getAttribute('aria-invalid'), 'true');
          assert.ok(await input.isVisible(), `${field} is not folded away`);
          await visit.page.getByRole('alert').locator(`a[href="#${field}"]`).waitFor();
        }
        // Nothing is lost that may be shown, and nothing is shown that is secret.
        assert.equal(await visit.page.getByLabel('이름', { exact: true }).inputValue(), '틀린 채널');
        const html = await visit.page.content();
        for (const [field, value] of Object.entries(entered)) {
          if (!SECRETS.includes(field)) continue;
          assert.equal(await visit.page.locator(`[name=${field}]`).inputValue(), '', field);
          if (value.length > 10) {
            assert.ok(!html.includes(value.slice(-60).trim()), `${field} is in the page`);
            assert.ok(!shell.stderr.includes(value.slice(-60).trim()), `${field} is in the message`);
          }
        }
        for (const field of ['siteCd', 'hubUrl', 'windowUrl'].filter((field) => entered[field])) {
          assert.equal(await visit.page.locator(`[name=${field}]`).inputValue(), entered[field]);
        }
      });
    }
    assert.deepEqual((await setup.json(['channel', 'list'])).map(({ name }) => name), ['본인 채널'], 'nothing was made');
  });

  test('as JSON: a text that is none, or that competes with the fields, is refused', async () => {
    const { page } = visit;
    for (const [json, encKey, message] of [
      ['{"siteCd":', '', /자격 증명 JSON을 읽을 수 없습니다/],
      ['{"encKey":"a"}', '', /siteCd는 꼭 있어야 합니다/],
      ['{"siteCd":"T0001","encKey":"a"}', 'b'.repeat(64), /한쪽에만/],
    ]) {
      await page.goto(setup.at('/console/channels/new'));
      await page.getByLabel('이름', { exact: true }).fill('JSON');
      await page.getByText('KCP 자격 증명 JSON으로').click();
      await page.getByLabel('KCP 자격 증명 JSON', { exact: true }).fill(json);
      await page.locator('[name=encKey]').fill(encKey);
      await page.getByRole('button', { name: '만들기' }).click();
      assert.match(await page.locator('#credentials-error').innerText(), message);
      assert.equal(await page.getByLabel('KCP 자격 증명 JSON', { exact: true }).inputValue(), '');
    }
    const file = join(setup.serve.folder, 'broken.json');
    await writeFile(file, '{"siteCd":');
    const args = ['channel', 'create', '--name', 'JSON', '--kind', 'test', '--store', setup.store, '--credentials', file];
    const { code, stderr } = await run(args, { env: setup.serve.env });
    assert.equal(code, 1);
    assert.match(stderr, /자격 증명 JSON을 읽을 수 없습니다/);
  });

  test('replacing: wrong credentials change nothing, and a part of the hub’s is no replacement', async () => {
    const { page } = visit;
    const [channel] = await setup.json(['channel', 'list']);
    const wrong = cases.find(({ what }) => what === 'another certificate’s key').entered;
    for (const [entered, field, message] of [
      [{}, 'credentials', /하나 이상/],
      [{ certificate: wrong.certificate }, 'privateKey', /개인키도 필요합니다/],
      [{ certificate: wrong.certificate, privateKey: wrong.privateKey, privateKeyPassword: wrong.privateKeyPassword }, 'privateKey', /짝이 아닙니다/],
      [{ encKey: '열쇠' }, 'encKey', /공백 없이/],
    ]) {
      await page.goto(setup.at(`/console/channels/${channel.id}`));
      await page.locator('summary', { hasText: /^자격 증명$/ }).click();
      for (const [name, value] of Object.entries(entered)) await page.locator(`[name=${name}]`).fill(value);
      await page.getByRole('button', { name: '자격 증명 바꾸기' }).click();
      assert.match(await page.locator(`#${field}-error`).innerText(), message);
      assert.ok(await page.locator(`[name=${field}]`).isVisible());
    }
    assert.deepEqual(await setup.json(['channel', 'list']), [channel], 'the channel is as it was');
  });

  test('nothing of what was entered is in the gateway’s log', () => {
    const log = setup.serve.program.stdout + setup.serve.program.stderr;
    for (const { entered } of cases) {
      for (const field of SECRETS.filter((field) => entered[field]?.length > 20)) {
        assert.ok(!log.includes(entered[field].slice(-60).trim()), field);
      }
    }
    assert.ok(log.length > 0);
  });
});
