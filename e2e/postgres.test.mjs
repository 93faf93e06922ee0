// PostgreSQL behind the gateway: connecting with and without TLS, what is said when it does not work and that no password is in it,
// and moving a SQLite database into it.

import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { succeed } from './harness/command.mjs';
import { Database } from './harness/database.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Postgres } from './harness/postgres.mjs';
import { run, runJson, waitFor } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

let serve; // on SQLite
let server;
let target; // the database that it moves into

before(async () => {
  serve = await Serve.setUp({ database: (folder) => Database.at(join(folder, 'bonin.db')) });
  server = await Postgres.start();
  target = await server.createDatabase();
});
after(async () => {
  await serve?.stop();
  await server?.dispose();
});

/** The target's address with other parts. */
function address(parts = {}, parameters = {}) {
  const url = new URL(target.url);
  Object.assign(url, parts);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** One readable line that says what is wrong, and the password in none of the output. */
async function refuses(args, env, wanted, { secrets = [target.password] } = {}) {
  const { code, stdout, stderr } = await run(args, { env: { ...serve.env, ...env } });
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, wanted);
  assert.match(stderr, /^bonin: [^\n]+\n$/, 'one line');
  for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret), `the password is in: ${stderr}`);
  return stderr;
}

async function verify(person = newPerson()) {
  const id = newId();
  const sdk = serve.sdk();
  await sdk.sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: serve.channel, operator: 'SKT' }),
  });
  const otp = await serve.sandbox.otp(person.phone);
  await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
  return { id, person };
}

const verified = async ({ id, person }) => {
  const found = await serve.sdk().getIdentityVerification({ identityVerificationId: id });
  assert.equal(found.status, 'VERIFIED');
  assert.equal(found.verifiedCustomer.name, person.name);
  assert.equal(found.verifiedCustomer.phoneNumber, person.phone);
  return found;
};

