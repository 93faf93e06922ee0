// PostgreSQL goes away and comes back under load: whoever asks meanwhile is told to come back, what KCP has granted is not lost, and
// everything goes on by itself.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Cluster, WEBHOOKS } from './harness/cluster.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Postgres } from './harness/postgres.mjs';
import { sleep, waitFor } from './harness/program.mjs';
import { Random } from './harness/random.mjs';
import { Receiver } from './harness/receiver.mjs';
import { formsOf, walkThrough } from './harness/walk.mjs';
import { Wire } from './harness/wire.mjs';

/** How long anybody may wait for an answer, whatever is away. */
const BOUND = 50_000;

const env = { ...WEBHOOKS, BONIN_DATABASE_TIMEOUT: '2s', BONIN_DATABASE_STATEMENT_TIMEOUT: '2s' };

let server, cluster, gateway, receiver;
before(async () => {
  server = await Postgres.start();
  // A server that writes what is committed to its disk much later, unless a connection asks for better, as each of ours does.
  const late = ['synchronous_commit = off', "wal_writer_delay = '10s'", "wal_writer_flush_after = '1GB'"];
  await server.sql(...late.map((setting) => `ALTER SYSTEM SET ${setting}`), 'SELECT pg_reload_conf()');
  receiver = await Receiver.start();
  cluster = await Cluster.setUp({ server, env });
  await cluster.tell(receiver, ['/one']);
  [gateway] = cluster.instances;
});
afterEach(() => cluster.sandbox.clearFaults());
after(async () => {
  if (cluster && !server.child) await server.restart();
  await cluster?.stop();
  await receiver?.stop();
  await server?.dispose();
});

