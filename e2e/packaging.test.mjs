// What packaging/ promises of the binary, as far as it can be tried without a container engine and without systemd as the first
// process: what the unit forbids the gateway does not do, it runs as nobody special on a file system that it cannot write to, it
// tells systemd and container engines how it is, and what is said in two places is the same in both. scripts/check-packaging lints
// the files themselves.

import assert from 'node:assert/strict';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { command, succeed } from './harness/command.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Postgres } from './harness/postgres.mjs';
import { Program, readyFile, run, waitFor } from './harness/program.mjs';
import { Receiver } from './harness/receiver.mjs';
import { Serve } from './harness/serve.mjs';
import { freePort } from './harness/standalone.mjs';
import { whyNoTrace } from './harness/strace.mjs';

const packaged = (name) => readFile(fileURLToPath(new URL(`../packaging/${name}`, import.meta.url)), 'utf8');
const file = (name) => readFile(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');

/** The user of the image. */
const NOBODY_SPECIAL = 10001;

/** Starts the gateway under another program. */
async function startUnder(serve, under, env = {}) {
  const ready = join(serve.folder, `ready-${newId()}.json`);
  serve.program = new Program(['serve'], {
    under,
    env: {
      ...serve.env,
      BONIN_LISTEN: '127.0.0.1:0',
      BONIN_PUBLIC_URL: 'https://bonin.example',
      BONIN_READY_FILE: ready,
      ...env,
    },
  });
  ({ gateway: serve.gateway } = await serve.program.ready('the ready file', readyFile(ready), 60_000));
}

const root = process.getuid() === 0;

/** Why nothing can be mounted here, even by root: that the kernel lets nobody, as in most containers, and nothing else. */
async function whyNoMounts() {
  const { code, stderr } = await command('unshare', ['--mount', 'true']);
  if (code === 0) return undefined;
  if (/Operation not permitted/.test(stderr)) return stderr.trim();
  throw new Error(`unshare does not work here: ${stderr}`);
}

/**
 * What runs a program as nobody special, without rights, where nothing but the test's folder can be written to; `under` runs the
 * program there.
 */
async function bare(serve, under = []) {
  for (const made of (await succeed('find', [serve.folder])).trim().split('\n')) {
    await chown(made, NOBODY_SPECIAL, NOBODY_SPECIAL);
  }
  // The program is mounted into the folder: the checkout may be where nobody else comes.
  const script = `
    set -e
    folder=$1; shift
    before=; while [ "$1" != -- ]; do before="$before $1"; shift; done
    program=$2; shift 2
    mount --bind "$folder" "$folder"
    : > "$folder/bonin"
    mount --bind "$program" "$folder/bonin"
    mount -o remount,bind,ro /
    cd "$folder/data"
    exec setpriv --reuid ${NOBODY_SPECIAL} --regid ${NOBODY_SPECIAL} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- $before "$folder/bonin" "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', serve.folder, ...under, '--'];
}

/** A verification from beginning to end, and a page of the console. */
async function verifySomebody(serve) {
  const person = newPerson();
  const { name, phone, birthDate, gender, isForeigner } = person;
  await serve.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator: 'KT', pass: true });
  const identityVerificationId = newId();
  await serve.sdk().sendIdentityVerification({ identityVerificationId, ...sending(person, { channelKey: serve.channel, operator: 'KT' }) });
  const otp = await serve.sandbox.otp(phone);
  const { identityVerification } = await serve.sdk().confirmIdentityVerification({ identityVerificationId, otp });
  assert.equal(identityVerification.status, 'VERIFIED');
  assert.equal((await fetch(`${serve.gateway}/console/login`)).status, 200);
}

/** The values of a directive of the unit, in their order. */
function directive(unit, name) {
  const lines = unit.split('\n').filter((line) => line.startsWith(`${name}=`));
  return lines.map((line) => line.slice(name.length + 1));
}

/** What the unit's filter lets through, by the groups that systemd knows. */
async function allowedCalls(unit) {
  const groups = new Map();
  let group;
  for (const line of (await succeed('systemd-analyze', ['--no-pager', 'syscall-filter'])).split('\n')) {
    if (/^@\S+$/.test(line)) groups.set(line, (group = []));
    else if (/^ {4}[@\w]\S*$/.test(line)) group?.push(line.trim());
    else if (line.trim() === '') group = undefined;
  }
  const callsOf = (name) => (name.startsWith('@') ? groups.get(name).flatMap(callsOf) : [name]);
  const allowed = new Set(callsOf('@default'));
  for (const value of directive(unit, 'SystemCallFilter')) {
    const names = value.replace('~', '').split(' ').flatMap(callsOf);
    for (const name of names) value.startsWith('~') ? allowed.delete(name) : allowed.add(name);
  }
  return allowed;
}

describe('a machine of systemd', () => {
  let serve;
  before(async () => (serve = await Serve.setUp()));
  after(() => serve?.stop());

  test('the gateway makes no system call that the unit forbids', async (t) => {
    const why = (await whyNoTrace()) ?? (root && (await whyNoMounts()));
    if (why) {
      t.diagnostic(`NOT SHOWN HERE that the gateway does without what the unit forbids: ${why}`);
      return t.skip(`nobody may trace or mount here: ${why}`);
    }
    const unit = await packaged('systemd/bonin.service');
    const trace = join(serve.folder, 'trace');
    const strace = ['strace', '-D', '-f', '-qq', '-e', 'signal=none', '-o', trace];
    const key = join(serve.folder, 'bonin.key');
    await writeFile(key, `${serve.key}\n`, { mode: 0o600 });
    // Sent by name, so that the resolver is asked.
    const receiver = await Receiver.start();
    const networks = { BONIN_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8,::1' };
    const address = `http://localhost:${receiver.port}/`;
    await serve.json(['webhook', 'create', '--store', serve.store, '--url', address], networks);
    // Not as root: SQLite gives files away where it may.
    await startUnder(serve, root ? await bare(serve, strace) : strace, {
      // A variable that is set counts before the command.
      BONIN_KEY: undefined,
      BONIN_KEY_COMMAND: `cat ${key}`,
      BONIN_METRICS_LISTEN: '127.0.0.1:0',
      ...networks,
    });
    await verifySomebody(serve);
    await receiver.until('a webhook', ({ requests }) => requests);
    await serve.program.stop();
    await receiver.stop();

    const lines = (await readFile(trace, 'utf8')).split('\n');
    const calls = lines.map((line) => /^\d+ +(\w+)\(/.exec(line)).filter(Boolean);
    const made = new Set(calls.map(([, name]) => name));
    assert.ok(made.has('fsync') && made.has('accept4') && made.has('connect'), [...made].join(' '));
    // What starts a program under strace is not the gateway's.
    const allowed = await allowedCalls(unit);
    assert.ok(allowed.has('read') && !allowed.has('mount') && !allowed.has('ptrace') && !allowed.has('setuid'));
    assert.deepEqual([...made].filter((name) => !allowed.has(name)), []);

    // MemoryDenyWriteExecute: no memory that can be written and run, and none that becomes runnable.
    assert.deepEqual(directive(unit, 'MemoryDenyWriteExecute'), ['true']);
    const runnable = lines.filter(
      (line) => /\bmmap\(.*PROT_WRITE\|PROT_EXEC/.test(line) || /\bmprotect\(.*PROT_EXEC/.test(line),
    );
    assert.deepEqual(runnable, []);

    const [families] = directive(unit, 'RestrictAddressFamilies');
    const used = new Set(lines.map((line) => /\bsocket\((AF_\w+)/.exec(line)?.[1]).filter(Boolean));
    assert.ok(used.has('AF_INET'), [...used].join(' '));
    assert.deepEqual([...used].filter((family) => !families.split(' ').includes(family)), []);
  });

  test('the unit takes away what the gateway does not need', async () => {
    // Weighed by systemd itself: with a line less it is exposed more than this.
    const most = ['--no-pager', '--offline=true', '--threshold=11'];
    await succeed('systemd-analyze', ['security', ...most, fileURLToPath(new URL('../packaging/systemd/bonin.service', import.meta.url))]);
    // And what it weighs as little or nothing.
    const unit = await packaged('systemd/bonin.service');
    for (const [name, value] of Object.entries({
      User: 'bonin',
      Group: 'bonin',
      UMask: '0077',
      StateDirectoryMode: '0700',
      RuntimeDirectoryMode: '0700',
      LimitCORE: '0',
      PrivateMounts: 'true',
      PrivateIPC: 'true',
      ProcSubset: 'pid',
      ProtectHostname: 'true',
      RemoveIPC: 'true',
      KeyringMode: 'private',
      DevicePolicy: 'closed',
      AmbientCapabilities: '',
      LockPersonality: 'true',
      MemoryDenyWriteExecute: 'true',
    })) {
      assert.deepEqual(directive(unit, name), [value], name);
    }
  });

  test('systemd hears that it is ready only once it answers, and that it stops', async () => {
    const socket = join(serve.folder, 'notify');
    const port = await freePort();
    // Node has no datagrams of Unix sockets.
    const listener = `
import socket, sys, urllib.request
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1])
heard.settimeout(60)
told = open(sys.argv[3], "w")
print("listening", file=told, flush=True)
print(heard.recv(100).decode(), urllib.request.urlopen(sys.argv[2], timeout=10).status, file=told, flush=True)
print(heard.recv(100).decode(), file=told, flush=True)
`;
    const told = join(serve.folder, 'told');
    const heard = () => readFile(told, 'utf8').catch(() => '');
    const args = ['-c', listener, socket, `http://127.0.0.1:${port}/health/live`, told];
    const ended = command('python3', args, { ms: 90_000 });
    await waitFor('the listener', async () => (await heard()).includes('listening\n'));
    await startUnder(serve, [], { NOTIFY_SOCKET: socket, BONIN_LISTEN: `127.0.0.1:${port}` });
    await waitFor('READY', async () => (await heard()).includes('READY=1'));
    await serve.program.stop();
    const { code, stderr } = await ended;
    assert.equal(code, 0, stderr);
    assert.match(await heard(), /^listening\nREADY=1 20\d\nSTOPPING=1\n$/);
  });

  test('systemd waits longer for a stop than the gateway does by default', async () => {
    const { stdout } = await run(['serve', '--help']);
    const limit = /--drain-limit[^]*?\[default: (\d+)s\]/.exec(stdout)[1];
    const [unit, compose] = [await packaged('systemd/bonin.service'), await packaged('compose.yaml')];
    assert.ok(Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)[1]) > Number(limit));
    assert.ok(Number(/image: bonin:[^]*?stop_grace_period: (\d+)s$/m.exec(compose)[1]) > Number(limit));
  });
});

