// What a balancer is told: each check by name, and that a process is about to leave before it does.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { newId } from './harness/people.mjs';
import { Postgres } from './harness/postgres.mjs';
import { Program, run, runJson, sleep, waitFor } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

async function ready(address) {
  const response = await fetch(new URL('/health/ready', address), { signal: AbortSignal.timeout(10_000) });
  const told = { status: response.status, ...(await response.json()) };
  const again = response.headers.get('retry-after');
  assert.equal(again !== null && Number(again) > 0, told.status === 503, 'a 503 says when to come back');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  return told;
}

const FINE = { status: 200, ready: true, leaving: false, checks: { database: 'ok', migrations: 'ok', keys: 'ok' } };
const failing = (checks) => ({ status: 503, ready: false, leaving: false, checks: { ...FINE.checks, ...checks } });
const live = async (address) => (await fetch(new URL('/health/live', address))).status;

describe('a gateway', () => {
  let serve;
  before(async () => {
    serve = await Serve.setUp();
    await serve.start({ contract: false });
  });
  after(() => serve?.stop());

  test('is ready, and says so to anybody', async () => {
    assert.deepEqual(await ready(serve.gateway), FINE);
    assert.equal(await live(serve.gateway), 204);
  });

  test('is not while the schema is another, and says no more than that', async () => {
    const toggle = 'UPDATE _sqlx_migrations SET success = NOT success WHERE version = ?';
    assert.equal(await serve.database.change(toggle, 2), 1);
    assert.deepEqual(await ready(serve.gateway), failing({ migrations: 'failed', keys: 'unknown' }));
    assert.equal(await live(serve.gateway), 204, 'there is no reason to start it again');
    await serve.database.change(toggle, 2);
    assert.deepEqual(await ready(serve.gateway), FINE);
  });

  test('is not while a key is missing', async () => {
    const { key } = await serve.json(['key', 'generate', '--id', '2']);
    const { code, stderr } = await run(['key', 'rotate', '--no-wait'], {
      env: { ...serve.env, BONIN_KEY: `${serve.key},${key}` },
    });
    assert.equal(code, 0, stderr);
    assert.deepEqual(await ready(serve.gateway), failing({ keys: 'failed' }));
    await serve.stopGateway();
    serve.env = { ...serve.env, BONIN_KEY: `${serve.key},${key}` };
    await serve.start({ contract: false });
    assert.deepEqual(await ready(serve.gateway), FINE);
  });
});

describe('a gateway whose database is a server', () => {
  let server;
  let gateway;
  let program;
  before(async () => {
    server = await Postgres.start();
    const { url } = await server.createDatabase();
    const { key } = await runJson(['key', 'generate']);
    const env = { BONIN_DATABASE: url, BONIN_KEY: key, BONIN_LISTEN: '127.0.0.1:0', BONIN_PUBLIC_URL: 'https://bonin.example' };
    const { code, stderr } = await run(['migrate'], { env });
    assert.equal(code, 0, stderr);
    program = new Program(['serve'], { env: { ...env, BONIN_DATABASE_TIMEOUT: '2s' } });
    gateway = await program.ready('its address', () => program.stderr.match(/ready.*address=(\S+)/)?.[1]);
    gateway = `http://${gateway}`;
  });
  after(async () => {
    if (program && !program.exit) await program.stop();
    await server?.dispose();
  });

  test('is not ready while that is away, however it went, and is again by itself', async () => {
    assert.deepEqual(await ready(gateway), FINE);
    const away = failing({ database: 'failed', migrations: 'unknown', keys: 'unknown' });
    for (const [leave, comeBack] of [
      [() => server.stop('fast'), () => server.restart()],
      [() => server.stop('immediate'), () => server.restart()],
      [() => server.pause(), () => server.resume()],
    ]) {
      await leave();
      assert.deepEqual(await ready(gateway), away);
      assert.equal(await live(gateway), 204);
      await comeBack();
      await waitFor('it to be ready again', async () => (await ready(gateway)).ready, { ms: 60_000, every: 200 });
      assert.deepEqual(await ready(gateway), FINE);
    }
  });
});

