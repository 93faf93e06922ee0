// What each outcome at KCP leaves behind: row by row the error, the state of the try afterwards, and the timeline.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Dev } from './harness/dev.mjs';
import { sleep } from './harness/program.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { fails, failsAtKcp, sent, sentUntil, Story } from './harness/story.mjs';

let dev;
before(async () => {
  dev = await Dev.start({ args: ['--kcp-timeout', '1s'] });
});
after(() => dev?.stop());
beforeEach(async () => {
  await dev.sandbox.clearFaults();
  await dev.sandbox.settings({ unknownPeople: 'accept', otpTtlSeconds: 180, otpMaxAttempts: 10, fixedOtp: null });
});

/** The ways in which an answer of KCP's may be none, and what we call it. */
const NO_PROPER_ANSWER = [
  ['timeout', undefined, 'TIMEOUT'],
  ['http', 500, 'INVALID_RESPONSE'],
  ['garbage', undefined, 'INVALID_RESPONSE'],
  ['drop', undefined, 'INVALID_RESPONSE'],
];

/** The calls that `send` makes: for whom, and what was already asked of KCP when they come. */
const SEND_CALLS = [
  ['2400', 'KT_MVNO', 'SMS'],
  ['2400', 'LGU_MVNO', 'SMS'],
  ['2100', 'SKT', 'SMS'],
  ['2100', 'LGU_MVNO', 'SMS'],
  ['2200', 'LGU', 'SMS'],
  ['2200', 'SKT_MVNO', 'SMS'],
  ['2700', 'KT_MVNO', 'APP'],
  ['2500', 'SKT', 'APP'],
  ['2500', 'LGU_MVNO', 'APP'],
];

function fault(call, kind, value, count = 1) {
  return dev.sandbox.fault({ endpoint: `hub:${call}`, kind, value, count });
}

/** The try is over: it can be neither confirmed nor resent, and the id may be sent anew at once, to its success. */
async function assertFailedAndFree(story, pgCode) {
  const failed = await story.get();
  assert.equal(failed.status, 'FAILED');
  assert.equal(failed.failure.pgCode, pgCode);
  assert.ok(failed.failure.reason.length > 0);
  await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.confirm('123456'));
  await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.resend());
  await story.send();
  await story.finish();
  assert.equal((await story.tries()).length, 2);
}

/** The try goes on: it is READY, may not be sent over, and leads to its success. */
async function assertOpen(story) {
  assert.equal((await story.get()).status, 'READY');
  await fails('IDENTITY_VERIFICATION_ALREADY_SENT', () => story.send());
  await story.finish();
  assert.equal((await story.tries()).length, 1);
}

describe('KCP refuses while it is sent', () => {
  for (const [call, operator, method] of SEND_CALLS) {
    for (const code of ['SB01', 'SB02', 'SB91', 'SB92', 'SB93', 'SB94', 'X999']) {
      test(`${code} to ${call} (${operator}) → FAILED`, async () => {
        const story = await Story.of(dev, operator, method);
        await fault(call, 'resCd', code);
        const data = await failsAtKcp(code, () => story.send());
        assert.ok(data.pgMessage.length > 0);
        assert.deepEqual(await story.told(), [...sentUntil(call, code, operator, method), 'failed']);
        assert.equal((await story.get()).failure.pgMessage, data.pgMessage);
        await assertFailedAndFree(story, code);
      });
    }
  }

  test('a person who does not match the phone → SB01, FAILED', async () => {
    for (const [call, operator, method] of [
      ['2100', 'KT', 'SMS'],
      ['2400', 'KT_MVNO', 'SMS'],
      ['2700', 'KT_MVNO', 'APP'],
      ['2500', 'KT', 'APP'],
    ]) {
      const story = await Story.of(dev, operator, method);
      const known = story.person.name;
      story.person.name = '다른사람';
      await failsAtKcp('SB01', () => story.send());
      assert.deepEqual(await story.told(), [...sentUntil(call, 'SB01', operator, method), 'failed']);
      story.person.name = known;
      await assertFailedAndFree(story, 'SB01');
    }
  });

  test('a person whom KCP does not know → SB01, FAILED', async () => {
    await dev.sandbox.settings({ unknownPeople: 'reject' });
    const story = await Story.of(dev);
    await dev.sandbox.removePerson(story.person.phone);
    await failsAtKcp('SB01', () => story.send());
    assert.deepEqual(await story.told(), [...sentUntil('2100', 'SB01'), 'failed']);
  });

  test('a person without the PASS app → SB02, FAILED', async () => {
    const story = await Story.of(dev, 'KT', 'APP');
    const { name, phone, birthDate, gender, isForeigner } = story.person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'KT', pass: false });
    await failsAtKcp('SB02', () => story.send());
    assert.deepEqual(await story.told(), [...sentUntil('2500', 'SB02', 'KT', 'APP'), 'failed']);
  });
});

