// What the console can do, from the shell: each command's way and its refusals; nothing secret is ever printed but once.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Database } from './harness/database.mjs';
import { search } from './harness/search.mjs';
import { Installation, Shell } from './harness/shell.mjs';

const NOWHERE = 'store-ffffffff-ffff-4fff-8fff-ffffffffffff';

let place, shell, folder, data, credentials;
before(async () => {
  place = await Installation.make();
  ({ shell, folder, data, credentials } = place);
});
after(() => place?.stop());

describe('bonin store', () => {
  test('makes, shows and changes a store; what is not named stays as it is', async () => {
    const made = await place.store('가게', '--origin', 'https://shop.example', '--retention-days', '90');
    assert.deepEqual(made, {
      id: made.id,
      name: '가게',
      kind: 'TEST',
      allowTestChannels: true,
      origins: ['https://shop.example'],
      redirectHosts: [],
      redirectSchemes: [],
      phoneMessages: null,
      dailyTries: null,
      retentionDays: 90,
    });
    const changed = await shell.json([
      ...['store', 'update', made.id, '--name', '새 가게', '--redirect-host', 'pay.example', '--redirect-scheme', 'myapp'],
      ...['--phone-messages', '3', '--daily-tries', '1000'],
    ]);
    const wanted = {
      ...made,
      name: '새 가게',
      redirectHosts: ['pay.example'],
      redirectSchemes: ['myapp'],
      phoneMessages: 3,
      dailyTries: 1000,
    };
    assert.deepEqual(changed, wanted);
    assert.deepEqual(await shell.json(['store', 'show', made.id]), wanted);
    assert.match(await shell.says(['store', 'show', made.id]), /^name +새 가게$/m);

    const cleared = await shell.json([
      ...['store', 'update', made.id, '--clear-origins', '--clear-redirect-hosts', '--clear-redirect-schemes'],
      ...['--phone-messages', 'default', '--daily-tries', 'none', '--retention-days', 'none'],
    ]);
    assert.deepEqual(cleared, { ...made, name: '새 가게', origins: [], retentionDays: null });
    assert.ok((await shell.json(['store', 'list'])).some(({ id }) => id === made.id));

    const { action, subject, actor, details } = await place.newest();
    assert.deepEqual([action, subject, actor.kind], ['store.update', made.id, 'shell']);
    assert.deepEqual(details.phoneMessages, { from: 3, to: null });
  });

  test('a LIVE store takes TEST channels only where that is switched on', async () => {
    const live = await shell.json(['store', 'create', '--name', '진짜', '--kind', 'live']);
    assert.equal(live.allowTestChannels, false);
    const on = await shell.json(['store', 'update', live.id, '--allow-test-channels', 'true']);
    assert.equal(on.allowTestChannels, true);
    const off = await shell.json(['store', 'update', live.id, '--allow-test-channels', 'false']);
    assert.equal(off.allowTestChannels, false);
  });

  test('tells by flag what is wrong, all of it at once', async () => {
    await shell.refuses(
      [
        ...['store', 'create', '--name', '', '--kind', 'test', '--origin', 'https://shop.example/path'],
        ...['--redirect-host', 'https://pay.example', '--redirect-scheme', 'javascript', '--retention-days', 'ten'],
      ],
      /--name: .*--origin: .*https:\/\/shop\.example으로.*--redirect-host: .*--redirect-scheme: .*--retention-days: /,
    );
    await shell.refuses(['store', 'show', NOWHERE], /상점을 찾을 수 없습니다/);
    await shell.refuses(['store', 'update', NOWHERE, '--name', 'x'], /찾을 수 없습니다/);
    await shell.refuses(['store', 'update', NOWHERE, '--origin', 'https://a.example', '--clear-origins'], /cannot be used with/, { status: 2 });
    await shell.refuses(['store', 'create', '--name', 'x', '--kind', 'half'], /--kind/, { status: 2 });
  });
});

