// The same id may be tried several times and only one try ever succeeds: row by row what stands, what comes, and what follows.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Dev, SECRET, STORE } from './harness/dev.mjs';
import { sleep, waitFor } from './harness/program.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { fails, failsAtKcp, sent, sentUntil, Story } from './harness/story.mjs';

const LIFE_SECONDS = 4;

let dev;
before(async () => {
  dev = await Dev.start();
});
after(() => dev?.stop());
beforeEach(() => dev.sandbox.clearFaults());

function fault(call, kind, value, count = 1) {
  return dev.sandbox.fault({ endpoint: `hub:${call}`, kind, value, count });
}

const outcomes = (settled) =>
  settled
    .map(({ status, reason }) => (status === 'fulfilled' ? 'success' : (reason.data?.pgCode ?? reason.data?.type ?? String(reason))))
    .reduce((counts, outcome) => ({ ...counts, [outcome]: (counts[outcome] ?? 0) + 1 }), {});

describe('there is a success', () => {
  for (const method of ['SMS', 'APP']) {
    test(`whatever comes is ALREADY_VERIFIED (${method})`, async () => {
      const story = await Story.of(dev, 'SKT', method);
      await story.send();
      const verified = await story.finish();
      const told = await story.told();
      await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => story.send());
      await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => story.resend());
      await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => story.confirm('123456'));
      await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => story.confirm());
      assert.deepEqual(await story.get(), verified);
      assert.deepEqual(await story.told(), told);
      const asked = method === 'SMS' ? '2300 0000' : '2600 0000';
      assert.deepEqual(told, [...sent('SKT', method), 'confirm_asked', asked, 'verified']);
    });
  }
});

describe('there is a live try', () => {
  test('another send is ALREADY_SENT and changes nothing', async () => {
    const story = await Story.of(dev);
    await story.send();
    const before = await story.get();
    await fails('IDENTITY_VERIFICATION_ALREADY_SENT', () => story.send());
    assert.deepEqual(await story.get(), before);
    assert.deepEqual(await story.told(), sent());
    assert.equal((await dev.sandbox.messages(story.person.phone)).length, 1);
    await story.finish();
  });

  test('a hundred sends at once are one message', async () => {
    const story = await Story.of(dev);
    const settled = await Promise.allSettled(Array.from({ length: 100 }, () => story.send()));
    assert.deepEqual(outcomes(settled), { success: 1, IDENTITY_VERIFICATION_ALREADY_SENT: 99 });
    assert.equal((await dev.sandbox.messages(story.person.phone)).length, 1);
    assert.deepEqual(await story.told(), sent());
    await story.finish();
  });

  test('the store of another secret does not see it', async () => {
    const story = await Story.of(dev);
    await story.send();
    const other = dev.sdk({ secret: 'bonin-dev-secret-2-do-not-use-in-production' });
    await fails('IDENTITY_VERIFICATION_NOT_FOUND', () =>
      other.getIdentityVerification({ identityVerificationId: story.id }),
    );
    await fails('IDENTITY_VERIFICATION_NOT_FOUND', () =>
      other.confirmIdentityVerification({ identityVerificationId: story.id, otp: '123456' }),
    );
    await story.finish();
  });
});