/** `{status, retryAfter, body}`, within the bound. */
async function ask(method, path, { json, form, headers = { authorization: `PortOne ${cluster.secret}` } } = {}) {
  const response = await fetch(new URL(path, gateway.address), {
    method,
    headers,
    body: json ? JSON.stringify(json) : form && new URLSearchParams(form),
    redirect: 'manual',
    signal: AbortSignal.timeout(BOUND),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, retryAfter: Number(response.headers.get('retry-after')), text, body: isJson ? JSON.parse(text) : undefined };
}

/** A customer, and the steps of the API. */
function customer() {
  const [id, person] = [newId(), newPerson()];
  const path = `/identity-verifications/${id}`;
  return {
    id,
    person,
    get: () => ask('GET', path),
    confirm: (otp) => ask('POST', `${path}/confirm`, { json: { otp } }),
    send: () =>
      ask('POST', `${path}/send`, {
        json: sending(person, { channelKey: cluster.channel, operator: 'KT' }),
      }),
  };
}

const window = (id = newId()) =>
  ask('POST', '/checkout/identity-verifications', {
    headers: { origin: 'http://shop.example', 'content-type': 'text/plain;charset=UTF-8' },
    json: {
      storeId: cluster.store,
      identityVerificationId: id,
      channelKey: cluster.window,
      windowType: 'REDIRECTION',
      redirectUrl: 'http://shop.example/done',
    },
  });

/** Everybody is told to come back, whatever they ask for, and the process itself is alive. */
async function assertAllAreToldToComeBack(txId) {
  const known = { headers: {} };
  const answers = await Promise.all([
    customer().get(),
    customer().send(),
    customer().confirm('123456'),
    ask('GET', '/identity-verifications'),
    ask('POST', '/login/api-secret', { ...known, json: { apiSecret: cluster.secret } }),
    ask('POST', '/token/refresh', { ...known, json: { refreshToken: 'x' } }),
    window(),
    ask('GET', `/checkout/${txId}`, known),
    ask('GET', `/checkout/${txId}/status`, known),
    ask('POST', `/checkout/${txId}/return/0123456789abcdef`, { ...known, form: { res_cd: '0000' } }),
    ask('GET', '/console/login', known),
    ask('GET', '/console', { headers: { cookie: 'bonin_console=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } }),
    ask('GET', '/health/ready', known),
  ]);
  assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 503), JSON.stringify(answers.map(({ text }) => text.slice(0, 80))));
  for (const { retryAfter, text } of answers) assert.ok(retryAfter > 0, text);
  assert.ok((await ask('GET', '/health/live', known)).status < 300);
}

const isWhole = async () => (await customer().send()).status === 200;

test('whatever is acknowledged is on the disk of the server, which by itself would write it much later', async () => {
  const lsn = async (which) => (await server.sql(`SELECT pg_current_wal_${which}_lsn() - '0/0'`)).trim();
  const login = () => ask('POST', '/login/api-secret', { headers: {}, json: { apiSecret: cluster.secret } });
  for (let round = 0; round < 3; round += 1) {
    const { person, send, confirm } = customer();
    for (const step of [send, async () => confirm(await cluster.sandbox.otp(person.phone)), window, login]) {
      const before = BigInt(await lsn('insert'));
      const { status, text } = await step();
      assert.equal(status, 200, text);
      assert.ok(BigInt(await lsn('flush')) > before, `round ${round}: ${step.name || 'confirm'} is not on disk`);
    }
  }
});

describe('stopped and started again under load', () => {
  for (const mode of ['fast', 'immediate']) {
    test(`${mode}: 503 while it is away, nothing acknowledged is lost, and all goes on by itself`, async (t) => {
      const { txId } = (await window()).body;
      let away = false;
      const load = cluster.load({ gateway: () => gateway.address, random: new Random(), mayBeAway: () => away });
      const working = load.run(6, 2);
      const more = async (count) => {
        const before = load.verified().length;
        await waitFor(`${count} more`, () => load.faults.length > 0 || load.verified().length >= before + count, { ms: 60_000 });
        load.assertFaultless();
      };
      try {
        await more(10);
        away = true;
        await server.stop(mode);
        await waitFor('503', () => load.faults.length > 0 || load.away > 5, { ms: BOUND });
        await assertAllAreToldToComeBack(txId);
        await server.restart();
        await waitFor('it to be ready', () => gateway.isReady(), { ms: 30_000 });
        await waitFor('it to work', isWhole, { ms: 30_000 });
        // A connection that was lost is met once; each of those who held one may be told so.
        await more(16);
        away = false;
        await more(10);
      } finally {
        load.ended = true;
        away = true;
        if (!server.child) await server.restart();
        await working;
      }
      t.diagnostic(`${load.away} times 503, ${load.verified().length} of ${load.stories.length} verified`);
      load.assertFaultless();
      assert.equal(load.broken, 0, 'no connection of a caller broke');
      load.ended = false;
      away = false;
      await load.settle();
      await load.reckon();
      load.assertFaultless();
      await cluster.assertOnce(load.stories);
      t.diagnostic(await cluster.assertTold(receiver, load));
    });

    test(`${mode}, while KCP is being asked: what it granted is recorded once the database is back, and it is asked once`, async () => {
      const { person, send, confirm, get } = customer();
      assert.equal((await send()).status, 200);
      const otp = await cluster.sandbox.otp(person.phone);
      await cluster.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 700 });
      cluster.tap.clear();
      const first = confirm(otp);
      await waitFor('KCP to be asked', () => cluster.tap.count('2300') === 1);
      await server.stop(mode);
      await waitFor('KCP to have granted it', () => cluster.tap.calls.some(({ txType, resCd }) => txType === '2300' && resCd === '0000'));
      await sleep(500);
      // Whoever asks meanwhile must not ask KCP again, which has used the number up.
      const second = confirm(otp);
      await sleep(500);
      await server.restart();
      const [answer, other] = [await first, await second];
      assert.ok(answer.status === 200 || (answer.status === 503 && answer.retryAfter > 0), answer.text);
      if (answer.status === 200) assert.equal(answer.body.identityVerification.status, 'VERIFIED');
      assert.ok(other.status === 409 || (other.status === 503 && other.retryAfter > 0), other.text);
      const { body } = await waitFor('the record', async () => {
        const found = await get();
        return found.status === 200 && found.body.status === 'VERIFIED' && found;
      });
      assert.equal(body.verifiedCustomer.name, person.name);
      assert.equal(cluster.tap.count('2300'), 1);
    });
  }

  test('whoever comes back from KCP’s window meanwhile presses the button and is verified', async () => {
    const opened = await window();
    const path = `/checkout/${opened.body.txId}`;
    const departure = await ask('GET', path, { headers: {} });
    const way = await walkThrough(departure.text, cluster.sandbox, newPerson());
    await server.stop('immediate');
    const back = () => ask('POST', new URL(way.url).pathname, { headers: {}, form: way.fields });
    const away = await back();
    assert.equal(away.status, 503);
    assert.ok(away.retryAfter > 0);
    assert.match(away.text, /다시 확인하기/);
    await server.restart();
    // The button posts to the same address; what the browser brought is no longer needed.
    const press = formsOf(away.text)[0];
    assert.deepEqual(press.fields, {});
    const arrival = await waitFor('it to be back', async () => {
      const found = await ask('POST', new URL(way.url).pathname, { headers: {}, form: press.fields });
      return found.status === 200 && found;
    });
    assert.match(arrival.text, /본인인증을 마쳤습니다/);
  });
});