describe('bonin secret', () => {
  test('makes a secret that is shown once, and lists, renames and revokes it', async () => {
    const own = await place.store('시크릿 가게');
    const other = await place.store('다른 가게');
    const made = await place.secret(own.id, '--name', '서버', '--also', other.id, '--expires-in', '24h');
    assert.match(made.secret, /^bonin_sk_/);
    const listed = async () => (await shell.json(['secret', 'list'])).find(({ id }) => id === made.id);
    const kept = await listed();
    assert.deepEqual(kept.stores, [own.id, other.id]);
    assert.ok(made.secret.startsWith(kept.prefix) && kept.prefix.length < 16);
    assert.ok(Math.abs(Date.parse(kept.expiresAt) - Date.now() - 86_400_000) < 60_000);
    assert.deepEqual([kept.lastUsedAt, kept.revokedAt], [null, null]);

    const renamed = await shell.json(['secret', 'rename', made.id, '--name', '새 서버']);
    assert.deepEqual(renamed, { ...kept, name: '새 서버' });
    assert.deepEqual(await shell.json(['secret', 'revoke', made.id]), { id: made.id, revoked: true });
    assert.notEqual((await listed()).revokedAt, null);
    assert.match(await shell.says(['secret', 'list']), new RegExp(`^${made.id}  .*  revoked .*  never used$`, 'm'));
    const actions = (await shell.json(['audit', 'list', '--subject', made.id])).entries.map(({ action }) => action);
    assert.deepEqual(actions, ['secret.revoke', 'secret.rename', 'secret.create']);

    await shell.refuses(['secret', 'rename', made.id, '--name', ''], /--name: /);
    await shell.refuses(['secret', 'revoke', 'secret-nobody'], /찾을 수 없습니다/);
    await shell.refuses(['secret', 'create', '--store', NOWHERE, '--also', NOWHERE], /--store: 없는 상점/);
    await shell.refuses(['secret', 'create', '--store', own.id, '--also', NOWHERE], /--also: 없는 상점/);
    await shell.refuses(['secret', 'create', '--store', own.id, '--expires-in', '1000000h'], /--expires-in: /);
  });
});

describe('bonin user', () => {
  const user = (name) => shell.json(['user', 'list']).then((users) => users.find(({ username }) => username === name));

  test('makes users, says what they may, locks them out and lets them in again', async () => {
    const owner = await shell.json(['user', 'create', '--username', 'Owner', '--role', 'owner'], { once: true });
    assert.deepEqual([owner.username, owner.role], ['owner', 'OWNER']);
    assert.ok(owner.password.length >= 16);
    const made = await shell.json(['user', 'create', '--username', 'kim', '--role', 'VIEWER'], { once: true });
    const kept = await user('kim');
    assert.deepEqual(
      [kept.id, kept.role, kept.mustChangePassword, kept.totp, kept.disabledAt, kept.lastLoginAt],
      [made.id, 'VIEWER', true, false, null, null],
    );
    assert.ok(!JSON.stringify(kept).includes(made.password));

    assert.equal((await shell.json(['user', 'set-role', 'kim', '--role', 'operator'])).role, 'OPERATOR');
    const reset = await shell.json(['user', 'reset-password', made.id], { once: true });
    assert.notEqual(reset.password, made.password);
    const printed = await shell.says(['user', 'reset-password', 'kim'], { once: true });
    assert.match(printed, /^\S{16,}\n\nThis is the only time/);
    assert.notEqual((await shell.json(['user', 'disable', 'kim'])).disabledAt, null);
    assert.match(await shell.says(['user', 'list']), new RegExp(`^${made.id}  kim  OPERATOR  no totp  must change the password  disabled `, 'm'));
    assert.equal((await shell.json(['user', 'enable', 'kim'])).disabledAt, null);
    await shell.json(['user', 'unlock', 'kim']);
    await shell.json(['user', 'reset-totp', 'kim']);

    const { entries } = await shell.json(['audit', 'list', '--subject', made.id]);
    assert.deepEqual(
      entries.map(({ action }) => action).reverse().slice(0, 6),
      ['user.create', 'user.set_role', 'user.set_password', 'user.set_password', 'user.disable', 'user.enable'],
    );
  });

  test('keeps an owner, and refuses what is no name and no role', async () => {
    await shell.refuses(['user', 'disable', 'owner'], /마지막 소유자/);
    await shell.refuses(['user', 'set-role', 'owner', '--role', 'VIEWER'], /마지막 소유자/);
    await shell.refuses(['user', 'create', '--username', '김 민수', '--role', 'boss'], /--username: .*--role: /);
    await shell.refuses(['user', 'create', '--username', 'kim', '--role', 'VIEWER'], /--username: 이미 있는/);
    await shell.refuses(['user', 'enable', 'nobody'], /사용자.*찾을 수 없습니다/);
    await shell.refuses(['user', 'create', '--username', 'lee', '--role', 'VIEWER', '--password', 'x'], /--password/, { status: 2 });
  });
});