describe('the try is over', () => {
  test('a failed one makes room for a new try', async () => {
    const story = await Story.of(dev);
    await fault('2100', 'resCd', 'SB01');
    await failsAtKcp('SB01', () => story.send());
    assert.equal((await story.get()).status, 'FAILED');
    await story.send();
    assert.equal((await story.get()).status, 'READY');
    await story.finish();
    assert.deepEqual(await story.told(), [
      ...[...sentUntil('2100', 'SB01'), 'failed'],
      ...[...sent(), 'confirm_asked', '2300 0000', 'verified'],
    ]);
    assert.equal((await story.tries()).length, 2);
  });

  test('a refused one makes room for a new try, even in the other way', async () => {
    const story = await Story.of(dev, 'KT', 'APP');
    await story.send();
    await dev.sandbox.reject(story.person.phone);
    await failsAtKcp('SB22', () => story.confirm());
    story.method = 'SMS';
    await story.send();
    await story.finish();
    assert.equal((await story.tries()).length, 2);
  });

  test('there is nothing to confirm or to resend', async () => {
    const story = await Story.of(dev);
    await fails('IDENTITY_VERIFICATION_NOT_FOUND', () => story.confirm('123456'));
    await fails('IDENTITY_VERIFICATION_NOT_FOUND', () => story.resend());
    await fails('IDENTITY_VERIFICATION_NOT_FOUND', () => story.get());
    await fault('2100', 'resCd', 'SB01');
    await failsAtKcp('SB01', () => story.send());
    await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.confirm('123456'));
    await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.resend());
    assert.deepEqual(await story.told(), [...sentUntil('2100', 'SB01'), 'failed']);
  });

  test('an id has ten tries', async () => {
    const story = await Story.of(dev);
    await fault('2100', 'resCd', 'SB01', 10);
    for (let i = 0; i < 10; i += 1) await failsAtKcp('SB01', () => story.send());
    await fails('MAX_TRANSACTION_COUNT_REACHED', () => story.send());
    assert.equal((await story.tries()).length, 10);
    assert.equal((await story.get()).status, 'FAILED');
  });
});

describe('a confirm is in flight', () => {
  test('a hundred with the right number: one success, KCP asked once', async () => {
    for (const method of ['SMS', 'APP']) {
      const story = await Story.of(dev, 'KT', method);
      await story.send();
      const otp = method === 'SMS' ? await story.otp() : undefined;
      if (method === 'APP') await dev.sandbox.approve(story.person.phone);
      await fault(method === 'SMS' ? '2300' : '2600', 'latency', 300, 1);
      const settled = await Promise.allSettled(Array.from({ length: 100 }, () => story.confirm(otp)));
      assert.deepEqual(outcomes(settled), { success: 1, IDENTITY_VERIFICATION_ALREADY_VERIFIED: 99 });
      const asked = method === 'SMS' ? '2300 0000' : '2600 0000';
      assert.deepEqual(await story.told(), [...sent('KT', method), 'confirm_asked', asked, 'verified']);
    }
  });

  test('those who come meanwhile learn that the number was wrong, and KCP is asked once', async () => {
    const story = await Story.of(dev);
    await story.send();
    const wrong = anotherNumber(await story.otp());
    await fault('2300', 'latency', 500, 1);
    const first = failsAtKcp('SB11', () => story.confirm(wrong));
    await sleep(150);
    const answers = await Promise.all([first, ...Array.from({ length: 20 }, () => failsAtKcp('SB11', () => story.confirm(wrong)))]);
    assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1, 'the same error for all');
    assert.deepEqual(await story.told(), [...sent(), 'confirm_asked', '2300 SB11', 'wrong_number']);
    await story.finish();
  });

  test('those who come meanwhile are told of KCP\'s silence too', async () => {
    const story = await Story.of(dev);
    await story.send();
    const otp = await story.otp();
    await fault('2300', 'latency', 300, 1);
    await fault('2300', 'garbage', undefined, 1);
    const settled = await Promise.allSettled(Array.from({ length: 5 }, () => story.confirm(otp)));
    const counts = outcomes(settled);
    const asked = (await story.told()).filter((what) => what.startsWith('2300')).length;
    assert.ok(asked <= 2, `KCP was asked ${asked} times: ${JSON.stringify(counts)}`);
    if ((await story.get()).status === 'READY') await story.finish();
  });

  test('a caller who hangs up loses nothing', async () => {
    const story = await Story.of(dev);
    await story.send();
    const otp = await story.otp();
    await fault('2300', 'latency', 800);
    const url = new URL(`/identity-verifications/${story.id}/confirm`, dev.gateway);
    await assert.rejects(
      fetch(url, {
        method: 'POST',
        headers: { authorization: `PortOne ${SECRET}` },
        body: JSON.stringify({ otp }),
        signal: AbortSignal.timeout(200),
      }),
    );
    const verified = await waitFor('the success', async () => {
      const found = await story.get();
      return found.status === 'VERIFIED' && found;
    });
    assert.equal(verified.verifiedCustomer.name, story.person.name);
    assert.deepEqual(await story.told(), [...sent(), 'confirm_asked', '2300 0000', 'verified']);
    await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => story.confirm(otp));
  });

  test('a sender who hangs up loses nothing', async () => {
    const story = await Story.of(dev);
    await fault('2100', 'latency', 800);
    const realFetch = globalThis.fetch;
    globalThis.fetch = (input, init) => realFetch(input, { ...init, signal: AbortSignal.timeout(200) });
    try {
      await assert.rejects(story.send());
    } finally {
      globalThis.fetch = realFetch;
    }
    await fails('IDENTITY_VERIFICATION_ALREADY_SENT', () => story.send());
    await dev.sandbox.message(story.person.phone);
    await waitFor('the record', async () => (await story.told()).includes('sent'));
    await story.finish();
    assert.deepEqual(await story.told(), [...sent(), 'confirm_asked', '2300 0000', 'verified']);
  });
});

