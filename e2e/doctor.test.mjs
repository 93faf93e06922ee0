// `bonin doctor`: all is well on a good installation, and each check is made to fail once.

import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { selfSigned } from './harness/certificate.mjs';
import { Collector } from './harness/collector.mjs';
import { Database } from './harness/database.mjs';
import { Installation, Shell } from './harness/shell.mjs';
import { freePort } from './harness/standalone.mjs';

let place, template;
before(async () => {
  place = await Installation.make();
  // Each test spoils a copy of its own.
  const store = await place.store('가게');
  place.channelKey = (await place.channel(store.id)).key;
  ({ id: place.secretId } = await place.secret(store.id));
  place.storeId = store.id;
  await place.shell.json(['user', 'create', '--username', 'owner', '--role', 'OWNER'], { once: true });
  template = place.data;
});
after(() => place?.stop());

let data, database, shell, count = 0;

/** Changes the database behind Bonin's back, as whoever got hold of the file could. */
const tamper = (sql) => Database.at(database).change(sql);
beforeEach(async () => {
  data = join(place.folder, `copy-${(count += 1)}`);
  await mkdir(data, { mode: 0o700 });
  for (const name of ['bonin.db', 'bonin.key']) await copyFile(join(template, name), join(data, name));
  database = join(data, 'bonin.db');
  shell = new Shell({ ...place.shell.env, BONIN_DATA: data });
});

/** What each check says: the worst state of each, and the messages. `fails`: whether the command does. */
async function doctor({ env = {}, args = [], fails = false } = {}) {
  const { code, stdout, stderr } = await shell.run(['doctor', ...args, '--json'], { env });
  assert.equal(code, fails ? 1 : 0, stdout + stderr);
  if (fails) assert.match(stderr, /^bonin: \d+ of \d+ checks failed\n$/);
  const { ok, checks } = JSON.parse(stdout);
  assert.equal(ok, !fails);
  const rank = ['ok', 'warn', 'fail'];
  const states = {};
  for (const { check, state } of checks) {
    states[check] = rank[Math.max(rank.indexOf(state), rank.indexOf(states[check] ?? 'ok'))];
  }
  const messages = (wanted) => checks.filter(({ check }) => check === wanted).map(({ message }) => message).join('\n');
  return { states, messages };
}

/** This check fails, or warns, and says this. */
async function finds(check, state, message, options = {}) {
  const { states, messages } = await doctor({ fails: state === 'fail', ...options });
  assert.equal(states[check], state, JSON.stringify(states));
  assert.match(messages(check), message);
  return states;
}

test('all is well where nothing is wrong, for people and for machines', async () => {
  const { states } = await doctor();
  const { second_factor: factor, ...others } = states;
  assert.equal(factor, 'warn', 'nobody has set it up in a test');
  assert.deepEqual(Object.keys(others).sort(), [
    ...['audit', 'channels', 'clock', 'database', 'database_file', 'key_file', 'listen', 'public_url', 'reach', 'secrets', 'stores', 'webhooks'],
  ]);
  assert.ok(Object.values(others).every((state) => state === 'ok'), JSON.stringify(states));
  const lines = await shell.says(['doctor']);
  assert.match(lines, /^ok +database +데이터베이스가 열리고/m);
  assert.match(lines, /\n검사 \d+개: 실패 0개, 경고 1개\n$/);
});

describe('configuration', () => {
  const env = (name, value) => ({ env: { [`BONIN_${name}`]: value } });

  test('a public address that is missing, wrong or plain http', async () => {
    await finds('public_url', 'fail', /no public_url is set/, env('PUBLIC_URL', undefined));
    await finds('public_url', 'fail', /쓸 수 없습니다/, env('PUBLIC_URL', 'bonin.example'));
    await finds('public_url', 'fail', /https가 아닙니다/, env('PUBLIC_URL', 'http://bonin.example'));
  });

  test('proxies that are not counted, and proxies that are not there', async () => {
    await finds('trusted_hops', 'warn', /trusted_hops가 0입니다/, env('PUBLIC_URL', 'https://bonin.example'));
    const counted = { env: { BONIN_PUBLIC_URL: 'https://bonin.example', BONIN_TRUSTED_HOPS: '1' } };
    await finds('trusted_hops', 'ok', /프록시 1개/, counted);
    await finds('trusted_hops', 'warn', /꾸며 낼 수/, env('TRUSTED_HOPS', '1'));
  });

  test('an address that cannot be listened on', async () => {
    await finds('listen', 'fail', /127\.0\.0\.1:8787처럼/, env('LISTEN', 'nowhere'));
    await finds('console_listen', 'fail', /127\.0\.0\.1:8787처럼/, env('CONSOLE_LISTEN', '127.0.0.1'));
    await finds('console_url', 'fail', /https가 아닙니다/, env('CONSOLE_URL', 'http://console.example'));
    const states = await finds('listen', 'ok', /127/, { env: { BONIN_CONSOLE_ENABLED: 'false', BONIN_CONSOLE_LISTEN: 'nowhere' } });
    assert.equal(states.console_listen, undefined, 'there is no console');
  });

  test('is read from the file that `serve` reads', async () => {
    const config = await place.file(`doctor-${count}.toml`, 'listen = "nowhere"\nready_file = "unused"\n');
    const { BONIN_LISTEN: _, ...without } = shell.env;
    shell.env = without;
    await finds('listen', 'fail', /nowhere/, { args: ['--config', config] });
  });
});

