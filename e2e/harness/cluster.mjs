// Several `bonin serve` on one PostgreSQL, each at an address of its own, and somebody in front of them who spreads requests.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortOneClient } from '@portone/server-sdk';
import { assertKept, Load, UNDER_LOAD } from './load.mjs';
import { Postgres } from './postgres.mjs';
import { Program, removeFolder, run, runJson, temporaryFolder, waitFor } from './program.mjs';
import { Serve } from './serve.mjs';
import { freePort, startSandbox } from './standalone.mjs';
import { Tap } from './tap.mjs';

/** What lets webhooks reach a receiver of a test, and gives up soon whoever dies while sending. */
export const WEBHOOKS = {
  BONIN_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
  BONIN_WEBHOOK_TIMEOUT: '2s',
  BONIN_WEBHOOK_FIRST_RETRY: '1s',
};

/** One of them. */
class Instance {
  constructor(name, port, env) {
    this.name = name;
    this.address = `http://127.0.0.1:${port}`;
    this.env = { ...env, BONIN_LISTEN: `127.0.0.1:${port}` };
  }

  /** The console asks where it is (see `Person`). */
  get gateway() {
    return this.address;
  }

  start() {
    this.program = new Program(['serve'], { env: this.env });
    return this;
  }

  /** What a balancer asks it. */
  isReady() {
    return fetch(new URL('/health/ready', this.address), { signal: AbortSignal.timeout(5000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async ready() {
    await this.program.ready(`instance ${this.name}`, () => this.isReady());
    return this;
  }

  /** Gone from one moment to the next. */
  async kill() {
    assert.equal(this.program.exit, undefined, `it ended by itself: ${this.program.describe()}`);
    this.program.kill();
    await this.program.finished();
    this.assertCalm();
  }

  async stop() {
    await this.program.stop();
    this.assertCalm();
  }

  /** It neither panicked nor met what it did not expect. */
  assertCalm() {
    assert.doesNotMatch(this.program.stderr + this.program.stdout, /panicked|ERROR/, this.program.describe());
  }

  sdk(secret) {
    return PortOneClient({ secret, baseUrl: this.address }).identityVerification;
  }
}

export class Cluster extends Serve {
  instances = [];

  /** Two of them are started. `server`: a PostgreSQL server of one's own, otherwise the shared one. `keyFile`: the key is in a file that all share. */
  static async setUp({ server, env = {}, count = 2, keyFile = false } = {}) {
    const cluster = new Cluster();
    cluster.server = server ?? (await Postgres.shared());
    cluster.made = await cluster.server.createDatabase();
    cluster.folder = await temporaryFolder();
    ({ program: cluster.sandboxProgram, sandbox: cluster.sandbox } = await startSandbox());
    cluster.tap = await Tap.to(cluster.sandbox.address);
    ({ key: cluster.key } = await runJson(['key', 'generate']));
    cluster.env = { BONIN_DATABASE: cluster.made.url, BONIN_KEY: cluster.key };
    if (keyFile) {
      const file = join(cluster.folder, 'bonin.key');
      await writeFile(file, `${cluster.key}\n`, { mode: 0o600 });
      cluster.env = { BONIN_DATABASE: cluster.made.url, BONIN_KEY_FILE: file };
    }
    const { code, stderr } = await run(['migrate'], { env: cluster.env });
    assert.equal(code, 0, stderr);
    cluster.store = (await cluster.json(['store', 'create', '--name', '본인 상점', '--kind', 'test'])).id;
    cluster.credentials = await cluster.sandbox.credentials();
    ({ key: cluster.channel, id: cluster.channelId } = await cluster.addChannel({ hub: cluster.tap.address }));
    cluster.window = await cluster.windowChannel(cluster.credentials);
    ({ id: cluster.secretId, secret: cluster.secret } = await cluster.addSecret());
    for (let i = 0; i < count; i += 1) await cluster.add(env, { wait: false });
    await Promise.all(cluster.instances.map((instance) => instance.ready()));
    return cluster;
  }

  /** Starts one more. */
  async add(env = {}, { wait = true } = {}) {
    const instance = new Instance('ABC'[this.instances.length], await freePort(), {
      ...this.env,
      BONIN_PUBLIC_URL: 'http://127.0.0.1:8787',
      ...UNDER_LOAD,
      BONIN_SWEEP_INTERVAL: '1s',
      ...env,
    }).start();
    this.instances.push(instance);
    return wait ? instance.ready() : instance;
  }

  /** Customers whose requests go to `next()`. */
  load(options) {
    const { sandbox, store, channel, window: windowChannel, secret } = this;
    return new Load({ sandbox, store, channel, windowChannel, secret, ...options });
  }

  /** Each request to the next one. */
  roundRobin() {
    let turn = 0;
    return () => this.instances[turn++ % this.instances.length].address;
  }

  /** The rows of a query, as text, columns parted by `|`. */
  async rows(sql) {
    const printed = await this.server.in(this.made.name, sql);
    return printed.split('\n').filter(Boolean).map((line) => line.split('|'));
  }

  /** Has this receiver told of everything, at these paths, each an endpoint of its own. */
  async tell(receiver, paths) {
    this.told = paths;
    for (const path of paths) {
      await this.json(['webhook', 'create', '--store', this.store, '--url', `${receiver.url}${path}`], WEBHOOKS);
    }
  }

  /** The receiver has been told of all that happened, at each path, under one id each, however often. Says in words how often. */
  async assertTold(receiver, load) {
    await waitFor(
      'every webhook to arrive',
      async () => (await this.rows("SELECT COUNT(*) FROM webhook_delivery WHERE state <> 'DELIVERED'")).flat()[0] === '0',
      { ms: 60_000, every: 250 },
    );
    const written = new Set((await this.rows('SELECT id FROM webhook_delivery')).flat());
    const sent = new Set(receiver.requests.map(({ id }) => id));
    assert.deepEqual(sent, written, 'what was written was sent, and nothing else');
    const verified = new Set((await this.rows("SELECT id FROM identity_verification WHERE status = 'VERIFIED'")).flat());
    for (const path of this.told) {
      const ids = new Map();
      for (const request of receiver.requests.filter((request) => request.path.endsWith(path))) {
        const { type, data } = JSON.parse(request.body);
        const what = `${type} ${data.identityVerificationId} ${data.identityVerificationTxId}`;
        ids.set(what, (ids.get(what) ?? new Set()).add(request.id));
      }
      for (const [what, under] of ids) assert.equal(under.size, 1, `${what}: under ${[...under]}`);
      const events = new Set([...ids.keys()].map((what) => what.split(' ').slice(0, 2).join(' ')));
      for (const story of load.stories) {
        if (story.sent) assert.ok(events.has(`IdentityVerification.Ready ${story.id}`), `${path} was not told that ${story.id} was sent`);
        const success = `IdentityVerification.Verified ${story.id}`;
        assert.equal(events.has(success), verified.has(story.id), `${path}: ${success}`);
      }
    }
    return `${receiver.requests.length} webhooks, ${receiver.requests.length - sent.size} of them repeats`;
  }

  /** KCP granted nobody's verification twice, none was verified twice here, and what was told is what is written. */
  async assertOnce(stories) {
    const verificationOf = new Map(await this.rows('SELECT pg_tx_id, verification_id FROM attempt WHERE pg_tx_id IS NOT NULL'));
    const granted = this.tap.granted(verificationOf);
    const told = await this.rows('SELECT verification_id, kind, COUNT(*) FROM event GROUP BY verification_id, kind');
    const verified = await this.rows("SELECT verification_id, COUNT(*) FROM attempt WHERE state = 'VERIFIED' GROUP BY verification_id");
    assertKept(stories, { granted, told, verified });
  }

  async stop() {
    const running = this.instances.filter(({ program }) => program && !program.exit);
    await Promise.all(running.map((instance) => instance.program.stop()));
    if (!this.sandboxProgram.exit) await this.sandboxProgram.stop();
    await this.tap.stop();
    await this.server.dropDatabase(this.made);
    await removeFolder(this.folder);
  }
}

/** Waits until something holds, as long as a change may take to be known everywhere. */
export const soon = (what, probe) => waitFor(what, probe, { ms: 5000 });
