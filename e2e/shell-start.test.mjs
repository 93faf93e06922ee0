// The first start: a folder that holds nothing is set up by `serve` or `migrate`; nothing is ever made beside what is there. And
// the newcomer's way with the shell alone, in no more steps than the README lists.

import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PortOneClient } from '@portone/server-sdk';
import { Client } from './harness/console.mjs';
import { Database } from './harness/database.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Program, readyFile, removeFolder, run, temporaryFolder, waitFor } from './harness/program.mjs';
import { Shell } from './harness/shell.mjs';
import { startSandbox } from './harness/standalone.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

let folder, data, shell;
const running = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  data = join(folder, 'data');
  shell = new Shell({ BONIN_DATA: data, BONIN_PUBLIC_URL: 'http://127.0.0.1:8787', BONIN_LISTEN: '127.0.0.1:0' });
});
afterEach(async () => {
  for (const program of running.splice(0)) if (!program.exit) await program.stop();
  await removeFolder(folder);
});

/** A gateway on the data folder, and what its ready file says. */
async function serve(env = {}) {
  const ready = join(folder, `ready-${Math.random()}.json`);
  const program = new Program(['serve'], { env: { ...shell.env, BONIN_READY_FILE: ready, ...env } });
  running.push(program);
  return { program, ...(await program.ready('the ready file', readyFile(ready))) };
}

const status = async (url) => (await fetch(url, { redirect: 'manual' })).status;
const mode = async (name) => ((await stat(join(data, name))).mode & 0o777).toString(8);
const isThere = (name) => stat(join(data, name)).then(() => true, () => false);
const lines = (text, wanted) => text.split('\n').filter((line) => wanted.test(line));

test('a newcomer gets to a verified person with the shell alone, in no more steps than the README lists', async () => {
  const readme = await readFile(join(HERE, '..', 'README.md'), 'utf8');
  const listed = readme.match(/<!-- serve:begin -->([\s\S]*?)<!-- serve:end -->/)[1].match(/^.*\bbonin [a-z].*$/gm).length;
  let steps = 0;
  const step = (made) => {
    steps += 1;
    return made;
  };

  const { program, sandbox } = await step(startSandbox());
  running.push(program);
  const { gateway } = await step(serve());
  const store = await step(shell.json(['store', 'create', '--name', '첫 상점', '--kind', 'test']));
  const credentials = JSON.stringify(await sandbox.credentials());
  const channel = await step(
    shell.json(
      [
        ...['channel', 'create', '--store', store.id, '--name', 'KCP 샌드박스', '--kind', 'test', '--credentials', '-'],
        ...['--hub-url', sandbox.address, '--window-url', sandbox.address],
      ],
      { input: credentials },
    ),
  );
  const { secret } = await step(shell.json(['secret', 'create', '--store', store.id], { once: true }));
  assert.ok(steps <= listed, `${steps} steps, the README lists ${listed}`);

  const tried = await shell.json(['channel', 'test', channel.key]);
  assert.deepEqual(tried.map(({ verdict }) => verdict), ['works', 'works'], JSON.stringify(tried));

  const sdk = PortOneClient({ secret, baseUrl: gateway }).identityVerification;
  const person = newPerson();
  const identityVerificationId = newId();
  await sdk.sendIdentityVerification({ identityVerificationId, ...sending(person, { channelKey: channel.key, operator: 'SKT' }) });
  const otp = await sandbox.otp(person.phone);
  const { identityVerification } = await sdk.confirmIdentityVerification({ identityVerificationId, otp });
  assert.equal(identityVerification.status, 'VERIFIED');
  assert.equal(identityVerification.verifiedCustomer.name, person.name);
  const told = await shell.says(['verification', 'timeline', '--store', store.id, '--id', identityVerificationId]);
  assert.match(told, / verified\n$/);
});

