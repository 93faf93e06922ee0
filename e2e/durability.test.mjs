// Nothing that was acknowledged is lost, on SQLite: the gateway is killed two hundred times under load, at moments that nobody chose,
// and a system-call trace shows that whatever it writes is on disk before anybody is told.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ON_POSTGRES } from './harness/database.mjs';
import { assertKept, Load, UNDER_LOAD } from './harness/load.mjs';
import { Program, run, sleep, waitFor } from './harness/program.mjs';
import { Random } from './harness/random.mjs';
import { Serve } from './harness/serve.mjs';
import { queryCopy } from './harness/sqlite.mjs';
import { freePort } from './harness/standalone.mjs';
import { answersIn, callsIn, strace, whyNoTrace, withoutSyncs } from './harness/strace.mjs';
import { Tap } from './harness/tap.mjs';

const KILLS = 200;

describe('killed two hundred times under load', { skip: ON_POSTGRES && 'about SQLite' }, () => {
  const random = new Random();
  let serve, tap, address, env, load;

  before(async () => {
    serve = await Serve.setUp({
      hub: async (sandbox) => {
        tap = await Tap.to(sandbox);
        return tap.address;
      },
    });
    const windowChannel = await serve.windowChannel(serve.credentials);
    address = `http://127.0.0.1:${await freePort()}`;
    env = {
      ...serve.env,
      BONIN_LISTEN: new URL(address).host,
      BONIN_PUBLIC_URL: 'http://127.0.0.1:8787',
      ...UNDER_LOAD,
    };
    const { sandbox, store, channel, secret } = serve;
    load = new Load({ gateway: () => address, sandbox, store, channel, windowChannel, secret, random });
  });
  after(async () => {
    if (load) load.ended = true;
    await serve?.stop();
    await tap?.stop();
  });

  const file = () => join(serve.data, 'bonin.db');
  const start = () => (serve.program = new Program(['serve'], { env }));

  async function kill() {
    assert.equal(serve.program.exit, undefined, `it ended by itself: ${serve.program.describe()}`);
    serve.program.kill();
    await serve.program.finished();
    assert.equal(serve.program.exit.signal, 'SIGKILL', serve.program.describe());
    assert.doesNotMatch(serve.program.stderr + serve.program.stdout, /panicked|ERROR/, serve.program.describe());
  }

  const answers = () =>
    fetch(new URL('/health/live', address), { signal: AbortSignal.timeout(5000) }).then(
      (response) => response.ok,
      () => false,
    );

  /** The files as they lie there are whole. Nobody may be writing. */
  async function assertWhole(when) {
    const [integrity, foreign] = await queryCopy(file(), ['PRAGMA integrity_check', 'PRAGMA foreign_key_check']);
    assert.deepEqual(integrity, [['ok']], when);
    assert.deepEqual(foreign, [], when);
  }

  /** The operator at the shell, who changes the same database and whose process is sometimes killed as well. */
  class Operator {
    secrets = [];
    pause = Promise.resolve();

    async work() {
      for (let i = 0; !load.ended; i += 1) {
        await this.pause;
        this.acting = this.#act(`operator ${i}`);
        await this.acting;
        await sleep(250);
      }
    }

    async #act(name) {
      const program = new Program(['secret', 'create', '--store', serve.store, '--name', name, '--json'], { env: serve.env });
      if (random.chance(0.3)) setTimeout(() => program.kill(), random.between(0, 150));
      const { code, signal } = await program.finished();
      if (code === 0) this.secrets.push({ name, ...JSON.parse(program.stdout) });
      else if (signal !== 'SIGKILL') load.faults.push(program.describe());
    }

    /** Runs something while the operator's hands are still. */
    async still(act) {
      let resume;
      this.pause = new Promise((resolve) => (resume = resolve));
      await this.acting;
      try {
        return await act();
      } finally {
        resume();
      }
    }
  }

  /** Somebody who comes back with a refresh token again and again. It is used up by use, and what it gave is there. */
  class Session {
    used = [];
    renewed = 0;

    async work() {
      const ask = (path, json) => load.ask('POST', path, { json, headers: {} });
      while (!load.ended) {
        if (!this.token) {
          const { status, body } = await load.insist(() => ask('/login/api-secret', { apiSecret: this.secret }));
          assert.equal(status, 200);
          this.token = body.refreshToken;
        }
        let unsure = false;
        const { status, body } = await load.insist(
          () => ask('/token/refresh', { refreshToken: this.token }),
          () => (unsure = true),
        );
        if (status === 200) {
          this.used.push(this.token);
          this.token = body.refreshToken;
          this.renewed += 1;
        } else {
          // Used up in a request whose answer was lost.
          if (!(status === 401 && unsure)) load.faults.push(`refresh → ${status} ${JSON.stringify(body)}`);
          this.token = undefined;
        }
        await sleep(random.between(0, 100));
      }
    }
  }

  test('keeps every acknowledged result, verifies nobody twice, and passes its integrity check', async (t) => {
    t.diagnostic(`BONIN_SEED=${random.seed}`);
    const began = Date.now();
    const operator = new Operator();
    const session = new Session();
    session.secret = (await serve.addSecret()).secret;
    start();
    const working = Promise.all([load.run(4, 1), operator.work(), session.work()]);
    working.catch(() => {}); // it is waited for below

    let underWay = 0;
    let interrupted = 0;
    let starting = 0;
    let seen = 0;
    for (let kills = 1; kills <= KILLS; kills += 1) {
      // Most of the time somewhere in its work, sometimes while it starts and takes up what the one before has left.
      if (random.chance(0.15)) {
        await sleep(random.between(0, 150));
        starting += 1;
      } else {
        await waitFor('the gateway', answers, { ms: 30_000, every: 5 });
        // First of all, what the one before had acknowledged last.
        const all = load.acknowledged();
        await load.reckon(all.slice(Math.max(seen - 8, 0)).slice(-16));
        seen = all.length;
        // However slow the machine is, somebody comes to the end now and then.
        if (random.chance(0.2)) {
          const before = load.verified().length;
          await waitFor('somebody verified', () => load.faults.length > 0 || load.verified().length > before, { ms: 30_000, every: 5 });
        }
        await sleep(random.between(0, 400));
      }
      underWay += load.underWay;
      if (load.underWay > 0) interrupted += 1;
      await kill();
      if (kills % 20 === 0) await operator.still(() => assertWhole(`after kill ${kills}`));
      load.assertFaultless();
      start();
    }
    await waitFor('the gateway', answers, { ms: 30_000 });
    load.ended = true;
    await working;
    load.assertFaultless();
    t.diagnostic(
      `${KILLS} kills in ${Math.round((Date.now() - began) / 1000)} s, ${starting} of them at the start, ${interrupted} under ${underWay} requests: ` +
        `${load.broken} broke; ${load.stories.length} stories, ${load.verified().length} verified, ${session.renewed} refreshes, ${operator.secrets.length} secrets`,
    );
    // It was a load, and the kills met it.
    assert.ok(interrupted > KILLS / 2, `${interrupted} kills met a request`);
    assert.ok(load.broken > KILLS / 2, `${load.broken} requests broke`);
    assert.ok(load.verified().length > KILLS / 10, `${load.verified().length} were verified`);

    load.ended = false;

    // Everything that was acknowledged is there, and what was interrupted comes to an end.
    const settled = await load.settle();
    await load.reckon();
    load.assertFaultless();
    t.diagnostic(`${settled} were interrupted, and settled`);

    // A refresh token that was used up stays so; the one that was given last is good.
    const refresh = (refreshToken) => load.ask('POST', '/token/refresh', { json: { refreshToken }, headers: {} });
    for (const token of session.used.slice(-20)) assert.equal((await refresh(token)).status, 401);
    if (session.token) assert.equal((await refresh(session.token)).status, 200);
    // Every secret that the shell has shown opens the API.
    assert.ok(operator.secrets.length > 0);
    for (const { secret, name } of operator.secrets) {
      const { status } = await load.ask('GET', '/identity-verifications', { headers: { authorization: `PortOne ${secret}` } });
      assert.equal(status, 200, name);
    }
    const audit = await run(['audit', 'verify'], { env: serve.env });
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);

    await kill();
    await assertWhole('at the end');
    await assertOnce(operator);
  });

  /** KCP granted nobody's verification twice, none was verified twice here, and what was told is what is written. */
  async function assertOnce(operator) {
    const [numbers, told, verified, audited] = await queryCopy(file(), [
      'SELECT pg_tx_id, verification_id FROM attempt',
      "SELECT verification_id, kind, COUNT(*) FROM event WHERE kind IN ('verified', 'wrong_number', 'sent') GROUP BY verification_id, kind",
      "SELECT verification_id, COUNT(*) FROM attempt WHERE state = 'VERIFIED' GROUP BY verification_id",
      "SELECT subject FROM audit WHERE action LIKE 'secret%'",
    ]);
    assertKept(load.stories, { granted: tap.granted(new Map(numbers)), told, verified });
    const noted = new Set(audited.flat());
    for (const { id } of operator.secrets) assert.ok(noted.has(id), `the audit knows nothing of ${id}`);
  }
});