describe('files', () => {
  test('a key or a database that others can read', async () => {
    await chmod(join(data, 'bonin.key'), 0o604);
    await finds('key_file', 'fail', /아무나.*604.*chmod 600/);
    await chmod(join(data, 'bonin.key'), 0o640);
    await finds('key_file', 'warn', /그룹.*640/);
    await chmod(join(data, 'bonin.key'), 0o600);
    await chmod(database, 0o644);
    await finds('database_file', 'fail', /bonin\.db을\(를\) 아무나/);
  });

  test('a database that is not there, has no key, another key, or an old schema', async () => {
    await rename(join(data, 'bonin.key'), join(data, 'away'));
    await finds('database', 'fail', /has no key file/);
    await rename(join(data, 'away'), join(data, 'bonin.key'));
    const { key } = await shell.json(['key', 'generate'], { once: true });
    await finds('database', 'fail', /key 1 is not the key/, { env: { BONIN_KEY: key } });
    await tamper('DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)');
    await finds('database', 'fail', /run `bonin migrate`/);
    for (const name of ['bonin.db', 'bonin.db-wal', 'bonin.db-shm']) await rm(join(data, name), { force: true });
    const states = await finds('database', 'fail', /no database/);
    assert.equal(states.stores, undefined, 'what is in it was not looked at');
  });
});

describe('what is set up', () => {
  test('nothing at all', async () => {
    for (const table of ['channel', 'api_secret', 'store', 'console_user']) await tamper(`DELETE FROM ${table}`);
    const { states, messages } = await doctor({ fails: true });
    for (const check of ['stores', 'channels', 'secrets']) {
      assert.equal(states[check], 'fail', check);
      assert.match(messages(check), /bonin \w+ create/);
    }
    assert.equal(states.owner, 'warn');
    assert.match(messages('owner'), /setup-code/);
  });

  test('a store without a channel, and a LIVE store whose window no page may open', async () => {
    await shell.json(['store', 'create', '--name', '빈 가게', '--kind', 'test']);
    await finds('stores', 'warn', /빈 가게/);
    const { id } = await shell.json(['store', 'create', '--name', '진짜 가게', '--kind', 'live', '--allow-test-channels']);
    await shell.json([
      ...['channel', 'create', '--store', id, '--name', '표준창', '--kind', 'test', '--site-cd', 'S0001', '--window-url', place.sandbox.address],
      ...['--enc-key-file', await place.file('enc-key', place.credentials.encKey)],
    ]);
    await finds('origins', 'warn', new RegExp(`진짜 가게.*bonin store update ${id} --origin`));
    await shell.json(['store', 'update', id, '--origin', 'https://shop.example']);
    assert.equal((await doctor()).states.origins, undefined);
  });

  test('a secret that was revoked, and one that ends soon', async () => {
    await shell.json(['secret', 'revoke', place.secretId]);
    await finds('secrets', 'fail', /유효한 API 시크릿이 없습니다/);
    await shell.json(['secret', 'create', '--store', place.storeId, '--name', '잠깐', '--expires-in', '240h'], { once: true });
    await finds('secrets', 'warn', /잠깐.*끝납니다/);
  });

  test('a certificate that ends soon, and one that has ended', async () => {
    const day = (days) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
    const short = await selfSigned('S0001', { from: day(-1), until: day(10.5) });
    await shell.json(['channel', 'replace-credentials', place.channelKey, ...(await place.hubFiles(short, 'short'))]);
    await finds('certificates', 'warn', /채널.*10일 뒤/);
    await tamper('UPDATE channel SET hub_certificate_ends_at = 1600000000000000');
    await finds('certificates', 'fail', /만료되었습니다/);
    await shell.json(['channel', 'retire', place.channelKey]);
    assert.equal((await doctor({ fails: true })).states.certificates, undefined, 'a channel that was put away');
  });

  test('a LIVE channel for a host that the configuration no longer names', async () => {
    const live = (await shell.json(['store', 'create', '--name', '진짜', '--kind', 'live', '--origin', 'https://a.example'])).id;
    const env = { BONIN_KCP_LIVE_HOSTS: new URL(place.sandbox.address).host };
    await shell.json(
      [
        ...['channel', 'create', '--store', live, '--name', '진짜 채널', '--kind', 'live', '--site-cd', 'S0001'],
        ...['--enc-key-file', await place.file('enc-key', place.credentials.encKey), '--window-url', place.sandbox.address],
      ],
      { env },
    );
    assert.equal((await doctor({ env })).states.channels, 'ok');
    await finds('channels', 'fail', /진짜 채널.*kcp_live_hosts/);
  });

  test('what everyone knows', async () => {
    await tamper("UPDATE channel SET channel_key = 'channel-key-00000000-0000-4000-8000-000000000001'");
    await finds('dev_credentials', 'fail', /bonin serve.*dev environment/);
  });
});

