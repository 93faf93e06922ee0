// Users of the console, and one's own account: who may, what they see, and what ends whose sessions.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, watchedPage } from './harness/browser.mjs';
import { Client, earlyInStep, login, look, newPassword, Person, press, replacePassword, signIn, whereIs } from './harness/console.mjs';
import { run } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

let serve;
let url;
let browser;
before(async () => {
  serve = await Serve.setUp();
  await serve.start({ contract: false, env: { BONIN_PUBLIC_URL: 'http://127.0.0.1:8787' } });
  url = `${serve.gateway}/console`;
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await serve?.stop();
});

/** Runs with a page of this width where somebody with this role is signed in. */
async function signedIn({ role = 'OWNER', width = 1280 } = {}, use) {
  const visit = await watchedPage(browser, width);
  try {
    const person = await (await Person.make(serve, { role })).signIn(visit.page);
    return await use(visit.page, person, visit);
  } finally {
    await visit.close();
  }
}

const said = (page) => page.getByRole('status').first().innerText();
const main = (page) => page.locator('main').innerText();
const listed = async (username) => (await serve.json(['user', 'list'])).find((user) => user.username === username);
const refusedAtTheDoor = async (person) => (await new Client(url).login(person)).status === 400;

describe('an owner', () => {
  test('makes a user, hands over a password that is shown once, and the user comes in with it', async () => {
    for (const width of [1280, 390]) {
      await signedIn({ width }, async (page, owner, { faults }) => {
        await page.goto(`${url}/users`);
        await look(page, 'users');
        await page.getByRole('link', { name: '사용자 만들기' }).click();
        await look(page, 'users-new');
        await page.getByLabel('아이디').fill('김 민수');
        await press(page, '만들기');
        assert.match(await page.locator('#username-error').innerText(), /영문 소문자/);
        assert.equal(await page.getByLabel('아이디').inputValue(), '김 민수');
        await page.getByLabel('아이디').fill(owner.username.toUpperCase());
        await press(page, '만들기');
        assert.match(await page.locator('#username-error').innerText(), /이미 있는 아이디/);
        faults.length = 0; // the forms that came back
        const username = `support.${width}@example.com`;
        await page.getByLabel('아이디').fill(username);
        await page.locator('#role').selectOption('OPERATOR');
        await press(page, '만들기');
        await look(page, 'users-made');
        const password = await page.locator('#made-password').innerText();
        await page.getByRole('link', { name: '사용자 보기' }).click();
        await page.waitForURL('**/users/user-*');
        assert.doesNotMatch(await page.content(), new RegExp(password));
        await look(page, 'user');
        assert.deepEqual(faults, []);

        const visit = await watchedPage(browser, width);
        await login(visit.page, { url, username, password });
        await replacePassword(visit.page, newPassword());
        assert.equal(whereIs(visit.page), '/console');
        await visit.close();
        assert.equal((await listed(username)).role, 'OPERATOR');
      });
    }
  });

  test('changes a role, which ends the sessions of the user', async () => {
    const person = await Person.make(serve, { role: 'OPERATOR' });
    const inside = await Client.of(person);
    await signedIn({}, async (page) => {
      await page.goto(`${url}/users/${person.id}`);
      await page.locator('#role').selectOption('VIEWER');
      await press(page, '역할 바꾸기');
      assert.match(await said(page), /역할을 바꿨습니다/);
    });
    assert.equal((await inside.get('/console/settings')).status, 303);
    const again = await Client.of(person);
    assert.equal((await again.get('/console/secrets/new')).status, 403);
  });

  test('disables a user, whose sessions end at once and who stays out until enabled', async () => {
    const person = await Person.make(serve, { role: 'VIEWER' });
    const inside = await Client.of(person);
    await signedIn({}, async (page) => {
      await page.goto(`${url}/users/${person.id}`);
      await press(page, '사용 중지');
      assert.match(await said(page), /사용을 중지하고/);
      assert.equal((await inside.get('/console')).status, 303);
      assert.ok(await refusedAtTheDoor(person));
      await press(page, '다시 사용하게 하기');
      assert.match(await said(page), /다시 사용할 수 있게/);
      await Client.of(person);
    });
  });

  test('resets a password, a second factor and a lock', async () => {
    const person = await Person.make(serve, { role: 'OPERATOR' });
    await signedIn({}, async (page) => {
      const theirs = await watchedPage(browser, 1280);
      await person.signIn(theirs.page);
      await earlyInStep();
      await person.enrol(theirs.page, Date.now() - 30_000);

      await page.goto(`${url}/users/${person.id}`);
      await press(page, '2단계 인증 해제');
      assert.match(await said(page), /2단계 인증을 해제했습니다/);
      await theirs.page.reload();
      assert.equal(whereIs(theirs.page), '/console/login', 'their sessions ended');
      await signIn(theirs.page, { url, username: person.username, password: person.password });

      await press(page, '비밀번호 재설정');
      const password = await page.locator('#made-password').innerText();
      await theirs.page.reload();
      assert.equal(whereIs(theirs.page), '/console/login');
      assert.ok(await refusedAtTheDoor(person), 'the old password is over');
      await login(theirs.page, { url, username: person.username, password });
      assert.equal(whereIs(theirs.page), '/console/password');
      await theirs.close();

      for (let wrong = 0; wrong < 5; wrong += 1) await refusedAtTheDoor({ ...person, password: 'wrong' });
      await page.goto(`${url}/users/${person.id}`);
      assert.match(await main(page), /로그인 잠김/);
      assert.ok(await refusedAtTheDoor({ username: person.username, password }));
      await press(page, '로그인 잠금 풀기');
      assert.match(await said(page), /잠금을 풀었습니다/);
      assert.equal((await new Client(url).login({ username: person.username, password })).to, '/console/password');
    });
  });

  test('is in the audit with everything they do to a user, and no password is', async () => {
    await signedIn({}, async (page, owner) => {
      await page.goto(`${url}/users/new`);
      await page.getByLabel('아이디').fill('audited');
      await press(page, '만들기');
      const password = await page.locator('#made-password').innerText();
      const { id } = await listed('audited');
      await page.goto(`${url}/users/${id}`);
      await press(page, '사용 중지');
      const text = JSON.stringify(await serve.json(['audit', 'list']));
      assert.ok(!text.includes(password));
      const all = JSON.parse(text);
      const theirs = (all.entries ?? all).filter(({ subject }) => subject === id).map(({ action }) => action);
      assert.deepEqual(theirs.sort(), ['user.create', 'user.disable']);
      assert.ok(text.includes(owner.id));
    });
  });
});

