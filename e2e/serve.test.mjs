// `bonin sandbox` and `bonin serve` started apart and set up from the shell: the same flows pass, what is missing or public is
// refused in one line, and nothing is lost when a process stops or dies.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Dev } from './harness/dev.mjs';
import { newId, newPerson, OPERATORS, sending } from './harness/people.mjs';
import { Program, run, runJson, sleep, waitFor } from './harness/program.mjs';
import { raw } from './harness/raw.mjs';
import { Serve } from './harness/serve.mjs';
import { fails, failsAtKcp } from './harness/story.mjs';
import { Tap } from './harness/tap.mjs';

/** Begins a verification of a person whom the sandbox knows, at a gateway set up from the shell. */
async function begin(serve, { operator = 'KT', method = 'SMS', channelKey = serve.channel, id = newId() } = {}) {
  const person = newPerson();
  const { name, phone, birthDate, gender, isForeigner } = person;
  await serve.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
  const send = () =>
    serve.sdk().sendIdentityVerification({ identityVerificationId: id, ...sending(person, { channelKey, operator, method }) });
  const confirm = (otp) => serve.sdk().confirmIdentityVerification({ identityVerificationId: id, otp });
  const get = () => serve.sdk().getIdentityVerification({ identityVerificationId: id });
  return { id, person, send, confirm, get };
}

