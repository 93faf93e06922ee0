// `bonin channel`: credentials go in, are checked and tried out, and never come out.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PortOneClient } from '@portone/server-sdk';
import { selfSigned } from './harness/certificate.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Program, readyFile } from './harness/program.mjs';
import { Installation } from './harness/shell.mjs';
import { freePort } from './harness/standalone.mjs';

const NOWHERE = 'store-ffffffff-ffff-4fff-8fff-ffffffffffff';

let place, shell, folder, sandbox, credentials;
before(async () => {
  place = await Installation.make();
  ({ shell, folder, sandbox, credentials } = place);
});
after(() => place?.stop());

describe('bonin channel', () => {
  let own, made;
  before(async () => {
    own = await place.store('채널 가게');
    made = await place.channel(own.id);
  });

  test('shows a channel by key and by id, and never its credentials', async () => {
    assert.deepEqual(
      [made.storeId, made.kind, made.pgProvider, made.pgMerchantId, made.hub.url, made.window.url],
      [own.id, 'TEST', 'KCP_V2', place.siteCd, sandbox.address, sandbox.address],
    );
    assert.equal(made.warning, null);
    assert.deepEqual(await shell.json(['channel', 'show', made.key]), made);
    assert.deepEqual(await shell.json(['channel', 'show', made.id]), made);
    assert.deepEqual(await shell.json(['channel', 'list', '--store', own.id]), [made]);
    assert.match(await shell.says(['channel', 'list']), new RegExp(`^${made.key}  ${own.id}  TEST  ${place.siteCd}  hub\\+window  채널  certificate until `, 'm'));
    assert.match(await shell.says(['channel', 'show', made.key]), /^certificate-ends +20/m);
  });

  test('is renamed', async () => {
    const renamed = await shell.json(['channel', 'update', made.key, '--name', '새 이름']);
    assert.deepEqual(renamed, { ...made, name: '새 이름' });
    assert.equal((await place.newest()).action, 'channel.update');
    await shell.json(['channel', 'update', made.key, '--name', made.name]);
    await shell.refuses(['channel', 'update', made.key, '--name', ' '], /--name: /);
  });

  test('is tried out at KCP, which costs nothing, and the answer is explained', async () => {
    const works = await shell.json(['channel', 'test', made.key]);
    assert.deepEqual(
      works.map(({ product, verdict, code }) => [product, verdict, code]).sort(),
      [
        ['hub', 'works', '0000'],
        ['window', 'works', '0000'],
      ],
    );
    assert.match(await shell.says(['channel', 'test', made.key]), /^hub  works  0000/m);

    // The way back leads to a host that the merchant has not set at KCP.
    const env = { BONIN_PUBLIC_URL: 'https://bonin.example' };
    const told = await shell.refuses(['channel', 'test', made.key], /does not work/, { env });
    assert.match(told, /^window  refused  CS24 /m);
    assert.match(told, /인증결과URL설정/);
    await shell.refuses(['channel', 'test', made.key], /--public-url/, { env: { BONIN_PUBLIC_URL: undefined } });
    assert.equal((await place.newest()).action, 'channel.test');
  });

  test('whose KCP is away is told apart from one that refuses', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    const other = await place.store('먼 가게');
    const gone = await shell.json([
      ...['channel', 'create', '--store', other.id, '--name', '먼 채널', '--kind', 'test', '--site-cd', place.siteCd],
      ...['--enc-key-file', await place.file('enc-key', credentials.encKey), '--window-url', away],
    ]);
    const told = await shell.refuses(['channel', 'test', gone.key, '--json'], /does not work/);
    const [{ product, verdict }] = JSON.parse(told);
    assert.deepEqual([product, verdict], ['window', 'no_answer']);
  });

  test('comes with what to enter in KCP’s partner admin', async () => {
    const env = { BONIN_PUBLIC_URL: 'https://bonin.example.com' };
    const told = await shell.json(['channel', 'instructions', made.key], { env });
    assert.deepEqual(told.map(({ product }) => product).sort(), ['hub', 'window']);
    const [result] = told.find(({ product }) => product === 'window').steps;
    assert.match(result.place, /인증결과URL설정$/);
    assert.equal(result.value, 'bonin.example.com');
    assert.match(await shell.says(['channel', 'instructions', made.key], { env }), /인증결과URL설정: bonin\.example\.com$/m);
  });

  test('whose certificate ends soon says so, until its credentials are replaced', async () => {
    const day = (days) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
    const short = await selfSigned(place.siteCd, { from: day(-1), until: day(10.5) });
    const args = ['channel', 'replace-credentials', made.key, ...(await place.hubFiles(short, 'short'))];
    const soon = await shell.json(args);
    assert.match(soon.warning, /인증서가 10일 뒤/);
    assert.deepEqual([soon.id, soon.key, soon.window], [made.id, made.key, made.window]);
    assert.match(await shell.says(['channel', 'list']), /\n    인증서가 10일 뒤/);
    const { action, details } = await place.newest();
    assert.equal(action, 'channel.replace_credentials');
    assert.deepEqual(details.credentials, ['hub']);

    const ready = join(folder, 'soon.json');
    const program = new Program(['serve'], { env: { ...shell.env, BONIN_READY_FILE: ready } });
    await program.ready('the ready file', readyFile(ready));
    await program.ready('the warning', () => /WARN .*certificate.*ends within 30 days.*channel="channel-id-/.test(program.stderr));
    await program.stop();
    assert.ok(program.stderr.includes(`channel="${made.id}"`), program.stderr);

    const again = await shell.json(['channel', 'replace-credentials', made.key, '--credentials', '-'], { input: JSON.stringify(credentials) });
    assert.deepEqual(again, made);
  });

  test('takes credentials only where all of them are right, and the merchant stays the same', async () => {
    const replace = ['channel', 'replace-credentials', made.key];
    await shell.refuses(replace, /--credentials: /);
    await shell.refuses([...replace, '--site-cd', 'S0002'], /--site-cd: /);
    const wrong = await place.hubFiles({ ...credentials, privateKeyPassword: 'wrong-password-7d' }, 'wrong');
    await shell.refuses([...replace, ...wrong], /--private-key-password-file: .*맞지 않습니다/);
    await shell.refuses([...replace, '--certificate', wrong[1]], /--private-key-password-file: .*--private-key: /);
    await shell.refuses([...replace, '--credentials', '-'], /--credentials: .*JSON/, { input: '{"siteCd": 1, "encKey": "leak-me-not"}' });
    await shell.refuses([...replace, '--enc-key-file', join(folder, 'nothing')], /cannot read .*nothing/);
    const expired = await selfSigned(place.siteCd, { from: '20200101000000Z', until: '20210101000000Z' });
    await shell.refuses([...replace, ...(await place.hubFiles(expired, 'expired'))], /--certificate: .*만료/);
    assert.deepEqual(await shell.json(['channel', 'show', made.key]), made);
    for (const leak of ['wrong-password-7d', 'leak-me-not']) assert.ok(!shell.transcript.includes(leak), leak);
  });

  test('a LIVE channel is for LIVE stores, for KCP’s hosts, and for no public merchant', async () => {
    const create = async (of, siteCd, ...more) => [
      ...['channel', 'create', '--store', of, '--name', 'x', '--kind', 'live', '--site-cd', siteCd],
      ...['--enc-key-file', await place.file('live-key', 'a'.repeat(64)), ...more],
    ];
    await shell.refuses(await create(own.id, place.siteCd), /--kind: TEST 상점/);
    const live = (await shell.json(['store', 'create', '--name', '진짜', '--kind', 'live'])).id;
    await shell.refuses(await create(live, 'AO7F3'), /--site-cd: .*AO7F3/);
    const elsewhere = await create(live, place.siteCd, '--window-url', sandbox.address);
    await shell.refuses(elsewhere, /--window-url: .*kcp_live_hosts/);
    const config = await place.file('live.toml', `[kcp]\nlive_hosts = ["${new URL(sandbox.address).host}"]\n`);
    const named = await shell.json([...elsewhere, '--config', config]);
    assert.equal(named.kind, 'LIVE');
    await shell.refuses(await create(NOWHERE, place.siteCd), /--store: 없는 상점/);
  });

  test('is put away, takes no new tries, and comes back', async () => {
    const ready = join(folder, 'retire.json');
    const program = new Program(['serve'], { env: { ...shell.env, BONIN_READY_FILE: ready } });
    try {
      const { gateway } = await program.ready('the ready file', readyFile(ready));
      const sdk = PortOneClient({ secret: (await place.secret(own.id)).secret, baseUrl: gateway }).identityVerification;
      const send = () =>
        sdk.sendIdentityVerification({
          identityVerificationId: newId(),
          ...sending(newPerson(), { channelKey: made.key, operator: 'KT' }),
        });
      await send();
      const away = await shell.json(['channel', 'retire', made.key]);
      assert.ok(Date.parse(away.retiredAt) > Date.now() - 60_000);
      assert.match(await shell.says(['channel', 'list']), new RegExp(`^${made.key}.*  retired `, 'm'));
      await assert.rejects(send);
      assert.equal((await place.newest()).action, 'channel.retire');
      const back = await shell.json(['channel', 'restore', made.key]);
      assert.equal(back.retiredAt, null);
      await send();
    } finally {
      await program.stop();
    }
    await shell.refuses(['channel', 'retire', 'channel-key-nobody'], /찾을 수 없습니다/);
  });
});