describe('there, and silent', () => {
  test('frozen: everybody is told to come back in time, and once it goes on, all does', async () => {
    const before = customer();
    const { txId } = (await window()).body;
    assert.equal((await before.send()).status, 200);
    server.pause();
    try {
      await assertAllAreToldToComeBack(txId);
      await assertAllAreToldToComeBack(txId);
    } finally {
      server.resume();
    }
    await waitFor('it to work', isWhole, { ms: 30_000 });
    const otp = await cluster.sandbox.otp(before.person.phone);
    assert.equal((await before.confirm(otp)).status, 200);
  });

  test('frozen while KCP is being asked: what it granted is recorded', async () => {
    const { person, send, confirm, get } = customer();
    assert.equal((await send()).status, 200);
    const otp = await cluster.sandbox.otp(person.phone);
    await cluster.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 700 });
    cluster.tap.clear();
    const givenUp = () => gateway.program.stderr.split('an outcome could not be recorded yet').length - 1;
    const before = givenUp();
    const first = confirm(otp);
    await waitFor('KCP to be asked', () => cluster.tap.count('2300') === 1);
    server.pause();
    try {
      await waitFor('KCP to have granted it', () => cluster.tap.calls.some(({ txType, resCd }) => txType === '2300' && resCd === '0000'));
      await waitFor('its statement to be given up', () => givenUp() > before, { ms: 30_000 });
    } finally {
      server.resume();
    }
    assert.equal((await first).status, 200);
    assert.equal((await get()).body.status, 'VERIFIED');
    assert.equal(cluster.tap.count('2300'), 1);
  });
});