describe('a container', () => {
  let serve;
  before(async () => (serve = await Serve.setUp()));
  after(() => serve?.stop());

  test('as nobody special, without rights, on a file system that cannot be written to', { skip: !root && 'only root may take rights away' }, async (t) => {
    const why = await whyNoMounts();
    if (why) {
      t.diagnostic(`NOT SHOWN HERE that the gateway runs on a file system that cannot be written to: ${why}`);
      return t.skip(`nobody may mount here: ${why}`);
    }
    await startUnder(serve, await bare(serve));

    const about = (name) => readFile(`/proc/${serve.program.child.pid}/${name}`, 'utf8');
    const status = await about('status');
    assert.match(status, new RegExp(`^Uid:\\t${NOBODY_SPECIAL}\\t${NOBODY_SPECIAL}\\t${NOBODY_SPECIAL}\\t`, 'm'));
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(await about('mountinfo'), /^\d+ \d+ \S+ \/ \/ ro/m);

    await verifySomebody(serve);
    const { code, stdout } = await run(['health', '--listen', new URL(serve.gateway).host]);
    assert.deepEqual([code, stdout], [0, 'ready\n']);
    await serve.program.stop();
  });

  test('an engine asks the gateway with its own binary how it is', async () => {
    const port = await freePort();
    const env = { BONIN_LISTEN: `0.0.0.0:${port}` };
    const nobody = await run(['health', '--live'], { env });
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /^bonin: no gateway answers on 127\.0\.0\.1:\d+; check `listen`.*\n$/);

    const key = join(serve.folder, 'bonin.key');
    await writeFile(key, `${serve.key}\n`, { mode: 0o600 });
    await startUnder(serve, [], { ...env, BONIN_KEY: undefined, BONIN_KEY_FILE: key });
    for (const [args, told] of [[['health'], 'ready\n'], [['health', '--live'], 'live\n']]) {
      const { code, stdout, stderr } = await run(args, { env });
      assert.deepEqual([code, stdout], [0, told], stderr);
    }
    // A file of settings says where, too.
    const config = join(serve.folder, 'bonin.toml');
    await writeFile(config, `listen = "127.0.0.1:${port}"\nkcp_timeout = "9s"\n`);
    assert.equal((await run(['health', '--config', config])).code, 0);

    // Another process changes to a key that this one cannot find: it lives, and is of no use until it does.
    const other = (await run(['key', 'generate', '--id', '2'])).stdout.trim();
    const rotated = await run(['key', 'rotate'], { env: { ...serve.env, BONIN_KEY: `${serve.key},${other}` } });
    assert.equal(rotated.code, 0, rotated.stderr);
    const unready = await run(['health'], { env });
    assert.equal(unready.code, 1);
    assert.match(unready.stderr, /^bonin: the gateway on 127\.0\.0\.1:\d+ is not ready \(503\); its log says why\n$/);
    assert.equal((await run(['health', '--live'], { env })).code, 0);
    await serve.program.stop();
  });

  test("Compose's database makes a role that owns Bonin's database and nothing else, and the gateway starts on it", async () => {
    const server = await Postgres.start();
    try {
      const [secret, script] = [join(serve.folder, 'database-password'), join(serve.folder, 'bonin.sql')];
      await writeFile(secret, 'p@ss/word of "compose"\n');
      const text = await packaged('postgres/bonin.sql');
      assert.ok(text.includes('/run/secrets/database-password'));
      await writeFile(script, text.replace('/run/secrets/database-password', secret));
      await succeed('psql', ['-X', '-q', '-d', server.url(), '-f', script]);
      const rights = await server.sql(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = 'bonin'",
      );
      assert.equal(rights.trim(), 'f|f|f|f|f');

      // The variables of compose.yaml, with this machine's places in them.
      const address = new URL(server.url('bonin'));
      const key = join(serve.folder, 'compose.key');
      await writeFile(key, `${serve.key}\n`, { mode: 0o600 });
      const [, service] = /^ {2}bonin:\n([^]*?)^ {2}database:/m.exec(await packaged('compose.yaml'));
      const variables = [...service.matchAll(/^ {6}(BONIN_\w+): (.+)$/gm)].map(([, name, value]) => [name, value]);
      assert.ok(variables.length >= 6, service);
      const places = [
        ['/run/secrets/database-password', secret],
        ['/run/secrets/bonin-key', key],
        ['/var/lib/bonin', serve.folder],
        ['@database/', `@${address.host}/`],
        [/^\$\{BONIN_PUBLIC_URL:.*\}$/, 'https://bonin.example'],
        [/^\$\{\w+:-(.*)\}$/, '$1'],
      ];
      const env = Object.fromEntries(variables.map(([name, value]) => [name, places.reduce((text, [from, to]) => text.replace(from, to), value)]));
      const migrated = await run(['migrate'], { env });
      assert.equal(migrated.code, 0, migrated.stderr);
      const port = await freePort();
      const program = new Program(['serve'], { env: { ...env, BONIN_LISTEN: `127.0.0.1:${port}` } });
      await program.ready('the gateway', async () => (await run(['health', '--listen', `127.0.0.1:${port}`])).code === 0);
      assert.match(await readFile(join(serve.folder, 'console-setup.txt'), 'utf8'), /https:\/\/bonin\.example\/console\/setup/);
      await program.stop();
    } finally {
      await server.dispose();
    }
  });

  test('what Compose refuses every command without is written down before the first one', async () => {
    const compose = await packaged('compose.yaml');
    const required = [...compose.matchAll(/\$\{(\w+):?\?/g)].map(([, name]) => name);
    assert.ok(required.includes('BONIN_PUBLIC_URL'), required.join(' '));
    const steps = [...compose.matchAll(/^# {5}(.+)$/gm)].map(([, step]) => step);
    const first = steps.findIndex((step) => step.startsWith('docker compose '));
    assert.ok(first > 0, steps.join('\n'));
    for (const name of required) {
      assert.ok(steps.slice(0, first).some((step) => new RegExp(`^echo ${name}=\\S+ >>? \\.env\\b`).test(step)), `${name} is written into .env first`);
    }
    assert.match(await packaged('.gitignore'), /^\/\.env$/m);
  });

  test('Compose takes away what neither the gateway nor its database needs, and lets nobody reach them from elsewhere', async () => {
    const { services, networks } = parse(await packaged('compose.yaml'));
    for (const [name, service] of Object.entries(services)) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.ok(!service.privileged && !service.user, name);
    }
    assert.deepEqual(Object.keys(services).sort(), ['bonin', 'database']);
    const { bonin, database } = services;
    assert.deepEqual([bonin.cap_add, bonin.ulimits.core], [undefined, 0]);
    assert.deepEqual(database.cap_add.toSorted(), ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID']);
    for (const port of bonin.ports) assert.match(port, /^127\.0\.0\.1:/);
    assert.deepEqual([database.ports, database.networks, networks.back.internal], [undefined, ['back'], true]);
    // What is secret comes in files and stands in no variable.
    for (const { environment } of [bonin, database]) {
      for (const name of Object.keys(environment)) assert.ok(!/(KEY|PASSWORD|TOKEN|SECRET)$/.test(name), name);
    }
  });

  test('what is said in several files is the same in all', async () => {
    const [manifest, dockerfile, compose] = [await file('Cargo.toml'), await packaged('Dockerfile'), await packaged('compose.yaml')];
    const version = /^version = "(.+)"$/m.exec(manifest)[1];
    assert.match(dockerfile, new RegExp(`^ARG VERSION=${version}$`, 'm'));
    assert.match(compose, new RegExp(`^ {4}image: bonin:${version}$`, 'm'));
    assert.match(compose, new RegExp(`docker run --rm bonin:${version} `));
    const [, wanted] = /^rust-version = "1\.(\d+)"$/m.exec(manifest);
    assert.ok(Number(/^ARG RUST=1\.(\d+)\./m.exec(dockerfile)[1]) >= Number(wanted));
    assert.match(dockerfile, new RegExp(`^USER ${NOBODY_SPECIAL}:${NOBODY_SPECIAL}$`, 'm'));
    assert.match(compose, new RegExp(`chown ${NOBODY_SPECIAL} secrets/bonin.key`));
    // Whatever is copied into the image reaches the builder.
    const reaches = (await file('.dockerignore')).split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, names]) => names.split(' '));
    assert.deepEqual(copied.filter((name) => !reaches.includes(name)), []);
    assert.deepEqual(reaches.filter((name) => !copied.includes(name)), []);
    const members = /^members = \[(.*)\]$/m.exec(manifest)[1].match(/\w+(?=[/"])/g);
    assert.deepEqual(members.filter((name) => !copied.includes(name)), [], 'Cargo wants to see every member');
  });
});