describe('set up from the shell', () => {
  let serve;
  let tap;
  before(async () => {
    serve = await Serve.setUp({
      hub: async (address) => {
        tap = await Tap.to(address);
        return tap.address;
      },
    });
    await serve.start({ env: { BONIN_KCP_TIMEOUT: '2s', BONIN_KCP_CONNECT_TIMEOUT: '1s' } });
  });
  after(async () => {
    await serve?.stop();
    await tap?.stop();
  });

  for (const operator of OPERATORS) {
    for (const method of ['SMS', 'APP']) {
      test(`${method} verifies a customer of ${operator}`, async () => {
        const { person, send, confirm } = await begin(serve, { operator, method });
        await send();
        if (method === 'APP') await serve.sandbox.approve(person.phone);
        const otp = method === 'SMS' ? await serve.sandbox.otp(person.phone) : undefined;
        const { identityVerification } = await confirm(otp);
        assert.equal(identityVerification.verifiedCustomer.name, person.name);
        assert.equal(identityVerification.channel.key, serve.channel);
        assert.equal(identityVerification.channel.type, 'TEST');
      });
    }
  }

  test('a hundred confirms at once reach KCP as one call', async () => {
    const { id, person, send, confirm } = await begin(serve);
    await send();
    const otp = await serve.sandbox.otp(person.phone);
    await serve.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 300 });
    tap.clear();
    const settled = await Promise.allSettled(Array.from({ length: 100 }, () => confirm(otp)));
    const successes = settled.filter(({ status }) => status === 'fulfilled');
    const told = settled.filter(({ reason }) => reason?.data?.type === 'IDENTITY_VERIFICATION_ALREADY_VERIFIED');
    assert.deepEqual([successes.length, told.length], [1, 99]);
    assert.equal(tap.count('2300'), 1);
    assert.equal((await serve.timeline(id)).filter(({ call }) => call === '2300').length, 1);
  });

  test('a call that costs money is never made twice, whatever becomes of it', async () => {
    for (const [call, operator, method] of [['2100', 'KT', 'SMS'], ['2200', 'LGU', 'SMS'], ['2500', 'KT', 'APP']]) {
      for (const [kind, value] of [['timeout'], ['http', 503], ['garbage'], ['drop']]) {
        const { send } = await begin(serve, { operator, method });
        await serve.sandbox.fault({ endpoint: `hub:${call}`, kind, value });
        tap.clear();
        await fails('PG_PROVIDER', send);
        await sleep(100);
        assert.equal(tap.count(call), 1, `${call} after ${kind}`);
      }
    }
  });

  test('each try has an order number of its own at KCP', async () => {
    const { send } = await begin(serve, { operator: 'LGU_MVNO' });
    await serve.sandbox.fault({ endpoint: 'hub:2100', kind: 'resCd', value: 'SB01' });
    tap.clear();
    await failsAtKcp('SB01', send);
    await send();
    const orders = tap.calls.filter(({ txType }) => txType === '2100').map(({ orderIdxx }) => orderIdxx);
    assert.equal(orders.length, 2);
    assert.notEqual(orders[0], orders[1]);
    assert.match(orders[0], /^[A-Za-z0-9]{1,50}$/);
  });

  test('KCP cannot be reached → UNREACHABLE, nothing was sent, and the id is free', async () => {
    const nobody = await serve.addChannel({ hub: 'http://127.0.0.1:9', name: 'nobody' });
    for (const [operator, method] of [['KT', 'SMS'], ['KT_MVNO', 'SMS'], ['KT', 'APP']]) {
      const { id, send, get } = await begin(serve, { operator, method, channelKey: nobody.key });
      await failsAtKcp('UNREACHABLE', send);
      assert.equal((await get()).failure.pgCode, 'UNREACHABLE');
      assert.equal((await serve.timeline(id)).at(-1).kind, 'failed_nothing_sent');
      await failsAtKcp('UNREACHABLE', send);
    }
  });

  test('a secret that was revoked opens nothing, and neither do its tokens', async () => {
    const { id, secret } = await serve.addSecret();
    const ask = async (path, body) => {
      const response = await fetch(new URL(path, serve.gateway), { method: 'POST', body: JSON.stringify(body) });
      return { status: response.status, ...(await response.json()) };
    };
    const list = async (authorization) =>
      (await fetch(new URL('/identity-verifications', serve.gateway), { headers: { authorization } })).status;
    const { accessToken, refreshToken } = await ask('/login/api-secret', { apiSecret: secret });
    assert.equal(await list(`PortOne ${secret}`), 200);
    assert.equal(await list(`Bearer ${accessToken}`), 200);

    await serve.json(['secret', 'revoke', id]);
    assert.equal(await list(`PortOne ${secret}`), 401);
    assert.equal(await list(`Bearer ${accessToken}`), 401);
    assert.equal((await ask('/token/refresh', { refreshToken })).status, 401);
    assert.equal((await ask('/login/api-secret', { apiSecret: secret })).status, 401);
    assert.equal(await list(`PortOne ${serve.secret}`), 200);
  });

  test('a secret ends by itself when it was made so', async () => {
    const { secret } = await serve.addSecret(['--expires-in', '2s']);
    const list = async () =>
      (await fetch(new URL('/identity-verifications', serve.gateway), { headers: { authorization: `PortOne ${secret}` } })).status;
    assert.equal(await list(), 200);
    await sleep(2200);
    assert.equal(await list(), 401);
  });

  test('a secret may reach two stores, each with ids of its own', async () => {
    const second = (await serve.json(['store', 'create', '--name', '둘째 상점', '--kind', 'test'])).id;
    const { secret } = await serve.addSecret(['--also', second]);
    const channel = await serve.addChannel({ hub: serve.sandbox.address, store: second });
    const id = newId();
    const sdk = serve.sdk({ secret });
    for (const [storeId, channelKey] of [[serve.store, serve.channel], [second, channel.key]]) {
      await sdk.sendIdentityVerification({
        identityVerificationId: id,
        storeId,
        ...sending(newPerson(), { channelKey, operator: 'KT' }),
      });
    }
    const found = async (filter) => (await sdk.getIdentityVerifications({ filter })).items.map((item) => item.channel.key);
    assert.deepEqual(await found({ identityVerificationId: id, storeId: second }), [channel.key]);
    assert.deepEqual(await found({ identityVerificationId: id, storeId: serve.store }), [serve.channel]);
    assert.equal((await found({ identityVerificationId: id })).length, 2, 'without storeId: all that the secret reaches');
    await fails('CHANNEL_NOT_FOUND', () =>
      serve.sdk().sendIdentityVerification({
        identityVerificationId: newId(),
        ...sending(newPerson(), { channelKey: channel.key, operator: 'KT' }),
      }),
    );
  });

  test('a LIVE channel speaks to KCP alone, unless the operator names another host', async () => {
    // Not AO7F3: a LIVE channel of the public test merchant is refused when it is made.
    await serve.sandbox.call('POST', '/sandbox/merchants', { siteCd: 'T0LIV' });
    const own = await serve.sandbox.credentials('T0LIV');
    const store = (await serve.json(['store', 'create', '--name', '진짜 상점', '--kind', 'live'])).id;
    const ask = { hub: serve.sandbox.address, kind: 'live', name: 'live', credentials: own, store };
    await assert.rejects(() => serve.addChannel(ask), /--hub-url: LIVE 채널은 KCP의 https 주소로만/);
    // Made where the operator's configuration names the sandbox, and used where it does not.
    const live = await serve.addChannel({ ...ask, env: { BONIN_KCP_LIVE_HOSTS: new URL(serve.sandbox.address).host } });
    const { secret } = await serve.json(['secret', 'create', '--store', store]);
    const refused = serve.sdk({ secret }).sendIdentityVerification({
      identityVerificationId: newId(),
      ...sending(newPerson(), { channelKey: live.key, operator: 'KT' }),
    });
    await fails('INVALID_REQUEST', () => refused);
  });

  test('a LIVE channel of the public test merchant, whose key everyone knows, is refused', async () => {
    await assert.rejects(
      () => serve.addChannel({ hub: serve.sandbox.address, kind: 'live', name: 'live' }),
      /AO7F3/,
    );
  });

  test('a LIVE store refuses a TEST channel, which believes anyone', async () => {
    const store = (await serve.json(['store', 'create', '--name', '진짜 상점', '--kind', 'live'])).id;
    const channel = await serve.addChannel({ hub: serve.sandbox.address, store });
    const { secret } = await serve.json(['secret', 'create', '--store', store]);
    await fails('FORBIDDEN', () =>
      serve.sdk({ secret }).sendIdentityVerification({
        identityVerificationId: newId(),
        ...sending(newPerson(), { channelKey: channel.key, operator: 'KT' }),
      }),
    );
  });

  test('credentials and secrets are never shown again', async () => {
    const shown = JSON.stringify([await serve.json(['channel', 'list']), await serve.json(['secret', 'list'])]);
    assert.ok(shown.includes(serve.channel));
    for (const hidden of [
      serve.secret,
      serve.credentials.privateKeyPassword,
      serve.credentials.privateKeyPem.split('\n')[2],
      serve.credentials.encKey,
    ]) {
      assert.ok(!shown.includes(hidden));
    }
  });
});