describe('the last owner', () => {
  test('is neither demoted nor disabled, in the console or from the shell', async () => {
    await signedIn({}, async (page, owner) => {
      for (const user of await serve.json(['user', 'list'])) {
        if (user.role === 'OWNER' && user.id !== owner.id) await serve.json(['user', 'disable', user.username]);
      }
      await page.goto(`${url}/users/${owner.id}`);
      await press(page, '사용 중지');
      assert.match(await page.getByRole('alert').innerText(), /마지막 소유자/);
      await page.locator('#role').selectOption('VIEWER');
      await press(page, '역할 바꾸기');
      assert.match(await page.getByRole('alert').innerText(), /마지막 소유자/);
      assert.equal((await listed(owner.username)).role, 'OWNER');
      const { code, stderr } = await run(['user', 'disable', owner.username], { env: serve.env });
      assert.notEqual(code, 0);
      assert.match(stderr, /마지막 소유자/);

      const second = await Person.make(serve);
      await page.goto(`${url}/users/${owner.id}`);
      await page.locator('#role').selectOption('VIEWER');
      await press(page, '역할 바꾸기');
      assert.equal(whereIs(page), '/console/login', 'their own sessions end too');
      await Client.of(second);
    });
  });
});

describe('whoever is no owner', () => {
  test('sees no users and changes none, whatever they send', async () => {
    const victim = await Person.make(serve, { role: 'VIEWER' });
    for (const role of ['OPERATOR', 'VIEWER']) {
      await signedIn({ role }, async (page) => {
        assert.equal(await page.getByRole('link', { name: '사용자', exact: true }).count(), 0);
        await page.goto(`${url}/users`);
        assert.match(await main(page), /권한이 없습니다. 소유자/);
      });
      const client = await Client.of(await Person.make(serve, { role }));
      for (const path of ['', '/new', `/${victim.id}`]) {
        assert.equal((await client.get(`/console/users${path}`)).status, 403, path);
      }
      await client.get('/console/settings');
      for (const [path, form] of [
        ['/new', { username: 'intruder', role: 'OWNER' }],
        [`/${victim.id}/role`, { role: 'OWNER' }],
        [`/${victim.id}/password`, {}],
        [`/${victim.id}/second-factor`, {}],
        [`/${victim.id}/disable`, {}],
        [`/${victim.id}/enable`, {}],
        [`/${victim.id}/unlock`, {}],
      ]) {
        const { status, body } = await client.post(`/console/users${path}`, form);
        assert.equal(status, 403, path);
        assert.match(body, /소유자\(OWNER\)에게 요청/, path);
      }
    }
    assert.equal((await listed(victim.username)).role, 'VIEWER');
    await Client.of(victim);
  });
});

