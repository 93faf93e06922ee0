// Two gateways on one PostgreSQL: whatever begins at one goes on at the other, what is changed through one holds at the other, and
// nothing is lost or done twice while they are killed and restarted.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { Cluster, soon, WEBHOOKS } from './harness/cluster.mjs';
import { Client, newPassword, Person } from './harness/console.mjs';
import { newId, newPerson, sending } from './harness/people.mjs';
import { run, sleep, waitFor } from './harness/program.mjs';
import { Random } from './harness/random.mjs';
import { Receiver } from './harness/receiver.mjs';
import { anotherNumber } from './harness/sandbox.mjs';
import { fails, failsAtKcp } from './harness/story.mjs';
import { formsOf, walkThrough } from './harness/walk.mjs';

const ORIGIN = 'http://shop.example';

let cluster, a, b;
before(async () => {
  cluster = await Cluster.setUp({ keyFile: true, env: { ...WEBHOOKS, BONIN_DRAIN_DELAY: '1s' } });
  [a, b] = cluster.instances;
});
afterEach(() => cluster.sandbox.clearFaults());
after(() => cluster?.stop());

describe('each step at the other instance', () => {
  /** A person and an id, and the steps of the API at the instance that is named. */
  async function story({ operator = 'KT', method = 'SMS' } = {}) {
    const person = newPerson();
    const { name, phone, birthDate, gender, isForeigner } = person;
    await cluster.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
    const id = newId();
    const at = (instance) => instance.sdk(cluster.secret);
    return {
      id,
      person,
      send: (instance) =>
        at(instance).sendIdentityVerification({
          identityVerificationId: id,
          ...sending(person, { channelKey: cluster.channel, operator, method }),
        }),
      resend: (instance) => at(instance).resendIdentityVerification({ identityVerificationId: id }),
      confirm: (instance, otp) => at(instance).confirmIdentityVerification({ identityVerificationId: id, otp }),
      get: (instance) => at(instance).getIdentityVerification({ identityVerificationId: id }),
    };
  }

  test('sent at one, again at the other, a wrong number here, the right one there', async () => {
    const { person, send, resend, confirm, get } = await story();
    await send(a);
    await fails('IDENTITY_VERIFICATION_ALREADY_SENT', () => send(b));
    await resend(b);
    const otp = await cluster.sandbox.otp(person.phone, 2);
    await failsAtKcp('SB11', () => confirm(a, anotherNumber(otp)));
    const { identityVerification } = await confirm(b, otp);
    assert.equal(identityVerification.verifiedCustomer.name, person.name);
    assert.deepEqual(await get(a), identityVerification);
    await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => confirm(a, otp));
    await fails('IDENTITY_VERIFICATION_ALREADY_VERIFIED', () => send(a));
  });

  test('asked for in the app at one, approved, and confirmed at the other', async () => {
    const { person, send, confirm } = await story({ method: 'APP', operator: 'LGU' });
    await send(a);
    await failsAtKcp('SB21', () => confirm(b));
    await cluster.sandbox.approve(person.phone);
    assert.equal((await confirm(b)).identityVerification.status, 'VERIFIED');
  });

  test('wrong numbers count wherever they are typed', async () => {
    const { id, person, send, confirm } = await story();
    await send(a);
    const wrong = anotherNumber(await cluster.sandbox.otp(person.phone));
    for (const instance of [a, b, a, b]) await failsAtKcp('SB11', () => confirm(instance, wrong));
    await fails('PG_PROVIDER', () => confirm(a, wrong));
    // The fifth has ended the try, for everybody.
    await fails('TOO_MANY_REQUESTS', () => confirm(b, wrong));
    assert.deepEqual((await cluster.timeline(id)).slice(-1).map(({ kind }) => kind), ['failed_too_many_wrong_numbers']);
    await send(b);
    assert.equal((await confirm(a, await cluster.sandbox.otp(person.phone, 2))).identityVerification.status, 'VERIFIED');
  });

  /** `ok`, or the type of the error and KCP's code. */
  const ending = (promise) =>
    promise.then(
      () => 'ok',
      ({ data }) => [data.type, data.pgCode].filter(Boolean).join(' '),
    );

  test('confirmed forty times at once on both → KCP is asked once, and everybody is told', async () => {
    const { person, send, confirm } = await story();
    await send(a);
    const otp = await cluster.sandbox.otp(person.phone);
    await cluster.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 500 });
    cluster.tap.clear();
    const told = await Promise.all(Array.from({ length: 40 }, (_, i) => ending(confirm([a, b][i % 2], otp))));
    assert.equal(told.filter((how) => how === 'ok').length, 1);
    assert.equal(told.filter((how) => how === 'IDENTITY_VERIFICATION_ALREADY_VERIFIED').length, 39, told);
    assert.equal(cluster.tap.count('2300'), 1);
  });

  test('refused by KCP for one → asked once, and those who waited at the other are told the same', async () => {
    const { person, send, confirm } = await story();
    await send(a);
    const otp = await cluster.sandbox.otp(person.phone);
    await cluster.sandbox.fault({ endpoint: 'hub:2300', kind: 'latency', value: 800 });
    await cluster.sandbox.fault({ endpoint: 'hub:2300', kind: 'resCd', value: 'X111' });
    cluster.tap.clear();
    const first = ending(confirm(a, otp));
    await waitFor('KCP to be asked', () => cluster.tap.count('2300') === 1);
    const rest = await Promise.all(Array.from({ length: 20 }, () => ending(confirm(b, otp))));
    assert.equal(await first, 'PG_PROVIDER X111');
    assert.deepEqual(new Set(rest), new Set(['PG_PROVIDER X111']));
    assert.equal(cluster.tap.count('2300'), 1);
  });

  test('sent again at once on both → one message', async () => {
    const { person, send, resend } = await story({ operator: 'LGU' });
    await send(a);
    await cluster.sandbox.fault({ endpoint: 'hub:2200', kind: 'latency', value: 500 });
    cluster.tap.clear();
    const told = await Promise.all([a, b, a, b].map((instance) => ending(resend(instance))));
    assert.deepEqual(new Set(told), new Set(['ok']));
    assert.equal(cluster.tap.count('2200'), 1);
    assert.equal((await cluster.sandbox.messages(person.phone)).length, 2);
  });

  test('sent at once on both under one id → one try, one message', async () => {
    const { person, send } = await story();
    const told = await Promise.all([a, b, a, b, a, b].map((instance) => ending(send(instance))));
    assert.deepEqual(told.sort(), [...Array(5).fill('IDENTITY_VERIFICATION_ALREADY_SENT'), 'ok']);
    assert.equal((await cluster.sandbox.messages(person.phone)).length, 1);
  });

  test('a phone has had its messages, whoever sent them', async () => {
    const person = newPerson();
    const told = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        ending(
          [a, b][i % 2].sdk(cluster.secret).sendIdentityVerification({
            identityVerificationId: newId(),
            ...sending(person, { channelKey: cluster.channel, operator: 'KT' }),
          }),
        ),
      ),
    );
    assert.deepEqual(told.sort(), [...Array(14).fill('TOO_MANY_REQUESTS'), ...Array(10).fill('ok')]);
    assert.equal((await cluster.sandbox.messages(person.phone)).length, 10);
  });

  test('a store has had its tries of the day, whoever began them', async () => {
    const store = (await cluster.json(['store', 'create', '--name', '하루 다섯 번', '--kind', 'test', '--daily-tries', '5'])).id;
    const { key: channelKey } = await cluster.addChannel({ hub: cluster.sandbox.address, store });
    const { secret } = await cluster.json(['secret', 'create', '--store', store]);
    const told = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        ending(
          [a, b][i % 2].sdk(secret).sendIdentityVerification({
            identityVerificationId: newId(),
            ...sending(newPerson(), { channelKey, operator: 'KT' }),
          }),
        ),
      ),
    );
    assert.deepEqual(told.sort(), [...Array(11).fill('TOO_MANY_REQUESTS'), ...Array(5).fill('ok')]);
  });

  /** A window, asked for by a page of `ORIGIN`. */
  const open = async (instance, id = newId()) => {
    const response = await fetch(new URL('/checkout/identity-verifications', instance.address), {
      method: 'POST',
      headers: { origin: ORIGIN, 'content-type': 'text/plain;charset=UTF-8' },
      body: JSON.stringify({
        storeId: cluster.store,
        identityVerificationId: id,
        channelKey: cluster.window,
        windowType: 'REDIRECTION',
        redirectUrl: `${ORIGIN}/done`,
      }),
    });
    return { id, status: response.status, ...(await response.json()) };
  };
  const departure = async (instance, { txId }) => (await fetch(new URL(`/checkout/${txId}`, instance.address))).text();
  const back = async (instance, { url, fields }) => {
    const response = await fetch(new URL(new URL(url).pathname, instance.address), { method: 'POST', body: new URLSearchParams(fields) });
    return { status: response.status, page: await response.text() };
  };
  const status = async (instance, { txId }) => (await fetch(new URL(`/checkout/${txId}/status`, instance.address))).json();

  test('a window asked for at one, opened by the other, come back to one, and asked about at the other', async () => {
    const window = await open(a);
    assert.equal(window.status, 200);
    const way = await walkThrough(await departure(b, window), cluster.sandbox, newPerson());
    assert.equal((await status(b, window)).status, 'READY');
    const arrival = await back(a, way);
    assert.equal(arrival.status, 200);
    assert.match(arrival.page, /본인인증을 마쳤습니다/);
    assert.equal((await status(b, window)).status, 'VERIFIED');
    const verification = await b.sdk(cluster.secret).getIdentityVerification({ identityVerificationId: window.id });
    assert.equal(verification.status, 'VERIFIED');
  });

  test('come back to both at once → one success', async () => {
    const window = await open(b);
    const way = await walkThrough(await departure(a, window), cluster.sandbox, newPerson());
    const arrivals = await Promise.all([a, b, a, b].map((instance) => back(instance, way)));
    for (const arrival of arrivals) assert.match(arrival.page, /본인인증을 마쳤습니다/);
    const kinds = (await cluster.timeline(window.id)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'verified').length, 1);
  });

  test('a window that another one replaced at the other instance leads nowhere', async () => {
    const first = await open(a);
    const second = await open(b, first.id);
    assert.equal(second.status, 200);
    const [page, again] = await Promise.all([first, second].map((window) => fetch(new URL(`/checkout/${window.txId}`, a.address))));
    assert.deepEqual([page.status, again.status], [409, 200]);
  });

  const ask = async (instance, path, { token, json, method = json ? 'POST' : 'GET' } = {}) => {
    const response = await fetch(new URL(path, instance.address), {
      method,
      headers: { ...(token && { authorization: token }), 'content-type': 'application/json' },
      body: json && JSON.stringify(json),
    });
    return { status: response.status, body: await response.json() };
  };
  const mayList = async (instance, token) => (await ask(instance, '/identity-verifications', { token })).status;

  test('a token made at one opens the other, and a refresh token is used up everywhere', async () => {
    const { body: made } = await ask(a, '/login/api-secret', { json: { apiSecret: cluster.secret } });
    assert.equal(await mayList(b, `Bearer ${made.accessToken}`), 200);
    const renewals = await Promise.all(
      [a, b, a, b].map((instance) => ask(instance, '/token/refresh', { json: { refreshToken: made.refreshToken } })),
    );
    assert.deepEqual(renewals.map((renewal) => renewal.status).sort(), [200, 401, 401, 401]);
    const { body: renewed } = renewals.find((renewal) => renewal.status === 200);
    assert.equal(await mayList(a, `Bearer ${renewed.accessToken}`), 200);
    assert.equal((await ask(b, '/token/refresh', { json: { refreshToken: renewed.refreshToken } })).status, 200);
  });

  /** The console through one instance, with what another has given. */
  const elsewhere = (client, instance) => {
    const other = new Client(`${instance.address}/console`);
    Object.assign(other, { cookies: client.cookies, token: client.token });
    return other;
  };
  const signedIn = async (instance, role = 'OWNER') => {
    const person = await Person.make(cluster, { role });
    person.serve = instance;
    return { person, client: await Client.of(person) };
  };

  test('who came in to the console at one is in at the other, acts there, and leaves both at once', async () => {
    const { client } = await signedIn(a);
    const there = elsewhere(client, b);
    assert.equal((await there.get('/console/stores')).status, 200);
    const name = `둘째 상점 ${newId()}`;
    const made = await there.post('/console/stores/new', { name, kind: 'TEST' });
    assert.equal(made.status, 303, made.body);
    assert.match((await client.get('/console/stores')).body, new RegExp(name));
    const left = await there.post('/console/logout');
    assert.equal(left.status, 303, left.body);
    assert.match((await client.get('/console/stores')).to, /login/);
  });

  test('whoever is put away at one is out at the other', async () => {
    const { person, client } = await signedIn(b, 'VIEWER');
    assert.equal((await client.get('/console/stores')).status, 200);
    await cluster.json(['user', 'disable', person.id]);
    await soon('the session to end', async () => (await client.get('/console/stores')).status !== 200);
  });

  test('guesses at the console count together', async () => {
    const { person } = await signedIn(a);
    const comesIn = async (instance, password) => {
      const client = new Client(`${instance.address}/console`);
      await client.login({ username: person.username, password });
      return client.session !== undefined;
    };
    for (const instance of [a, b, a, b, a]) assert.equal(await comesIn(instance, newPassword()), false);
    for (const instance of [a, b]) assert.equal(await comesIn(instance, person.password), false, 'the right one has to wait everywhere');
    await cluster.json(['user', 'unlock', person.username]);
    for (const instance of [b, a]) assert.equal(await comesIn(instance, person.password), true);
  });

  test('a secret revoked in the console of one ends at the other within seconds, with its tokens', async () => {
    const { id, secret } = await cluster.addSecret();
    const { body: tokens } = await ask(b, '/login/api-secret', { json: { apiSecret: secret } });
    for (const shown of [`PortOne ${secret}`, `Bearer ${tokens.accessToken}`]) assert.equal(await mayList(b, shown), 200);
    const { client } = await signedIn(a);
    const page = await client.get(`/console/secrets/${id}/revoke`);
    assert.equal(page.status, 200);
    const revoked = await client.post(`/console/secrets/${id}/revoke`);
    assert.equal(revoked.status, 303, revoked.body);
    await soon('the secret to end', async () => (await mayList(b, `PortOne ${secret}`)) === 401);
    assert.equal(await mayList(b, `Bearer ${tokens.accessToken}`), 401);
    assert.equal((await ask(b, '/token/refresh', { json: { refreshToken: tokens.refreshToken } })).status, 401);
  });

  test('a store’s setting changed in the console of one holds at the other within seconds', async () => {
    const { client } = await signedIn(a);
    const path = `/console/stores/${cluster.store}`;
    const limit = async (dailyTries) => {
      const [form] = formsOf((await client.get(path)).body).filter(({ names }) => names.has('dailyTries'));
      const changed = await client.post(new URL(form.action, client.address).pathname, { ...form.fields, dailyTries });
      assert.equal(changed.status, 303, changed.body);
    };
    await limit('1');
    await soon('the limit', async () => (await open(b)).status === 429);
    await limit('');
    await soon('the limit to be gone', async () => (await open(b)).status === 200);
  });

  test('credentials replaced beside them are used by both within seconds', async () => {
    const siteCd = 'T0007';
    await cluster.sandbox.addMerchant({ siteCd });
    const own = await cluster.sandbox.credentials(siteCd);
    const other = await cluster.sandbox.credentials('AO7F3');
    // The merchant's name with somebody else's certificate: KCP refuses what is signed with it.
    const channel = await cluster.addChannel({ hub: cluster.sandbox.address, credentials: { ...other, siteCd }, name: '바뀔 채널' });
    const send = (instance) =>
      ending(
        instance.sdk(cluster.secret).sendIdentityVerification({
          identityVerificationId: newId(),
          ...sending(newPerson(), { channelKey: channel.key, operator: 'KT' }),
        }),
      );
    const refused = await send(a);
    assert.match(refused, /^PG_PROVIDER SB9/);
    assert.equal(await send(b), refused);
    const file = async (name, text) => {
      const path = join(cluster.folder, name);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    };
    await cluster.json([
      ...['channel', 'replace-credentials', channel.key],
      ...['--certificate', await file('own-cert.pem', own.certificatePem)],
      ...['--private-key', await file('own-key.pem', own.privateKeyPem)],
      ...['--private-key-password-file', await file('own-password', `${own.privateKeyPassword}\n`)],
    ]);
    for (const instance of [a, b]) await soon('the new credentials', async () => (await send(instance)) === 'ok');
    await cluster.json(['channel', 'retire', channel.key]);
    for (const instance of [a, b]) await soon('the channel to be gone', async () => (await send(instance)) !== 'ok');
  });
});