describe('a process stops or dies', () => {
  let serve;
  before(async () => {
    serve = await Serve.setUp();
  });
  after(() => serve?.stop());

  const quick = { env: { BONIN_KCP_TIMEOUT: '2s', BONIN_KCP_CONNECT_TIMEOUT: '1s', BONIN_SWEEP_INTERVAL: '1s' } };

  test('SIGTERM lets requests in flight finish, takes no more, and exits 0', async () => {
    await serve.start(quick);
    const { person, send, confirm } = await begin(serve);
    await send();
    const otp = await serve.sandbox.otp(person.phone);
    await serve.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 1000 });
    const confirmed = confirm(otp);
    await sleep(300);
    const stopped = serve.program.stop();
    await sleep(200);
    const { head } = await raw(serve.gateway, ['GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'], { ms: 2000 });
    assert.equal(head, '', 'nobody is let in any more');
    assert.equal((await confirmed).identityVerification.status, 'VERIFIED');
    await stopped;
  });

  test('SIGTERM waits for what a caller who hung up has begun', async () => {
    await serve.start(quick);
    const { id, person, send } = await begin(serve);
    await send();
    const otp = await serve.sandbox.otp(person.phone);
    await serve.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 1000 });
    await assert.rejects(
      fetch(new URL(`/identity-verifications/${id}/confirm`, serve.gateway), {
        method: 'POST',
        headers: { authorization: `PortOne ${serve.secret}` },
        body: JSON.stringify({ otp }),
        signal: AbortSignal.timeout(200),
      }),
    );
    await serve.stopGateway();
    assert.equal((await serve.timeline(id)).at(-1).kind, 'verified');
  });

  test('what was acknowledged is there after kill -9, and what was under way goes on', async () => {
    await serve.start(quick);
    const done = await begin(serve);
    await done.send();
    const verified = await done.confirm(await serve.sandbox.otp(done.person.phone));
    const open = await begin(serve);
    await open.send();
    const asking = await begin(serve);
    await asking.send();
    const otp = await serve.sandbox.otp(asking.person.phone);
    const sent = await begin(serve, { operator: 'LGU' });

    // The one is killed while KCP is asked about a number, the other between 2100 and its answer.
    await serve.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 1500 });
    await serve.sandbox.fault({ endpoint: 'hub:2100', kind: 'latency', value: 1500 });
    const interrupted = Promise.allSettled([asking.confirm(otp), sent.send()]);
    await sleep(500);
    await serve.killGateway();
    assert.deepEqual((await interrupted).map(({ status }) => status), ['rejected', 'rejected']);
    await serve.sandbox.clearFaults();

    await serve.start(quick);
    assert.deepEqual(await done.get(), verified.identityVerification);
    await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', done.send);
    const answer = await open.confirm(await serve.sandbox.otp(open.person.phone));
    assert.equal(answer.identityVerification.status, 'VERIFIED');

    // A send whose outcome nobody knows stands until its time is over, and is then replaced.
    await fails('IDENTITY_VERIFICATION_ALREADY_SENT', sent.send);
    await waitFor('the lost send to be given up', async () => (await sent.get()).status === 'FAILED', { ms: 45_000, every: 500 });
    const told = (await serve.timeline(sent.id)).map(({ kind }) => kind);
    assert.deepEqual(told, ['begun', 'failed_outcome_unknown']);
    await sent.send();
    const again = await sent.confirm(await serve.sandbox.otp(sent.person.phone));
    assert.equal(again.identityVerification.status, 'VERIFIED');

    // The number that was being asked about may be asked about again. KCP may have taken it, and may not.
    assert.equal((await asking.get()).status, 'READY');
    const outcome = await asking.confirm(otp).then(
      ({ identityVerification }) => identityVerification.status,
      (error) => error.data.pgCode,
    );
    assert.ok(['VERIFIED', 'SB94'].includes(outcome), outcome);
  });
});