describe('away for long', () => {
  const granted = () => cluster.tap.calls.filter(({ txType, resCd }) => txType === '2300' && resCd === '0000').length;

  /** A number that KCP is asked about just now. */
  async function asking() {
    const story = customer();
    assert.equal((await story.send()).status, 200);
    const otp = await cluster.sandbox.otp(story.person.phone);
    await cluster.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 700 });
    const before = cluster.tap.count('2300');
    const confirmed = story.confirm(otp);
    await waitFor('KCP to be asked', () => cluster.tap.count('2300') > before);
    return { ...story, otp, confirmed };
  }

  const becomesVerified = ({ get }) =>
    waitFor('the record', async () => {
      const { status, body } = await get();
      return status === 200 && body.status === 'VERIFIED';
    });

  test('whoever waits is told to come back; what KCP granted is recorded all the same and once, though the claims have lapsed', async () => {
    const [first, other] = cluster.instances;
    const before = granted();
    const [here, elsewhere] = await Promise.all([asking(), asking()]);
    await server.stop('fast');
    await waitFor('KCP to have granted both', () => granted() === before + 2);
    // As long as everything may take while nothing is away; by then the claims have lapsed.
    for (const { status, retryAfter } of await Promise.all([here.confirmed, elsewhere.confirmed])) {
      assert.equal(status, 503);
      assert.ok(retryAfter > 0);
    }
    await server.restart();
    /** What the instance says that is asked about the same number again. */
    const again = ({ id, otp }, instance) =>
      waitFor('an answer', async () => {
        const response = await fetch(new URL(`/identity-verifications/${id}/confirm`, instance.address), {
          method: 'POST',
          headers: { authorization: `PortOne ${cluster.secret}` },
          body: JSON.stringify({ otp }),
          signal: AbortSignal.timeout(BOUND),
        });
        return response.status !== 503 && response.json();
      });
    const [told, toldElsewhere] = await Promise.all([again(here, first), again(elsewhere, other)]);
    assert.equal(told.type, 'IDENTITY_VERIFICATION_ALREADY_VERIFIED', JSON.stringify(told));
    // KCP has used the number up, and says so to whoever asks before the first one has recorded what it knows.
    const either = ['IDENTITY_VERIFICATION_ALREADY_VERIFIED', 'PG_PROVIDER'];
    assert.ok(either.includes(toldElsewhere.type), JSON.stringify(toldElsewhere));
    for (const story of [here, elsewhere]) {
      await becomesVerified(story);
      const told = await cluster.timeline(story.id);
      assert.equal(told.filter(({ kind }) => kind === 'verified').length, 1);
      if (story === here) assert.equal(told.filter(({ call }) => call === '2300').length, 1, 'asked once');
    }
    assert.equal(granted(), before + 2);
  });

  test('a password that no longer lets the gateway in, too, is in the way of a record only until it is mended', async () => {
    cluster.tap.clear();
    const story = await asking();
    const { name, password } = cluster.made;
    await server.sql(
      `ALTER ROLE ${name} PASSWORD 'another'`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${name}'`,
    );
    await waitFor('KCP to have granted it', () => granted() === 1);
    await waitFor('503', async () => (await customer().get()).status === 503);
    const ready = await fetch(new URL('/health/ready', gateway.address));
    assert.equal(ready.status, 503);
    assert.deepEqual((await ready.json()).checks, { database: 'failed', migrations: 'unknown', keys: 'unknown' });
    await sleep(1000);
    await server.sql(`ALTER ROLE ${name} PASSWORD '${password}'`);
    assert.equal((await story.confirmed).status, 200);
    await becomesVerified(story);
    assert.equal(cluster.tap.count('2300'), 1);
  });
});

describe('connections that lead nowhere', () => {
  let wire;
  before(async () => {
    wire = await Wire.to(new URL(cluster.made.url).port);
    const through = new URL(cluster.made.url);
    through.port = wire.port;
    gateway = await cluster.add({ ...env, BONIN_DATABASE: through.href });
  });
  after(async () => {
    if (gateway !== cluster.instances[0]) await cluster.instances.pop().stop();
    [gateway] = cluster.instances;
    await wire?.stop();
  });

  test('are given up, and others opened in their place', async () => {
    // Several are open, and idle.
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 12 }, isWhole))), new Set([true]));
    for (let round = 0; round < 2; round += 1) {
      assert.ok(wire.cut() > 0, 'there were connections');
      const answers = await Promise.all(Array.from({ length: 20 }, () => customer().get()));
      for (const { status, retryAfter, text } of answers) {
        assert.ok(status === 404 || (status === 503 && retryAfter > 0), `${status} ${text}`);
      }
      await waitFor('it to work', isWhole, { ms: BOUND });
      assert.deepEqual(new Set(await Promise.all(Array.from({ length: 12 }, isWhole))), new Set([true]));
    }
  });
});