describe('KCP does not answer properly while it is sent', () => {
  for (const [call, operator, method] of SEND_CALLS) {
    for (const [kind, value, code] of NO_PROPER_ANSWER) {
      const nothingSent = ['2400', '2700'].includes(call);
      test(`${kind} at ${call} (${operator}) → FAILED, ${nothingSent ? 'nothing was sent' : 'outcome unknown'}`, async () => {
        const story = await Story.of(dev, operator, method);
        await fault(call, kind, value);
        await failsAtKcp(code, () => story.send());
        assert.deepEqual(await story.told(), [
          ...sentUntil(call, code, operator, method),
          nothingSent ? 'failed_nothing_sent' : 'failed_outcome_unknown',
        ]);
        await assertFailedAndFree(story, code);
      });
    }
  }
});

describe('a number is confirmed', () => {
  test('a wrong one → SB11, open, counted', async () => {
    const story = await Story.of(dev);
    await story.send();
    const wrong = anotherNumber(await story.otp());
    for (let i = 0; i < 4; i += 1) await failsAtKcp('SB11', () => story.confirm(wrong));
    assert.deepEqual(await story.told(), [
      ...sent(),
      ...Array(4).fill(['confirm_asked', '2300 SB11', 'wrong_number']).flat(),
    ]);
    await assertOpen(story);
  });

  test('one that is too old → SB12, open, not counted', async () => {
    await dev.sandbox.settings({ otpTtlSeconds: 1 });
    const story = await Story.of(dev);
    await story.send();
    const old = await story.otp();
    await sleep(1300);
    // Six of them: as wrong numbers five would have ended the try.
    for (let i = 0; i < 6; i += 1) await failsAtKcp('SB12', () => story.confirm(old));
    assert.deepEqual(await story.told(), [
      ...sent(),
      ...Array(6).fill(['confirm_asked', '2300 SB12', 'stayed_open']).flat(),
    ]);
    await dev.sandbox.settings({ otpTtlSeconds: 180 });
    await story.resend();
    await dev.sandbox.message(story.person.phone, 2);
    await assertOpen(story);
  });

  test('one more than KCP takes → SB13, FAILED', async () => {
    await dev.sandbox.settings({ otpMaxAttempts: 2 });
    const story = await Story.of(dev);
    await story.send();
    const wrong = anotherNumber(await story.otp());
    const codes = [];
    for (let i = 0; i < 3 && codes.at(-1) !== 'SB13'; i += 1) {
      codes.push((await fails('PG_PROVIDER', () => story.confirm(wrong))).pgCode);
    }
    assert.equal(codes.at(-1), 'SB13');
    assert.deepEqual((await story.told()).slice(-3), ['confirm_asked', '2300 SB13', 'failed']);
    await dev.sandbox.settings({ otpMaxAttempts: 10 });
    await assertFailedAndFree(story, 'SB13');
  });

  for (const code of ['SB91', 'SB92', 'SB93', 'SB94']) {
    test(`${code}, which is about the merchant and not about the number → open, not counted`, async () => {
      const story = await Story.of(dev);
      await story.send();
      const otp = await story.otp();
      await fault('2300', 'resCd', code, 6);
      for (let i = 0; i < 6; i += 1) await failsAtKcp(code, () => story.confirm(otp));
      assert.deepEqual((await story.told()).slice(-3), ['confirm_asked', `2300 ${code}`, 'stayed_open']);
      await assertOpen(story);
    });
  }

  for (const code of ['X999', '9562']) {
    // KCP's own code for a wrong number is not public, so any code may be it: it counts as one.
    test(`${code}, which is not known to decide anything → open, until our own count is reached`, async () => {
      const story = await Story.of(dev);
      await story.send();
      const otp = await story.otp();
      await fault('2300', 'resCd', code, 4);
      for (let i = 0; i < 4; i += 1) await failsAtKcp(code, () => story.confirm(otp));
      assert.deepEqual(await story.told(), [
        ...sent(),
        ...Array(4).fill(['confirm_asked', `2300 ${code}`, 'wrong_number']).flat(),
      ]);
      await assertOpen(story);

      const hopeless = await Story.of(dev);
      await hopeless.send();
      await fault('2300', 'resCd', code, 5);
      for (let i = 0; i < 5; i += 1) await failsAtKcp(code, () => hopeless.confirm(otp));
      assert.equal((await hopeless.get()).status, 'FAILED');
    });
  }

  for (const [kind, value, code] of NO_PROPER_ANSWER) {
    test(`${kind} → open, asking again is allowed`, async () => {
      const story = await Story.of(dev);
      await story.send();
      const otp = await story.otp();
      await fault('2300', kind, value);
      await failsAtKcp(code, () => story.confirm(otp));
      assert.deepEqual(await story.told(), [...sent(), 'confirm_asked', `2300 ${code}`, 'stayed_open']);
      await assertOpen(story);
      assert.deepEqual((await story.told()).slice(-3), ['confirm_asked', '2300 0000', 'verified']);
    });
  }
});