describe('keys changed while both write', () => {
  test('a rotation begun beside them ends, with everything readable throughout and nothing left under the old key', async () => {
    const load = cluster.load({ gateway: cluster.roundRobin(), random: new Random() });
    const working = load.run(4, 1);
    await waitFor('something to seal anew', () => load.faults.length > 0 || load.verified().length > 25, { ms: 60_000 });
    assert.equal((await cluster.json(['key', 'rotate', '--no-wait'])).active, 2);
    const states = async () => (await cluster.json(['key', 'list'])).map(({ id, state }) => `${id} ${state}`);
    await waitFor('the rotation to end', async () => (await states()).includes('1 RETIRED'), { ms: 60_000, every: 250 });
    const meanwhile = load.verified().length;
    await waitFor('some more', () => load.faults.length > 0 || load.verified().length > meanwhile + 10, { ms: 30_000 });
    load.ended = true;
    await working;
    load.assertFaultless();
    await load.reckon();
    load.assertFaultless();
    await cluster.assertOnce(load.stories);
    // The old key is of no use to anybody any more.
    await cluster.json(['key', 'drop', '1']);
    for (const instance of cluster.instances) {
      await instance.stop();
      await instance.start().ready();
    }
    await load.reckon();
    load.assertFaultless();
  });
});