describe('limits of a try', () => {
  test('the fifth wrong number ends it', async () => {
    const story = await Story.of(dev);
    await story.send();
    const otp = await story.otp();
    for (let i = 0; i < 5; i += 1) await failsAtKcp('SB11', () => story.confirm(anotherNumber(otp)));
    assert.equal((await story.get()).status, 'FAILED');
    assert.deepEqual((await story.told()).slice(-3), ['2300 SB11', 'wrong_number', 'failed_too_many_wrong_numbers']);
    // Not even the right number counts any more, until the try would have ended by itself.
    await fails('TOO_MANY_REQUESTS', () => story.confirm(otp));
    assert.equal((await story.get()).status, 'FAILED');
  });

  test('five hundred guesses at once are five at most', async () => {
    const story = await Story.of(dev);
    await story.send();
    const otp = await story.otp();
    const guesses = Array.from({ length: 500 }, (_, i) => String(i).padStart(6, '0')).filter((guess) => guess !== otp);
    for (let at = 0; at < guesses.length; at += 100) {
      await Promise.allSettled(guesses.slice(at, at + 100).map((guess) => story.confirm(guess)));
    }
    const asked = (await story.told()).filter((what) => what.startsWith('2300')).length;
    assert.ok(asked <= 5, `KCP was asked ${asked} times`);
    assert.equal((await story.get()).status, 'FAILED');
  });

  test('the sixth resend is one too many, and the try goes on', async () => {
    const story = await Story.of(dev);
    await story.send();
    for (let i = 0; i < 5; i += 1) await story.resend();
    await fails('TOO_MANY_REQUESTS', () => story.resend());
    await dev.sandbox.message(story.person.phone, 6);
    await story.finish();
  });
});

describe('time passes', () => {
  let short;
  before(async () => {
    short = await Dev.start({ contract: false, args: ['--api-try-life', `${LIFE_SECONDS}s`] });
  });
  after(() => short?.stop());

  test('an expired try takes no number and makes room for a new one', async () => {
    const story = await Story.of(short);
    await story.send();
    const otp = await story.otp();
    await sleep(LIFE_SECONDS * 1000 + 500);
    await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.confirm(otp));
    await fails('IDENTITY_VERIFICATION_NOT_SENT', () => story.resend());
    await story.send();
    await short.sandbox.message(story.person.phone, 2);
    await story.finish();
    assert.equal((await story.tries()).length, 2);
    const told = await short.timeline(story.id, STORE);
    assert.ok(told.some(({ kind }) => kind === 'expired'), JSON.stringify(told));
  });

  test('a message sent again gives the try new time', async () => {
    const story = await Story.of(short);
    await story.send();
    await sleep(LIFE_SECONDS * 600);
    await story.resend();
    await sleep(LIFE_SECONDS * 600);
    await short.sandbox.message(story.person.phone, 2);
    await story.finish();
    assert.equal((await story.tries()).length, 1);
  });
});
