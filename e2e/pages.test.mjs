// The pages in a real browser: they fit, complain about nothing, reach nothing outside, and the phone works by keyboard, live.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CHANNEL, Dev } from './harness/dev.mjs';
import { assertAccessible, assertFits, launch, watchedPage } from './harness/browser.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';

let dev;
let browser;
before(async () => {
  dev = await Dev.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await dev?.stop();
});

async function send(method) {
  const [id, person] = [newId(), newPerson()];
  const { name, phone, birthDate, gender, isForeigner } = person;
  await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'KT', pass: true });
  await dev.sdk().sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: CHANNEL, operator: 'KT', method }),
  });
  return { id, person };
}

const WIDTHS = [1280, 390];

for (const [name, address, wanted] of [
  ['the API reference', () => new URL('/docs', dev.info.gateway), '/identity-verifications'],
  ['the phone', () => new URL('/phone', dev.info.sandbox), undefined],
]) {
  describe(name, () => {
    for (const width of WIDTHS) {
      test(`at ${width} px`, async () => {
        await send('SMS');
        await send('APP');
        const { page, faults, close } = await watchedPage(browser, width);
        try {
          const response = await page.goto(address().href, { waitUntil: 'load' });
          assert.equal(response.status(), 200);
          assert.match(response.headers()['content-type'], /^text\/html\b/);
          assert.ok(response.headers()['content-security-policy'], 'has a content security policy');
          if (wanted) assert.ok((await page.locator('body').innerText()).includes(wanted));
          assert.equal(await page.locator('html').getAttribute('lang'), 'ko');
          await page.waitForTimeout(300); // what comes live has come
          await assertFits(page, `${name} at ${width}`);
          await assertAccessible(page, `${name} at ${width}`);
          assert.deepEqual(faults, []);
        } finally {
          await close();
        }
      });
    }
  });
}

describe('on the phone', () => {
  for (const width of WIDTHS) {
    test(`an SMS appears while one looks, at ${width} px`, async () => {
      const { page, faults, close } = await watchedPage(browser, width);
      try {
        await page.goto(new URL('/phone', dev.info.sandbox).href);
        const { person } = await send('SMS');
        const otp = await dev.sandbox.otp(person.phone);
        await page.getByText(otp).first().waitFor();
        await assertFits(page, 'the phone with an SMS');
        assert.deepEqual(faults, []);
      } finally {
        await close();
      }
    });

    test(`a PASS request is approved with the keyboard, at ${width} px`, async () => {
      const { page, faults, close } = await watchedPage(browser, width);
      try {
        await page.goto(new URL('/phone', dev.info.sandbox).href);
        const { id, person } = await send('APP');
        await page.getByText(person.name).first().waitFor();
        await press(page, '승인', person);
        const { identityVerification } = await dev.sdk().confirmIdentityVerification({ identityVerificationId: id });
        assert.equal(identityVerification.status, 'VERIFIED');
        assert.deepEqual(faults, []);
      } finally {
        await close();
      }
    });

    test(`a PASS request is refused with the keyboard, at ${width} px`, async () => {
      const { page, close } = await watchedPage(browser, width);
      try {
        await page.goto(new URL('/phone', dev.info.sandbox).href);
        const { id, person } = await send('APP');
        await page.getByText(person.name).first().waitFor();
        await press(page, '거절', person);
        await assert.rejects(dev.sdk().confirmIdentityVerification({ identityVerificationId: id }), (error) => {
          assert.equal(error.data.pgCode, 'SB22');
          return true;
        });
      } finally {
        await close();
      }
    });
  }
});

/** Goes with Tab to the button of this name beside this person, presses it with Enter, and waits for the sandbox to know. */
async function press(page, name, person) {
  for (let i = 0; i < 200; i += 1) {
    await page.keyboard.press('Tab');
    const reached = await page.evaluate(
      ([wanted, who]) => {
        const focused = document.activeElement;
        if (!focused || !(focused.innerText || focused.value || '').includes(wanted)) return false;
        const entry = focused.closest('li, article, section, tr, form, div');
        let around = entry;
        for (let up = 0; around && up < 4; up += 1, around = around.parentElement) {
          if (around.innerText.includes(who)) return true;
        }
        return false;
      },
      [name, person.name],
    );
    if (!reached) continue;
    await page.keyboard.press('Enter');
    for (let waited = 0; waited < 100; waited += 1) {
      const [request] = await dev.sandbox.passRequests(person.phone);
      if (!['pending', 'requested', 'waiting'].includes(String(request.state).toLowerCase())) return;
      await page.waitForTimeout(50);
    }
    assert.fail(`${name} was pressed and nothing came of it`);
  }
  assert.fail(`no button ${name} beside ${person.name} within reach of the Tab key`);
}