describe('a connection that does not come about', () => {
  const lists = ['store', 'list'];
  const on = (url) => ({ BONIN_DATABASE: url });

  test('a wrong password, a role or a database that is not there', async () => {
    await refuses(lists, on(address({ password: 'hunter2-hunter2' })), /refuses the login.*database_password_file/, {
      secrets: ['hunter2-hunter2'],
    });
    await refuses(lists, on(address({ username: 'nobody' })), /role `nobody`.*refuses the login/);
    const told = await refuses(lists, on(address({ pathname: '/nowhere' })), /no such database.*CREATE DATABASE/);
    assert.match(told, /database `nowhere`, role `bonin_[0-9a-f]+`, on 127\.0\.0\.1:\d+/);
  });

  test('nobody there', async () => {
    await refuses(lists, on(address({ port: '1' })), /cannot be reached \(.*refused/);
    await refuses(lists, on(address({ hostname: 'nowhere.invalid' })), /nowhere\.invalid.*cannot be reached/);
  });

  test('an address that is none', async () => {
    const { password } = target;
    for (const url of [
      `postgres://bonin:${password}#@db.example.com/bonin`,
      `postgres://bonin:${password}@db.example.com:port/bonin`,
      `postgres://bonin@db.example.com/bonin?passwd=${password}`,
      `postgres://bonin:${password}@db.example.com/bonin?sslmode=sometimes`,
      `mysql://bonin:${password}@db.example.com/bonin`,
    ]) {
      await refuses(lists, on(url), /database/);
    }
  });

  test('a line of .pgpass that cannot be read is not repeated in the log', async () => {
    await writeFile(join(serve.folder, '.pgpass'), `127.0.0.1:${target.password}\n`, { mode: 0o600 });
    const env = { ...on(address({ password: '' })), HOME: serve.folder, BONIN_LOG: 'trace', BONIN_PUBLIC_URL: 'https://bonin.example' };
    const { code, stdout, stderr } = await run(['serve'], { env: { ...serve.env, ...env } });
    assert.equal(code, 1);
    assert.match(stderr, /refuses the login/);
    assert.ok(!(stdout + stderr).includes(target.password));
    // The file is read where it is well-formed.
    await writeFile(join(serve.folder, '.pgpass'), `127.0.0.1:*:*:*:${target.password}\n`, { mode: 0o600 });
    await refuses(['store', 'list'], env, /bonin migrate/);
  });

  test('a role that may not make tables', async () => {
    const other = await server.createDatabase();
    const url = address({ pathname: `/${other.name}` });
    await refuses(['migrate'], on(url), /permission denied|own/);
    await server.dropDatabase(other);
  });

  test('a schema that nobody has made yet', async () => {
    await refuses(['serve'], { ...on(target.url), BONIN_PUBLIC_URL: 'https://bonin.example' }, /bonin migrate/);
  });

  test('a server that does not answer is given up', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = address({ port: String(silent.address().port) });
    try {
      await refuses(lists, { ...on(url), BONIN_DATABASE_TIMEOUT: '500ms' }, /did not answer in time/);
    } finally {
      silent.close();
      silent.unref();
    }
  });

  test('a server that is too old', async () => {
    // A real server that says, on the way, that it is 14.0: the same number of bytes.
    const version = Number(await server.in('postgres', "SELECT current_setting('server_version_num')"));
    const number = (value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(BigInt(value));
      return bytes;
    };
    const sockets = [];
    const between = createServer((client) => {
      const upstream = connect(Number(new URL(target.url).port), '127.0.0.1');
      sockets.push(client, upstream);
      client.on('error', () => {}).pipe(upstream.on('error', () => {}));
      upstream.on('data', (bytes) => {
        const at = bytes.indexOf(number(version));
        if (at >= 0) number(140_000).copy(bytes, at);
        client.write(bytes);
      });
      upstream.on('close', () => client.destroy());
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    try {
      await refuses(lists, on(address({ port: String(between.address().port) })), /PostgreSQL 15 or newer/);
    } finally {
      for (const socket of sockets) socket.destroy();
      between.close();
    }
  });
});

describe('a SQLite database moves into PostgreSQL', () => {
  const known = [];

  test('not while the gateway runs on it', async () => {
    await serve.start();
    known.push(await verify(), await verify());
    await refuses(['migrate', '--from', serve.env.BONIN_DATABASE, '--to', target.url], {}, /stop `bonin serve`/);
    await verified(known[0]);
    await serve.stopGateway();
  });

  test('only from SQLite, only into PostgreSQL, and only with its keys', async () => {
    const from = serve.env.BONIN_DATABASE;
    await refuses(['migrate', '--from', target.url, '--to', target.url], {}, /--from must be a SQLite/);
    await refuses(['migrate', '--from', from, '--to', from], {}, /--to must be a PostgreSQL/);
    await refuses(['migrate', '--from', `${from}-nowhere`, '--to', target.url], {}, /--from: .*cannot open/);
    const { key } = await runJson(['key', 'generate']);
    await refuses(['migrate', '--from', from, '--to', target.url], { BONIN_KEY: key }, /--from: .*key 1/);
    const { code } = await run(['migrate', '--to', target.url], { env: serve.env });
    assert.equal(code, 2);
  });

  test('everything is there afterwards: old verifications, secrets, channels, the audit', async () => {
    const head = await serve.json(['audit', 'verify']);
    const stores = await serve.json(['store', 'list']);
    const passwordFile = join(serve.folder, 'database-password');
    await writeFile(passwordFile, `${target.password}\n`, { mode: 0o600 });
    const to = new URL(target.url);
    to.password = '';
    const moving = { ...serve.env, BONIN_DATABASE_PASSWORD_FILE: passwordFile };
    const copied = await run(['migrate', '--from', serve.env.BONIN_DATABASE, '--to', to.href], { env: moving });
    assert.equal(copied.code, 0, copied.stderr);
    assert.match(copied.stdout, /^Copied \d+ rows of \d+ tables.* the same\. The keys fit, and the audit's chain is whole\.\n$/);
    assert.equal(copied.stderr, '');

    serve.env = { ...serve.env, BONIN_DATABASE: to.href, BONIN_DATABASE_PASSWORD_FILE: passwordFile };
    assert.deepEqual(await serve.json(['audit', 'verify']), head);
    assert.deepEqual(await serve.json(['store', 'list']), stores);
    await serve.start();
    for (const one of known) await verified(one);
    const { items } = await serve.sdk().getIdentityVerifications({ filter: { customer: { phoneNumber: known[1].person.phone } } });
    assert.deepEqual(items.map(({ id }) => id), [known[1].id]);
    // And on it goes.
    await verified(await verify());
    assert.equal((await serve.timeline(known[0].id)).at(-1).kind, 'verified');
    await refuses(['migrate', '--from', `sqlite://${serve.data}/bonin.db`, '--to', target.url], { BONIN_DATABASE_PASSWORD_FILE: undefined }, /not empty/);
  });

  test('where the first owner is made is told in the data folder, or how to ask for it', async () => {
    const log = serve.program.stderr;
    assert.match(log, /bonin user setup-code/);
    await serve.stopGateway();
    await serve.start({ env: { BONIN_DATA: serve.folder } });
    assert.match(serve.program.stderr, new RegExp(`${serve.folder}/console-setup.txt`));
    assert.ok(!serve.program.stderr.includes(target.password));
    await serve.stopGateway();
  });
});

describe('TLS', () => {
  /** The same server under a name that is neither in its certificate nor this machine's own. */
  const NAMELESS = { hostname: '0.0.0.0' };
  const fully = (authority) => address({}, { sslmode: 'verify-full', sslrootcert: authority });

  test('a certificate of the authority that was named, and the name that was asked for', async () => {
    const env = { ...serve.env, BONIN_DATABASE: fully(server.authority), BONIN_DATABASE_PASSWORD_FILE: undefined };
    await server.sql('ALTER SYSTEM SET log_connections = on', 'SELECT pg_reload_conf()');
    const { code, stderr } = await run(['store', 'list'], { env });
    assert.equal(code, 0, stderr);
    await waitFor('the server to say that it was TLS', () => /user=bonin_\S+ .*SSL enabled \(protocol=TLSv1\.3/.test(server.log()));
  });

  test('another authority, or none, is refused', async () => {
    const other = join(serve.folder, 'other.pem');
    await succeed('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=somebody else'],
      ...['-keyout', join(serve.folder, 'other.key'), '-out', other],
    ]);
    const lists = ['store', 'list'];
    const env = { BONIN_DATABASE: fully(other), BONIN_DATABASE_PASSWORD_FILE: undefined };
    await refuses(lists, env, /no encrypted connection.*sslrootcert/);
    await refuses(lists, { ...env, BONIN_DATABASE: address({}, { sslmode: 'verify-full' }) }, /no encrypted connection/);
    await refuses(lists, { ...env, BONIN_DATABASE: fully(join(serve.folder, 'nowhere.pem')) }, /sslrootcert|nowhere\.pem/);
  });

  test('the right authority for another name is refused', async () => {
    const lists = (sslmode) =>
      run(['store', 'list'], {
        env: { ...serve.env, BONIN_DATABASE: address(NAMELESS, { sslmode, sslrootcert: server.authority }), BONIN_DATABASE_PASSWORD_FILE: undefined },
      });
    const { code, stdout, stderr } = await lists('verify-full');
    assert.equal(code, 1, stdout);
    assert.match(stderr, /no encrypted connection.*sslrootcert/);
    // It is the name that was in the way.
    const unnamed = await lists('verify-ca');
    assert.equal(unnamed.code, 0, unnamed.stderr);
  });

  test('doctor and serve say where the connection is not protected', async () => {
    const doctor = async (parameters, parts = {}) => {
      const env = { ...serve.env, BONIN_PUBLIC_URL: 'https://bonin.example', BONIN_TRUSTED_HOPS: '1', BONIN_LISTEN: '127.0.0.1:0' };
      env.BONIN_DATABASE = address(parts, parameters);
      env.BONIN_DATABASE_PASSWORD_FILE = undefined;
      const { stdout, stderr } = await run(['doctor', '--json'], { env: { ...env, BONIN_DATABASE_TIMEOUT: '1s' } });
      assert.ok(!(stdout + stderr).includes(target.password));
      const { checks } = JSON.parse(stdout);
      return Object.fromEntries(checks.map(({ check, state }) => [check, state]));
    };
    const here = await doctor({});
    assert.equal(here.database_tls, 'ok');
    assert.equal(here.database, 'ok');
    const elsewhere = { hostname: 'database.invalid' };
    assert.equal((await doctor({ sslmode: 'prefer' }, elsewhere)).database_tls, 'warn');
    assert.equal((await doctor({ sslmode: 'require' }, elsewhere)).database_tls, 'warn');
    const proven = await doctor({ sslmode: 'verify-full' }, elsewhere);
    assert.equal(proven.database_tls, 'ok');
    assert.equal(proven.database, 'fail');

    for (const [parts, warns] of [[NAMELESS, true], [{}, false]]) {
      const env = { BONIN_DATABASE: address(parts, { sslmode: 'prefer' }), BONIN_DATABASE_PASSWORD_FILE: undefined };
      await serve.start({ env, contract: false });
      await serve.stopGateway();
      assert.equal(/WARN.*may not be encrypted/.test(serve.program.stderr), warns, serve.program.stderr);
    }
  });

  test('a password file that others can read is told', async () => {
    const file = join(serve.folder, 'database-password');
    await chmod(file, 0o644);
    const env = { ...serve.env, BONIN_PUBLIC_URL: 'https://bonin.example', BONIN_TRUSTED_HOPS: '1', BONIN_LISTEN: '127.0.0.1:0' };
    const { stdout } = await run(['doctor', '--json'], { env });
    const told = JSON.parse(stdout).checks.find(({ check }) => check === 'database_password_file');
    assert.equal(told.state, 'fail');
  });
});