describe('KCP', () => {
  test('that cannot be reached', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    await shell.json(['channel', 'replace-credentials', place.channelKey, '--hub-url', away]);
    const { states, messages } = await doctor({ fails: true });
    assert.equal(states.reach, 'fail');
    const told = messages('reach');
    assert.ok(told.includes(`${away}에 닿지 않습니다`) && told.includes(`${place.sandbox.address}에 닿습니다`), told);
  });

  test('that never answers is not waited for longer than a call may take', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    try {
      const address = `http://127.0.0.1:${silent.address().port}`;
      await shell.json(['channel', 'replace-credentials', place.channelKey, '--hub-url', address]);
      const began = Date.now();
      await finds('reach', 'fail', /시간 안에 답이 없음/, { env: { BONIN_KCP_TIMEOUT: '300ms' } });
      assert.ok(Date.now() - began < 5_000);
    } finally {
      silent.close();
    }
  });
});

describe('the record', () => {
  test('that was changed', async () => {
    await tamper("UPDATE audit SET actor_name = 'somebody else' WHERE seq = 2");
    await finds('audit', 'fail', /entry 2 /);
  });

  test('of a time that has not come yet: the clock was set back', async () => {
    await tamper('UPDATE audit SET at = at + 3600000000 WHERE seq = (SELECT MAX(seq) FROM audit)');
    const states = await finds('clock', 'fail', /NTP/);
    assert.equal(states.audit, 'fail', 'and the record was changed to show it');
  });
});

describe('what is watched', () => {
  const env = { BONIN_METRICS_LISTEN: '0.0.0.0:9464' };

  test('metrics that whoever reaches them can read, and a token that is none', async () => {
    await finds('metrics', 'warn', /누구나/, { env });
    await finds('metrics', 'ok', /9464/, { env: { BONIN_METRICS_LISTEN: '127.0.0.1:9464' } });
    await finds('metrics', 'ok', /9464/, { env: { ...env, BONIN_METRICS_TOKEN: 'f'.repeat(32) } });
    const weak = await doctor({ env: { BONIN_METRICS_TOKEN: 'hush-hush' }, fails: true });
    assert.equal(weak.states.metrics, 'fail');
    assert.doesNotMatch(weak.messages('metrics'), /hush/);
    await finds('metrics', 'fail', /주소/, { env: { BONIN_METRICS_LISTEN: 'nowhere' } });
    const { states } = await doctor();
    assert.ok(!('metrics' in states) && !('otlp' in states), 'what is not set is not told');
  });

  test('a token or headers that others can read', async () => {
    const file = join(data, 'secret');
    await writeFile(file, `authorization=${'f'.repeat(32)}`, { mode: 0o600 });
    const both = { BONIN_METRICS_TOKEN_FILE: file, BONIN_OTLP_HEADERS_FILE: file, BONIN_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    const { states } = await doctor({ env: both });
    assert.deepEqual([states.metrics_token_file, states.otlp_headers_file], ['ok', 'ok']);
    await chmod(file, 0o644);
    await finds('metrics_token_file', 'fail', /chmod 600/, { env: both });
    await finds('otlp_headers_file', 'fail', /chmod 600/, { env: both });
  });

  test('a collector that is away, is elsewhere, or is none', async () => {
    const collector = await Collector.start();
    await finds('otlp', 'ok', /닿습니다/, { env: { BONIN_OTLP_ENDPOINT: collector.address } });
    assert.equal(collector.spans.length, 0, 'nothing is sent that it would keep');
    await collector.stop();
    await finds('otlp', 'warn', /닿지 않습니다/, { env: { BONIN_OTLP_ENDPOINT: collector.address } });
    await finds('otlp', 'warn', /암호화하지 않은/, { env: { BONIN_OTLP_ENDPOINT: 'http://collector.invalid:4318' } });
    await finds('otlp', 'fail', /password/, { env: { BONIN_OTLP_ENDPOINT: 'https://me:hush@collector.invalid' } });
    await finds('otlp', 'fail', /headers/, { env: { BONIN_OTLP_ENDPOINT: collector.address, BONIN_OTLP_HEADERS: 'hush-hush' } });
  });
});