describe('seen by the kernel', { skip: ON_POSTGRES && 'about SQLite' }, () => {
  test('whatever is written is synced before anybody is told, and before KCP is asked', async (t) => {
    const why = await whyNoTrace();
    if (why) {
      t.diagnostic(`NOT SHOWN HERE that what is acknowledged was synced: ${why}`);
      return t.skip(`nobody may trace here: ${why}`);
    }
    const serve = await Serve.setUp();
    try {
      const windowChannel = await serve.windowChannel(serve.credentials);
      const address = `http://127.0.0.1:${await freePort()}`;
      const trace = join(serve.folder, 'calls');
      serve.program = new Program(['serve'], {
        under: strace(trace),
        env: {
          ...serve.env,
          BONIN_LISTEN: new URL(address).host,
          BONIN_PUBLIC_URL: 'http://127.0.0.1:8787',
          // One thing at a time: nothing that runs by itself.
          BONIN_SWEEP_INTERVAL: '1h',
        },
      });
      await serve.program.ready('the gateway', () => fetch(new URL('/health/live', address)).then(({ ok }) => ok, () => false));
      const { sandbox, store, channel, secret } = serve;
      const always = { chance: () => true };
      const load = new Load({ gateway: () => address, sandbox, store, channel, windowChannel, secret, random: always });
      // The first use of a secret is noted beside the request.
      await load.verify();
      const post = (path, json) => load.ask('POST', path, { json, headers: {} });
      for (let i = 0; i < 3; i += 1) {
        await load.verify();
        await load.verifyInWindow();
        const { body } = await post('/login/api-secret', { apiSecret: secret });
        await post('/token/refresh', { refreshToken: body.refreshToken });
      }
      assert.equal(load.verified().length, 7);
      await serve.program.stop();

      const calls = await callsIn(trace);
      const ports = { gateway: new URL(address).port, kcp: new URL(sandbox.address).port };
      const answers = answersIn(calls, ports).slice(4);
      const shape = answers.map(({ request, status, commits, asked }) => [
        ['/return/', '/checkout/', '/login/', '/refresh', '/send', '/resend', '/confirm'].find((step) => request.includes(step)),
        status,
        commits,
        asked > 0,
      ]);
      // What each of them writes: a beginning or a claim, which is on disk before KCP hears of it, and what came of it.
      const round = [
        ['/send', 200, 2, true],
        ['/resend', 200, 2, true],
        ['/confirm', 502, 2, true],
        ['/confirm', 200, 2, true],
        ['/checkout/', 200, 2, true],
        ['/return/', 200, 2, true],
        ['/login/', 200, 1, false],
        ['/refresh', 200, 1, false],
      ];
      assert.deepEqual(shape, [...round, ...round, ...round]);
      for (const { request, early } of answers) assert.deepEqual(early, [], request);

      // The check would notice.
      const careless = answersIn(withoutSyncs(calls), ports).slice(4);
      for (const { request, early } of careless) assert.ok(early.length > 0, `${request}: nobody would have noticed`);
    } finally {
      await serve.stop();
    }
  });
});