describe('a data folder', () => {
  test('that holds nothing is set up by `serve`, said in one line, and used again', async () => {
    const first = await serve();
    assert.equal(await status(new URL('/health/ready', first.gateway)), 200);
    assert.equal(lines(first.program.stderr, /made a new database and its key/).length, 1, first.program.stderr);
    for (const name of ['bonin.db', 'bonin.key']) assert.equal(await mode(name), '600', name);
    await first.program.stop();
    const key = await readFile(join(data, 'bonin.key'), 'utf8');
    const second = await serve();
    assert.equal(lines(second.program.stderr, /made a new database/).length, 0);
    assert.equal(await readFile(join(data, 'bonin.key'), 'utf8'), key);
    assert.ok(!first.program.stderr.includes(key.split(':')[1].trim()), 'the key is not in the log');
  });

  test('is set up by `migrate` too, even where its own folders are missing', async () => {
    data = join(folder, 'some', 'where');
    shell.env.BONIN_DATA = data;
    const said = await shell.says(['migrate']);
    assert.match(said, /^Made a new database and its key in [^\n]+\n$/);
    assert.equal(await mode('bonin.key'), '600');
    assert.match(await shell.says(['migrate']), /^The schema is up to date\.\n$/);
    assert.deepEqual(await shell.json(['store', 'list']), []);
  });

  test('without anything is no database for other commands, which make none', async () => {
    await shell.refuses(['store', 'list'], /there is no database in .*bonin migrate/);
    await assert.rejects(stat(data));
  });

  test('with a database but no key is refused, and no key is made', async () => {
    await shell.says(['migrate']);
    await rename(join(data, 'bonin.key'), join(folder, 'away'));
    for (const command of ['serve', 'migrate']) await shell.refuses([command], /no key file .*bonin\.key; put the key back/);
    assert.equal(await isThere('bonin.key'), false);
    await copyFile(join(folder, 'away'), join(data, 'bonin.key'));
    assert.deepEqual(await shell.json(['store', 'list']), []);
  });

  test('with a key but no database is refused by `serve`; `migrate` begins a new one with that key', async () => {
    await shell.says(['migrate']);
    const key = await readFile(join(data, 'bonin.key'), 'utf8');
    for (const name of await readdir(data)) if (name !== 'bonin.key') await rm(join(data, name));
    await shell.refuses(['serve'], /holds a key but no database.*bonin migrate/);
    assert.deepEqual(await readdir(data), ['bonin.key']);
    await shell.says(['migrate']);
    assert.equal(await readFile(join(data, 'bonin.key'), 'utf8'), key);
  });

  test('whose schema is behind is brought up by `migrate` alone', async () => {
    await shell.says(['migrate']);
    await Database.at(join(data, 'bonin.db')).change('DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)');
    await shell.refuses(['serve'], /run `bonin migrate`/);
  });

  test('beside a key of its own: the key that is named counts, and none is made', async () => {
    const env = { BONIN_KEY_FILE: join(folder, 'none.key') };
    await shell.refuses(['serve'], /cannot read the key file .*none\.key/, { env });
    await assert.rejects(stat(data));
  });

  test('that cannot be written is told in one line', { skip: process.getuid() === 0 && 'root may write anywhere' }, async () => {
    await mkdir(data);
    await chmod(data, 0o500);
    await shell.refuses(['serve'], /cannot write/);
  });
});

describe('the first owner', () => {
  const file = 'console-setup.txt';

  test('finds address and code in a private file, which the log names without the code', async () => {
    const { program, gateway } = await serve();
    const text = await readFile(join(data, file), 'utf8');
    const code = /코드: +(\S+)/.exec(text)[1];
    assert.ok(text.includes('http://127.0.0.1:8787/console/setup'), text);
    assert.equal(await mode(file), '600');
    assert.equal(lines(program.stderr, /WARN .*console-setup\.txt/).length, 1, program.stderr);
    assert.ok(!program.stderr.includes(code) && !program.stdout.includes(code));
    assert.ok([200, 303].includes(await status(new URL('/console/setup', gateway))));

    // Each code ends the one before.
    const fresh = await shell.json(['user', 'setup-code'], { once: true });
    assert.notEqual(fresh.code, code);
    assert.match(await shell.says(['user', 'setup-code'], { once: true }), /^[a-z0-9-]{20,}\n/);
  });

  test('makes the file go, at once or at the next start', async () => {
    const { program } = await serve();
    assert.equal(await isThere(file), true);
    const owner = ['user', 'create', '--username', 'owner', '--role', 'owner'];
    await shell.json(owner, { once: true });
    await waitFor('the file to go', async () => !(await isThere(file)));
    await shell.refuses(['user', 'setup-code'], /사용자가 이미 있습니다/);
    await program.stop();
    await copyFile(join(data, 'bonin.key'), join(data, file));
    const { program: again } = await serve();
    assert.equal(await isThere(file), false);
    assert.doesNotMatch(again.stderr, /console-setup/);
  });
});