/** The command must fail with this status and one line on stderr that says what it is about. */
async function refuses(args, env, wanted, status = 1) {
  const { code, stdout, stderr } = await run(args, { env });
  assert.equal(code, status, `bonin ${args.join(' ')}: ${stderr}`);
  if (status === 1) assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.match(stderr, wanted);
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /panicked|RUST_BACKTRACE/);
}

describe('serve says what is missing', () => {
  let serve;
  let whole;
  before(async () => {
    serve = await Serve.setUp();
    whole = { ...serve.env, BONIN_PUBLIC_URL: 'https://bonin.example', BONIN_LISTEN: '127.0.0.1:0' };
  });
  after(() => serve?.stop());

  const without = (name) => Object.fromEntries(Object.entries(whole).filter(([other]) => other !== name));

  test('a public address, a database, a key', async () => {
    await refuses(['serve'], without('BONIN_PUBLIC_URL'), /BONIN_PUBLIC_URL/);
    await refuses(['serve'], without('BONIN_DATABASE'), /BONIN_DATABASE/);
    await refuses(['serve'], without('BONIN_KEY'), /bonin key generate/);
    for (const url of ['bonin.example', 'ftp://bonin.example', 'https://bonin.example/?a=b', '']) {
      await refuses(['serve'], { ...whole, BONIN_PUBLIC_URL: url }, /public_url/);
    }
  });

  test('the right key', async () => {
    const { key } = await runJson(['key', 'generate']);
    await refuses(['serve'], { ...whole, BONIN_KEY: key }, /key/i);
    for (const bad of ['', 'not a key', '1:AAAA', `${serve.key}\n${serve.key}`]) {
      await refuses(['serve'], { ...whole, BONIN_KEY: bad }, /key/i);
    }
  });

  test('a database that is there, and migrated', async () => {
    const nowhere = { ...whole, BONIN_DATABASE: `sqlite://${serve.folder}/nowhere/bonin.db` };
    await refuses(['serve'], nowhere, /bonin migrate|database/);
    await assert.rejects(stat(join(serve.folder, 'nowhere')), 'nothing was made');
    await writeFile(join(serve.folder, 'empty.db'), '');
    await refuses(['serve'], { ...whole, BONIN_DATABASE: `sqlite://${serve.folder}/empty.db` }, /bonin migrate/);
    await writeFile(join(serve.folder, 'text.db'), 'this is no database, but it is long enough to look like a file'.repeat(50));
    await refuses(['serve'], { ...whole, BONIN_DATABASE: `sqlite://${serve.folder}/text.db` }, /database/);
    await refuses(['serve'], { ...whole, BONIN_DATABASE: 'mysql://localhost/bonin' }, /sqlite/);
  });

  test('a configuration file that is one', async () => {
    const file = join(serve.folder, 'bonin.toml');
    await refuses(['serve', '--config', file], whole, /bonin\.toml/);
    await writeFile(file, 'kcp = {');
    await refuses(['serve', '--config', file], whole, /bonin\.toml/);
    await writeFile(file, 'no_such_setting = 1\n');
    await refuses(['serve', '--config', file], whole, /no-such-setting|no_such_setting/);
  });

  test('bad usage is exit status 2', async () => {
    await refuses(['serve', '--no-such-flag'], whole, /no-such-flag/, 2);
    await refuses(['no-such-command'], whole, /no-such-command/, 2);
    await refuses(['store', 'create'], whole, /--name/, 2);
    await refuses(['serve'], { ...whole, BONIN_KCP_TIMEOUT: 'soon' }, /BONIN_KCP_TIMEOUT|kcp-timeout/, 2);
    await refuses(['secret', 'create', '--store', 'store-ffffffff-ffff-4fff-8fff-ffffffffffff'], whole, /--store: 없는 상점/);
  });

  test('the help lists every setting and its variable', async () => {
    const { code, stdout } = await run(['serve', '--help']);
    assert.equal(code, 0);
    for (const variable of ['PUBLIC_URL', 'DATABASE', 'KEY_FILE', 'LISTEN', 'KCP_TIMEOUT', 'LIMIT_CUSTOMER', 'TRUSTED_HOPS', 'LOG']) {
      assert.ok(stdout.includes(`BONIN_${variable}`), variable);
    }
  });

  test('a port that is taken', async () => {
    const taken = new URL(serve.sandbox.address).host;
    await refuses(['serve'], { ...whole, BONIN_LISTEN: taken }, new RegExp(taken));
  });
});