describe('the PASS app is asked', () => {
  test('before the person has approved → SB21, open', async () => {
    const story = await Story.of(dev, 'SKT', 'APP');
    await story.send();
    for (let i = 0; i < 7; i += 1) await failsAtKcp('SB21', () => story.confirm());
    assert.deepEqual((await story.told()).slice(0, 6), [
      ...sent('SKT', 'APP'),
      'confirm_asked',
      '2600 SB21',
      'stayed_open',
    ]);
    await assertOpen(story);
  });

  test('after the person has refused → SB22, FAILED', async () => {
    const story = await Story.of(dev, 'LGU', 'APP');
    await story.send();
    await dev.sandbox.reject(story.person.phone);
    await failsAtKcp('SB22', () => story.confirm());
    assert.deepEqual(await story.told(), [...sent('LGU', 'APP'), 'confirm_asked', '2600 SB22', 'failed']);
    await assertFailedAndFree(story, 'SB22');
  });

  for (const code of ['SB91', 'SB94', 'X999']) {
    test(`${code}, which decides nothing → open`, async () => {
      const story = await Story.of(dev, 'KT', 'APP');
      await story.send();
      await fault('2600', 'resCd', code);
      await failsAtKcp(code, () => story.confirm());
      assert.deepEqual(await story.told(), [...sent('KT', 'APP'), 'confirm_asked', `2600 ${code}`, 'stayed_open']);
      await assertOpen(story);
    });
  }

  for (const [kind, value, code] of NO_PROPER_ANSWER) {
    test(`${kind} → open, asking again is allowed`, async () => {
      const story = await Story.of(dev, 'KT_MVNO', 'APP');
      await story.send();
      await fault('2600', kind, value);
      await failsAtKcp(code, () => story.confirm());
      assert.deepEqual(await story.told(), [...sent('KT_MVNO', 'APP'), 'confirm_asked', `2600 ${code}`, 'stayed_open']);
      await assertOpen(story);
    });
  }
});

describe('KCP checks the name alone', () => {
  test('nobody is verified, whatever CI and DI come with it', async () => {
    await dev.sandbox.call('PUT', '/sandbox/merchants/AO7F3', { nameCheckOnly: true });
    try {
      const story = await Story.of(dev);
      await fails('PG_PROVIDER', () => story.send());
      assert.equal((await story.get()).status, 'FAILED');
      assert.ok(!(await story.told()).includes('verified'));
      await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.confirm('123456'));
    } finally {
      await dev.sandbox.call('PUT', '/sandbox/merchants/AO7F3', { nameCheckOnly: false });
    }
  });
});

describe('a message is sent again', () => {
  for (const code of ['SB91', 'SB94', 'X999']) {
    test(`${code} → open, the first number still counts`, async () => {
      const story = await Story.of(dev);
      await story.send();
      await fault('2200', 'resCd', code);
      await failsAtKcp(code, () => story.resend());
      assert.deepEqual(await story.told(), [...sent(), 'resend_asked', `2200 ${code}`, 'resend_failed']);
      await assertOpen(story);
    });
  }

  for (const [kind, value, code] of NO_PROPER_ANSWER) {
    test(`${kind} → open`, async () => {
      const story = await Story.of(dev);
      await story.send();
      await fault('2200', kind, value);
      await failsAtKcp(code, () => story.resend());
      assert.deepEqual(await story.told(), [...sent(), 'resend_asked', `2200 ${code}`, 'resend_failed']);
      await assertOpen(story);
    });
  }

  test('with success → the newest number counts', async () => {
    const story = await Story.of(dev);
    await story.send();
    await story.resend();
    await dev.sandbox.message(story.person.phone, 2);
    await story.finish();
    assert.deepEqual(await story.told(), [
      ...sent(),
      ...['resend_asked', '2200 0000', 'resent'],
      ...['confirm_asked', '2300 0000', 'verified'],
    ]);
  });

  test('has no meaning with the PASS app', async () => {
    const story = await Story.of(dev, 'KT', 'APP');
    await story.send();
    await fails('INVALID_REQUEST', () => story.resend());
    await assertOpen(story);
  });
});
