// Many callers at once, and a database that is away: KCP is asked once, everyone is told what holds for them, nothing is lost.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Dev, SECRET } from './harness/dev.mjs';
import { sleep } from './harness/program.mjs';
import { Story } from './harness/story.mjs';

let dev;
before(async () => {
  dev = await Dev.start({ args: ['--kcp-timeout', '2s', '--kcp-connect-timeout', '1s'] });
});
afterEach(() => dev.sandbox.clearFaults());
after(() => dev?.stop());

const fault = (call, kind, value, count = 1) => dev.sandbox.fault({ endpoint: `hub:${call}`, kind, value, count });

/** `ok`, or the type of the error and KCP's code. */
const ending = (promise) =>
  promise.then(
    () => 'ok',
    ({ data }) => [data.type, data.pgCode].filter(Boolean).join(' '),
  );

const many = (count, call) => Promise.all(Array.from({ length: count }, () => ending(call())));
const asked = async (story, call) => (await story.told()).filter((line) => line.startsWith(`${call} `));

describe('at once', () => {
  test('twenty resends → one message, and all are told that it left', async () => {
    const story = await Story.of(dev);
    await story.send();
    await fault('2200', 'latency', 500);
    assert.deepEqual(new Set(await many(20, () => story.resend())), new Set(['ok']));
    assert.deepEqual(await asked(story, '2200'), ['2200 0000']);
  });

  test('twenty resends that KCP refuses → asked once, and all are told so', async () => {
    const story = await Story.of(dev);
    await story.send();
    await fault('2200', 'latency', 500);
    await fault('2200', 'resCd', 'X111');
    assert.deepEqual(new Set(await many(20, () => story.resend())), new Set(['PG_PROVIDER X111']));
    assert.deepEqual(await asked(story, '2200'), ['2200 X111']);
  });

  test('twenty confirms to which KCP says nothing → asked once, and all are told of its silence', async () => {
    const story = await Story.of(dev);
    await story.send();
    const otp = await story.otp();
    await fault('2300', 'timeout');
    assert.deepEqual(new Set(await many(20, () => story.confirm(otp))), new Set(['PG_PROVIDER TIMEOUT']));
    assert.deepEqual(await asked(story, '2300'), ['2300 TIMEOUT']);
    await story.finish();
  });

  test('confirms and resends together → each kind is told its own outcome', async () => {
    const story = await Story.of(dev);
    await story.send();
    await fault('2300', 'latency', 400);
    await fault('2300', 'resCd', 'X222');
    const [confirms, resends] = await Promise.all([
      many(5, () => story.confirm('000000')),
      sleep(100).then(() => many(5, () => story.resend())),
    ]);
    assert.deepEqual(new Set(confirms), new Set(['PG_PROVIDER X222']));
    assert.deepEqual(new Set(resends), new Set(['ok']));
  });
});

describe('while the database cannot be written', () => {
  test('a confirm that KCP has granted is recorded as soon as it can be, and KCP is asked once though the claim lapses', async () => {
    const story = await Story.of(dev);
    await story.send();
    const otp = await story.otp();
    await fault('2300', 'latency', 1000);
    const first = story.confirm(otp);
    await sleep(500); // claimed, and KCP is thinking
    const unlock = await dev.database.lock();
    // A claim lives as long as KCP may take, and fifteen seconds for the record.
    await sleep(20_000);
    const second = ending(story.confirm(otp));
    await sleep(1000);
    await unlock();
    assert.equal((await first).identityVerification.status, 'VERIFIED');
    assert.equal(await second, 'IDENTITY_VERIFICATION_ALREADY_VERIFIED');
    assert.deepEqual(await asked(story, '2300'), ['2300 0000']);
  });

  test('what cannot begin is told to come back, and looking still works', async () => {
    const known = await Story.of(dev);
    await known.send();
    const unlock = await dev.database.lock();
    try {
      assert.equal((await known.get()).status, 'READY');
      const late = await Story.of(dev);
      const response = await fetch(new URL(`/identity-verifications/${late.id}/send`, dev.gateway), {
        method: 'POST',
        headers: { authorization: `PortOne ${SECRET}` },
        body: JSON.stringify({
          channelKey: 'channel-key-00000000-0000-4000-8000-000000000001',
          customer: { name: '홍길동', phoneNumber: late.person.phone, identityNumber: '9001011', ipAddress: '203.0.113.7' },
          bypass: { kcpV2: { media_type: 'MC01' } },
          operator: 'KT',
          method: 'SMS',
        }),
      });
      assert.equal(response.status, 503);
      assert.ok(Number(response.headers.get('retry-after')) > 0);
      assert.deepEqual(await dev.sandbox.messages(late.person.phone), [], 'KCP was not asked');
    } finally {
      await unlock();
    }
    await known.finish();
  });
});