describe('restarted one after the other, as a new version is brought in', () => {
  test('drops no request behind a balancer that asks who is ready', async (t) => {
    const inService = new Set(cluster.instances);
    let turn = 0;
    const next = () => {
      const choice = [...inService];
      turn += 1;
      return choice[turn % choice.length].address;
    };
    let over = false;
    const asking = (async () => {
      while (!over) {
        for (const instance of cluster.instances) {
          const ready = await instance.isReady();
          if (ready) inService.add(instance);
          else if (inService.size > 1) inService.delete(instance);
        }
        await sleep(100);
      }
    })();
    const load = cluster.load({ gateway: next, random: new Random() });
    const working = load.run(6, 2);
    try {
      for (let round = 0; round < 2; round += 1) {
        for (const instance of cluster.instances) {
          const before = load.verified().length;
          await waitFor('work', () => load.faults.length > 0 || load.verified().length > before + 10, { ms: 30_000 });
          await instance.stop();
          await instance.start().ready();
          await waitFor('the balancer to see it', () => inService.has(instance));
        }
      }
    } finally {
      load.ended = true;
      await working;
      over = true;
      await asking;
    }
    t.diagnostic(`${load.verified().length} verified, ${load.refused} connections refused, ${load.broken} broken`);
    load.assertFaultless();
    // Nobody was ever left without an answer.
    assert.equal(load.broken, 0);
    assert.equal(load.verified().length, load.stories.length);
    await load.reckon();
    load.assertFaultless();
  });
});