describe('a gateway that is told to stop', () => {
  let serve;
  before(async () => {
    serve = await Serve.setUp();
  });
  after(() => serve?.stop());

  const refused = (address) =>
    fetch(new URL('/health/live', address)).then(
      () => false,
      (error) => error.cause?.code === 'ECONNREFUSED',
    );

  /** A connection of one's own. `ask` sends a request and gives what came until the other side closed, or an answer was whole. */
  async function connected(address) {
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('utf8').on('data', (data) => (text += data));
    const closed = new Promise((resolve) => socket.once('close', () => resolve(true)));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    return {
      closed,
      ask: async (path = '/health/live') => {
        text = '';
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        await waitFor('an answer', () => text.includes('\r\n\r\n') || socket.destroyed);
        return text;
      },
    };
  }

  test('says so at once, takes requests for the delay, and closes each connection with its answer', async () => {
    await serve.start({ contract: false, env: { BONIN_DRAIN_DELAY: '2500ms' } });
    const kept = await connected(serve.gateway);
    assert.doesNotMatch(await kept.ask(), /connection: close/i);
    const stopped = serve.program.stop();
    await waitFor('it to be about to leave', async () => (await ready(serve.gateway)).leaving, { every: 5 });
    assert.deepEqual(await ready(serve.gateway), { ...FINE, status: 503, ready: false, leaving: true });
    assert.equal(await live(serve.gateway), 204);
    const asked = await fetch(new URL(`/identity-verifications/${newId()}`, serve.gateway), {
      headers: { authorization: `PortOne ${serve.secret}` },
    });
    assert.equal(asked.status, 404, 'work is done as before');
    assert.equal(asked.headers.get('connection'), 'close');
    assert.match(await kept.ask(), /^HTTP\/1\.1 204 [^]*connection: close/i);
    assert.equal(await kept.closed, true);
    assert.equal(serve.program.exit, undefined, 'the delay is not over');
    await stopped;
    assert.equal(await refused(serve.gateway), true);
  });

  test('leaves at once where it is told twice', async () => {
    await serve.start({ contract: false, env: { BONIN_DRAIN_DELAY: '10m' } });
    serve.program.child.kill('SIGTERM');
    await waitFor('it to be about to leave', async () => (await ready(serve.gateway)).leaving, { every: 5 });
    await serve.program.stop();
  });

  test('serves whoever was connected before it closed the door', async () => {
    await serve.start({ contract: false });
    const early = await Promise.all(Array.from({ length: 50 }, () => connected(serve.gateway)));
    const stopped = serve.program.stop();
    await waitFor('the door to be closed', () => refused(serve.gateway), { every: 5 });
    for (const answer of await Promise.all(early.map((one) => one.ask()))) {
      assert.match(answer, /^HTTP\/1\.1 204 [^]*connection: close/i);
    }
    await stopped;
  });

  test('does not wait long for those who connected and say nothing', async () => {
    await serve.start({ contract: false });
    const silent = await connected(serve.gateway);
    await serve.program.stop();
    assert.equal(await silent.closed, true);
  });

  test('loses no request of clients who go where they are let in', async () => {
    // Two processes on one database file cannot be; one after the other can: each takes over from the one before.
    await serve.start({ contract: false, env: { BONIN_DRAIN_DELAY: '2s' } });
    let over = false;
    const lost = [];
    let answered = 0;
    const client = async () => {
      while (!over) {
        try {
          const response = await fetch(new URL('/identity-verifications/none', serve.gateway), {
            headers: { authorization: `PortOne ${serve.secret}` },
          });
          await response.arrayBuffer();
          if (response.status === 404) answered += 1;
          else lost.push(response.status);
        } catch (error) {
          // Nobody was there: a balancer asks another instance.
          if (error.cause?.code !== 'ECONNREFUSED') lost.push(error.cause?.code ?? String(error));
          await sleep(5);
        }
      }
    };
    const clients = Array.from({ length: 12 }, client);
    for (let round = 0; round < 4; round += 1) {
      const before = answered;
      await waitFor('requests', () => answered > before + 200);
      await serve.stopGateway();
      await serve.start({ contract: false, env: { BONIN_DRAIN_DELAY: '2s' } });
    }
    over = true;
    await Promise.all(clients);
    assert.deepEqual(lost, []);
  });
});