describe('one’s own account', () => {
  test('shows who one is, and changes the password of whoever knows the present one', async () => {
    for (const [width, role] of [
      [1280, 'VIEWER'],
      [390, 'OPERATOR'],
    ]) {
      await signedIn({ width, role }, async (page, person) => {
        const elsewhere = await Client.of(person);
        await page.goto(`${url}/settings`);
        await look(page, 'settings');
        const form = page.locator('form[action="/console/settings/password"]');
        const change = async (current, password, repeated = password) => {
          await form.getByLabel('지금 쓰는 비밀번호').fill(current);
          await form.getByLabel('새 비밀번호', { exact: true }).fill(password);
          await form.getByLabel('새 비밀번호 한 번 더').fill(repeated);
          await press(page, '비밀번호 바꾸기');
        };
        const password = newPassword();
        await change('not the present one', password);
        assert.match(await page.locator('#current-error').innerText(), /지금 쓰는 비밀번호와 다릅니다/);
        await change(person.password, person.password);
        assert.match(await page.locator('#password-error').innerText(), /다른 비밀번호/);
        await change(person.password, person.username);
        assert.match(await page.locator('#password-error').innerText(), /./);
        await look(page, 'settings-wrong');
        await change(person.password, password);
        assert.match(await said(page), /비밀번호를 바꾸고/);
        assert.equal((await elsewhere.get('/console')).status, 303, 'the other device is logged out');
        assert.ok(await refusedAtTheDoor(person), 'the old one is over');
        await new Client(url).login({ username: person.username, password });
      });
    }
  });

  test('does not let somebody at an open browser guess the password', async () => {
    const client = await Client.of(await Person.make(serve));
    const password = newPassword();
    for (let guess = 0; guess < 5; guess += 1) {
      const { body } = await client.post('/console/settings/password', { current: 'a guess', password, repeated: password });
      assert.match(body, /지금 쓰는 비밀번호와 다릅니다/);
    }
    const { status, body } = await client.post('/console/settings/totp', { present: 'a guess' });
    assert.equal(status, 400);
    assert.match(body, /여러 번 틀려 잠시 잠겼습니다/);
  });

  test('lists where one is logged in, and ends what one does not know', async () => {
    await signedIn({ role: 'VIEWER' }, async (page, person) => {
      const [one, two, three] = [await Client.of(person), await Client.of(person), await Client.of(person)];
      const stranger = await Client.of(await Person.make(serve));
      await page.goto(`${url}/settings`);
      const rows = page.locator('table tbody tr');
      assert.equal(await rows.count(), 4);
      await look(page, 'sessions');
      const first = rows.filter({ has: page.getByRole('button') }).first();
      const answered = page.waitForEvent('domcontentloaded');
      await first.getByRole('button', { name: '로그아웃' }).click();
      await answered;
      assert.match(await said(page), /로그아웃했습니다/);
      assert.equal(await rows.count(), 3);
      assert.equal((await three.get('/console')).status, 303, 'the newest was the first in the list');
      await press(page, '다른 기기에서 모두 로그아웃');
      assert.equal(await rows.count(), 1);
      for (const gone of [one, two]) assert.equal((await gone.get('/console')).status, 303);
      assert.equal((await stranger.get('/console/settings')).status, 200, "nobody else's");
      const mine = /sessions\/(session-[^/]+)\/end/;
      assert.equal(mine.test(await page.content()), false, 'this one has no button');
    });
  });

  test("cannot end somebody else's session", async () => {
    const attacker = await Client.of(await Person.make(serve));
    const person = await Person.make(serve);
    const [looking, victim] = [await Client.of(person), await Client.of(person)];
    const { body } = await looking.get('/console/settings');
    const [, id] = /sessions\/(session-[^/]+)\/end/.exec(body);
    await attacker.post(`/console/settings/sessions/${id}/end`);
    assert.equal((await victim.get('/console/settings')).status, 200);
    await looking.post(`/console/settings/sessions/${id}/end`);
    assert.equal((await victim.get('/console/settings')).status, 303);
  });
});