describe('bonin audit', () => {
  test('lists who did what from where, the newest first, by page and by filter', async () => {
    await place.channel((await place.store('가게')).id);
    const own = await place.store('감사 가게');
    const all = (await shell.json(['audit', 'list', '--size', '1000'])).entries;
    assert.deepEqual(all.map(({ seq }) => seq), Array.from(all, (_, i) => all.length - i));
    const [first] = all;
    assert.deepEqual([first.action, first.subject, first.actor.kind, first.storeId], ['store.create', own.id, 'shell', own.id]);
    assert.match(first.actor.id, /^uid:\d+$/);
    assert.ok(first.actor.origin.length > 0);

    const page = await shell.json(['audit', 'list', '--size', '2', '--before', String(first.seq)]);
    assert.deepEqual([page.entries.map(({ seq }) => seq), page.more], [[first.seq - 1, first.seq - 2], true]);
    const channels = (await shell.json(['audit', 'list', '--action', 'channel'])).entries;
    assert.ok(channels.length > 0 && channels.every(({ action }) => action.startsWith('channel.')));
    const lines = await shell.says(['audit', 'list', '--size', '2']);
    assert.match(lines, new RegExp(`^${first.seq}  \\S+Z  shell .*  store\\.create  ${own.id}  \\{.*\\}\n`));
    assert.match(lines, /… older ones: --before \d+\n$/);
    await shell.refuses(['audit', 'list', '--size', '0'], /--size/, { status: 2 });
  });

  test('shows that nothing was changed, and with a head kept elsewhere that nothing was cut off', async () => {
    const head = (await shell.says(['audit', 'head'])).trim();
    assert.match(head, /^\d+:[0-9a-f]{64}$/);
    const told = await shell.json(['audit', 'verify', '--head', head]);
    assert.deepEqual(told, { ok: true, entries: Number(head.split(':')[0]), head });
    await place.store('danach');
    assert.equal((await shell.json(['audit', 'verify', '--head', head])).ok, true);
    assert.match(await shell.says(['audit', 'verify']), /^The audit is as it was written: \d+ entries/);
    await shell.refuses(['audit', 'verify', '--head', 'nonsense'], /--head/, { status: 2 });
  });

  test('says in one line what is wrong, and ends with status 1', async () => {
    // On a database of its own: what is done to it cannot be undone.
    const other = join(folder, 'tampered');
    await mkdir(other);
    const env = { BONIN_DATA: join(other, 'data') };
    const own = new Shell({ ...shell.env, ...env });
    await own.says(['migrate']);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await own.json(['store', 'create', '--name', name, '--kind', 'test']);
    const head = (await own.says(['audit', 'head'])).trim();
    const database = Database.at(join(env.BONIN_DATA, 'bonin.db'));
    await database.change("UPDATE audit SET details = REPLACE(details, '\"b\"', '\"B\"') WHERE seq = 2");
    const told = await own.refuses(['audit', 'verify', '--json'], /entry 2 is not what was written/);
    assert.equal(JSON.parse(told).ok, false);
    await database.change("UPDATE audit SET details = REPLACE(details, '\"B\"', '\"b\"') WHERE seq = 2");
    assert.equal((await own.json(['audit', 'verify', '--head', head])).ok, true);

    await database.change('DELETE FROM audit WHERE seq = 6');
    await own.refuses(['audit', 'verify'], /cut off: 5 entries are there, and 6 were written/);
    // Setting the note of the end back does not hide it: that takes the key.
    await database.change('UPDATE audit_chain SET head_seq = 5, head_mac = (SELECT mac FROM audit WHERE seq = 5)');
    for (const more of [[], ['--head', head]]) {
      await own.refuses(['audit', 'verify', ...more], /note of the chain's end is not what was written/);
    }
    await database.change('DELETE FROM audit WHERE seq = 3');
    await own.refuses(['audit', 'verify'], /entry 3 is missing/);
  });
});

test('nothing that was entered or made in secret was printed, but for what is shown once, and nothing is in the database', async () => {
  const key = (await readFile(join(data, 'bonin.key'), 'utf8')).trim();
  const own = await place.store('비밀 가게');
  const { secret: made } = await place.secret(own.id);
  const { password } = await shell.json(['user', 'create', '--username', 'hidden', '--role', 'VIEWER'], { once: true });
  await place.channel(own.id);
  const hidden = {
    'the key': key,
    'the API secret': made,
    'a password': password,
    '가맹점 인증키': credentials.encKey,
    'the private key': credentials.privateKeyPem.split('\n')[3],
    'its password': credentials.privateKeyPassword,
    'the certificate': credentials.certificatePem.split('\n')[3],
  };
  for (const [name, value] of Object.entries(hidden)) assert.ok(value.length >= 8, name);
  const places = {
    transcript: Buffer.from(shell.transcript),
    database: await readFile(join(data, 'bonin.db')),
    log: await readFile(join(data, 'bonin.db-wal')).catch(() => Buffer.alloc(0)),
  };
  assert.ok(shell.transcript.length > 5_000, 'much was printed');
  assert.deepEqual(search(hidden, places), []);
  assert.notDeepEqual(search({ canary: '비밀 가게' }, places), [], 'the search would have found it');
});