describe('one of them killed again and again under load', () => {
  /** As many as there is time for, and at least a few. */
  const MOST = 40;
  const LEAST = 10;
  const WITHIN = 60_000;
  const random = new Random();
  let receiver;
  before(async () => {
    receiver = await Receiver.start();
    await cluster.tell(receiver, ['/one', '/other']);
  });
  after(() => receiver?.stop());

  test('nothing acknowledged is lost, nobody is verified twice, and no webhook is lost', async (t) => {
    t.diagnostic(`BONIN_SEED=${random.seed}`);
    const load = cluster.load({ gateway: cluster.roundRobin(), random });
    const began = Date.now();
    const working = load.run(4, 1);
    let interrupted = 0;
    let kills = 0;
    for (; kills < LEAST || (kills < MOST && Date.now() - began < WITHIN); kills += 1) {
      await sleep(random.between(0, 600));
      if (load.underWay > 0) interrupted += 1;
      const victim = random.pick(cluster.instances);
      await victim.kill();
      // The other one goes on alone for a while.
      if (random.chance(0.3)) await sleep(random.between(0, 500));
      await victim.start().ready();
      load.assertFaultless();
    }
    load.ended = true;
    await working;
    load.ended = false;
    t.diagnostic(
      `${kills} kills in ${Math.round((Date.now() - began) / 1000)} s, ${interrupted} under requests; ${load.broken} broke, ` +
        `${load.refused} refused; ${load.stories.length} stories, ${load.verified().length} verified`,
    );
    load.assertFaultless();
    assert.ok(interrupted > kills / 2 && load.broken > kills / 2, `${load.broken} requests broke`);
    assert.ok(load.verified().length > kills);
    await load.settle();
    await load.reckon();
    load.assertFaultless();
    await cluster.assertOnce(load.stories);
    const audit = await run(['audit', 'verify'], { env: cluster.env });
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);
    t.diagnostic(await cluster.assertTold(receiver, load));
  });
});