describe('the console', () => {
  test('is beside the API, unless it has a listener of its own', async () => {
    const beside = await serve();
    assert.equal(beside.console.url, 'http://127.0.0.1:8787/console');
    assert.equal(await status(new URL('/console', beside.gateway)), 303);
    await beside.program.stop();

    const alone = await serve({ BONIN_CONSOLE_LISTEN: '127.0.0.1:0' });
    const { origin } = new URL(alone.console.url);
    assert.notEqual(origin, alone.gateway);
    assert.equal(await status(new URL('/console', alone.gateway)), 404);
    assert.equal(await status(alone.console.url), 303);
    assert.equal(await status(new URL('/identity-verifications/x', origin)), 404);
    assert.equal(await status(new URL('/health/ready', origin)), 200);
    assert.ok((await readFile(join(data, 'console-setup.txt'), 'utf8')).includes(`${alone.console.url}/setup`));
    await alone.program.stop();
  });

  test('has the address that it is told', async () => {
    const env = { BONIN_CONSOLE_LISTEN: '127.0.0.1:0', BONIN_CONSOLE_URL: 'https://console.example/' };
    assert.equal((await serve(env)).console.url, 'https://console.example/console');
    await shell.refuses(['serve'], /console_url must be/, { env: { BONIN_CONSOLE_URL: 'ftp://console.example' } });
    await shell.refuses(['serve'], /--console-url/, { env: { BONIN_CONSOLE_LISTEN: '0.0.0.0:0' } });
  });

  test('on a listener of its own believes no address that a caller writes, unless a proxy there is trusted', async () => {
    await shell.says(['migrate']);
    await shell.json(['user', 'create', '--username', 'owner', '--role', 'OWNER'], { once: true });
    for (const [env, seen] of [
      [{}, '127.0.0.1'],
      [{ BONIN_CONSOLE_TRUSTED_HOPS: '1' }, '203.0.113.9'],
    ]) {
      const own = { BONIN_CONSOLE_LISTEN: '127.0.0.1:0', BONIN_TRUSTED_HOPS: '1' };
      const { program, console: place } = await serve({ ...own, ...env });
      const client = new Client(place.url);
      await client.login({ username: 'owner', password: 'wrong' }, { 'x-forwarded-for': '203.0.113.9' });
      const [{ actor, action }] = (await shell.json(['audit', 'list', '--size', '1'])).entries;
      assert.deepEqual([actor.name, actor.origin], ['owner', seen], action);
      await program.stop();
    }
  });

  test('can be switched off', async () => {
    const off = await serve({ BONIN_CONSOLE_ENABLED: 'false' });
    assert.equal(off.console, undefined);
    assert.equal(await status(new URL('/console', off.gateway)), 404);
    assert.equal(await isThere('console-setup.txt'), false);
  });

  test('is set in the configuration file like everything else', async () => {
    const config = join(folder, 'bonin.toml');
    await writeFile(config, '[console]\nlisten = "127.0.0.1:0"\nsession_life = "1h"\nsession_idle = "5m"\n');
    const { console: place, gateway } = await serve({ BONIN_CONFIG: config });
    assert.notEqual(new URL(place.url).host, new URL(gateway).host);
    await writeFile(config, '[console]\nenabled = "perhaps"\n');
    const { code, stderr } = await run(['serve'], { env: { ...shell.env, BONIN_CONFIG: config } });
    assert.equal(code, 2);
    assert.match(stderr, /--console-enabled/);
  });
});

test('serve refuses a user of the console with the password that everyone knows', async () => {
  const ready = join(folder, 'dev.json');
  const dev = new Program(['dev', '--listen', '127.0.0.1:0', '--sandbox-listen', '127.0.0.1:0', '--data', data, '--ready-file', ready]);
  running.push(dev);
  const { console: place } = await dev.ready('the ready file', readyFile(ready));
  assert.deepEqual([place.username, place.password], ['admin', 'bonin-dev-console']);
  assert.match(dev.stdout, /콘솔 +http:\S+\/console +\(admin \/ bonin-dev-console\)/);
  await dev.stop();
  // What else is known of the dev environment is taken away first.
  const database = Database.at(join(data, 'bonin.db'));
  for (const table of ['channel', 'api_secret', 'store']) await database.change(`DELETE FROM ${table}`);
  await shell.refuses(['serve'], /a user of the console has the password of the dev environment/);
  await shell.says(['user', 'reset-password', 'admin'], { once: true });
  await serve();
});