test('serve refuses what the dev environment makes known to everyone', async () => {
  const dev = await Dev.start({ contract: false });
  await dev.program.stop();
  try {
    const env = { ...dev.env, BONIN_PUBLIC_URL: 'https://bonin.example', BONIN_LISTEN: '127.0.0.1:0' };
    await refuses(['serve'], env, /dev environment/);
  } finally {
    await dev.stop();
  }
});

test('everything in a configuration file is enough, and the environment overrules it', async () => {
  const serve = await Serve.setUp();
  try {
    const keyFile = join(serve.folder, 'bonin.key');
    await writeFile(keyFile, `${serve.key}\n`, { mode: 0o600 });
    const ready = join(serve.folder, 'from-file.json');
    const config = join(serve.folder, 'bonin.toml');
    await writeFile(
      config,
      `public_url = "https://bonin.example"
listen = "127.0.0.1:0"
ready_file = "${ready}"
database = "${serve.database.url}"
key_file = "${keyFile}"
log = "info"
max_tries = 1

[kcp]
timeout = "2s"

[limit]
customer = "5/1m"
`,
    );
    const program = new Program(['serve', '--config', config], { env: { BONIN_LOG: 'debug' } });
    const { gateway, publicUrl } = await program.ready('the ready file', async () => {
      const text = await readFile(ready, 'utf8').catch(() => undefined);
      return text && JSON.parse(text);
    });
    assert.equal(publicUrl, 'https://bonin.example');
    assert.equal((await fetch(new URL('/health/ready', gateway))).status, 200);
    await program.stop();
    await mkdir(join(serve.folder, 'copy'));
    await copyFile(config, join(serve.folder, 'copy', 'bonin.toml'));
    const stores = await runJson(['store', 'list', '--config', join(serve.folder, 'copy', 'bonin.toml')]);
    assert.deepEqual(stores.map(({ id }) => id), [serve.store]);
  } finally {
    await serve.stop();
  }
});
