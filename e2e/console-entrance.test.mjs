// The way into the console: the first owner, logins, the second factor, sessions and their ends, and forms from elsewhere.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { launch, watchedPage } from './harness/browser.mjs';
import {
  changeDatabase,
  Client,
  consoleRoutes,
  earlyInStep,
  enterCode,
  login,
  look,
  newPassword,
  Person,
  press,
  replacePassword,
  signIn,
  totp,
  whereIs,
} from './harness/console.mjs';
import { sleep, waitFor } from './harness/program.mjs';
import { Serve } from './harness/serve.mjs';

/** On plain HTTP, as on this machine: cookies are kept without `Secure`. */
const PLAIN = { BONIN_PUBLIC_URL: 'http://127.0.0.1:8787' };
const WRONG_LOGIN = /아이디나 비밀번호가 맞지 않습니다/;

async function gateway(env = {}) {
  const serve = await Serve.setUp();
  return serve.start({ contract: false, env: { ...PLAIN, ...env } });
}

/** Sends a form but for its end, which `finish` sends. */
function holdBack(client, path, form) {
  const body = new URLSearchParams(form).toString();
  const sent = request(new URL(path, client.address), {
    method: 'POST',
    headers: {
      cookie: `bonin_console=${client.session}`,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    },
  });
  const answered = new Promise((resolve, reject) => {
    sent.on('error', reject).on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode, to: response.headers.location });
    });
  });
  sent.write(body.slice(0, -5));
  return {
    finish() {
      sent.end(body.slice(-5));
      return answered;
    },
  };
}

async function audited(serve, action) {
  const entries = await serve.json(['audit', 'list']);
  return (entries.entries ?? entries).filter((entry) => entry.action === action);
}

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Runs with a page of this width, which is closed again. */
async function withPage(width, use) {
  const visit = await watchedPage(browser, width);
  try {
    return await use(visit.page, visit);
  } finally {
    await visit.close();
  }
}

describe('the first owner', () => {
  let serve;
  let url;
  before(async () => {
    serve = await gateway();
    url = `${serve.gateway}/console`;
  });
  after(() => serve.stop());

  const setUp = async (page, { code, username = 'owner', password = newPassword(), repeated = password }) => {
    await page.goto(`${url}/setup`);
    await page.getByLabel('설정 코드').fill(code);
    await page.getByLabel('아이디').fill(username);
    await page.getByLabel('새 비밀번호', { exact: true }).fill(password);
    await page.getByLabel('새 비밀번호 한 번 더').fill(repeated);
    await press(page, '계정 만들고 들어가기');
  };
  const newCode = async () => (await serve.json(['user', 'setup-code'])).code;

  test('without the right code nobody becomes owner, and what is wrong is told beside its field', async () => {
    for (const width of [390, 1280]) {
      await withPage(width, async (page) => {
        await page.goto(url);
        assert.equal(whereIs(page), '/console/setup', 'while there is nobody, every way leads here');
        await look(page, 'setup');
        const replaced = await newCode();
        const code = await newCode();
        for (const wrong of ['aaaaa-bbbbb-ccccc-ddddd-eeeee', replaced]) {
          await setUp(page, { code: wrong });
          assert.match(await page.locator('#code-error').innerText(), /설정 코드가 맞지 않거나/);
        }
        await setUp(page, { code, username: '소유자', password: 'short', repeated: 'other' });
        assert.match(await page.locator('#username-error').innerText(), /영문 소문자/);
        assert.match(await page.locator('#password-error').innerText(), /12자에서 128자/);
        assert.match(await page.locator('#repeated-error').innerText(), /위와 다릅니다/);
        assert.equal(await page.getByLabel('아이디').inputValue(), '소유자', 'what was typed is still there');
        for (const secret of ['설정 코드', '새 비밀번호 한 번 더']) {
          assert.equal(await page.getByLabel(secret).inputValue(), '', `${secret} is typed again`);
        }
        await look(page, 'setup-wrong');
        for (const known of ['bonin-dev-console', 'password1234']) {
          await setUp(page, { code, password: known });
          assert.match(await page.locator('#password-error').innerText(), /누구나 짐작할/);
        }
        await changeDatabase(serve, 'UPDATE console_setup SET expires_at = expires_at - ?', 24 * 3600 * 1e6);
        await setUp(page, { code });
        assert.match(await page.locator('#code-error').innerText(), /24시간이 지났습니다/);
      });
    }
    assert.deepEqual(await serve.json(['user', 'list']), []);
  });

  test('with it the first owner is inside at once, and the door is closed behind them', async () => {
    const code = await newCode();
    const password = newPassword();
    await withPage(1280, async (page, { faults }) => {
      // However it is typed.
      await setUp(page, { code: ` ${code.toUpperCase().replaceAll('-', '')} `, password });
      assert.equal(whereIs(page), '/console');
      await page.goto(`${url}/setup`);
      assert.equal(whereIs(page), '/console', 'there is an owner');
      assert.deepEqual(faults, []);
    });
    const client = new Client(url);
    await client.get('/console/login');
    const again = await client.post('/console/setup', {
      ...{ code, username: 'second', password, repeated: password },
    });
    assert.equal(again.status, 400);
    const users = await serve.json(['user', 'list']);
    assert.deepEqual(users.map(({ username, role }) => [username, role]), [['owner', 'OWNER']]);
    await withPage(390, (page) => signIn(page, { url, username: 'owner', password }));
    const told = await audited(serve, 'user.setup_code');
    assert.ok(told.length >= 5, 'every code that was made is told, that of the first start included');
    assert.ok(told.some(({ actor }) => JSON.stringify(actor).includes('serve')), JSON.stringify(told[0]));
    const printed = serve.program.stdout + serve.program.stderr;
    for (const secret of [code, code.replaceAll('-', ''), password]) assert.ok(!printed.includes(secret));
  });
});

describe('logging in', () => {
  let serve;
  let url;
  before(async () => {
    serve = await gateway();
    url = `${serve.gateway}/console`;
  });
  after(() => serve.stop());

  test('somebody with a temporary password changes it before anything else', async () => {
    for (const width of [390, 1280]) {
      await withPage(width, async (page) => {
        const person = await Person.make(serve, { role: 'OPERATOR' });
        await page.goto(url);
        assert.equal(whereIs(page), '/console/login');
        await look(page, 'login');
        await login(page, person);
        assert.equal(whereIs(page), '/console/password');
        for (const { path, methods } of await consoleRoutes()) {
          if (!methods.includes('get') || path === '/console/password') continue;
          await page.goto(new URL(path.replaceAll(/\{[^}]+\}/g, 'x'), url).href);
          assert.equal(whereIs(page), '/console/password', path);
        }
        await look(page, 'password');
        await replacePassword(page, person.password);
        assert.match(await page.locator('#password-error').innerText(), /다른 비밀번호/);
        await replacePassword(page, newPassword(), newPassword());
        assert.match(await page.locator('#repeated-error').innerText(), /위와 다릅니다/);
        const password = newPassword();
        await replacePassword(page, password);
        assert.equal(whereIs(page), '/console');
        await page.context().clearCookies();
        await login(page, person);
        assert.match(await page.locator('main').innerText(), WRONG_LOGIN, 'the temporary one is over');
        await signIn(page, { url, username: person.username, password });
      });
    }
  });

  test('whoever is unknown, disabled or has a wrong password is told the same', async () => {
    const person = await Person.make(serve);
    const gone = await Person.make(serve);
    await serve.json(['user', 'disable', gone.username]);
    const answers = [];
    for (const [username, password] of [
      [person.username, newPassword()],
      ['nobody', newPassword()],
      ['', ''],
      ["' OR 1=1 --", 'x'],
      ['\u0000', '\u0000'],
      ['ㅎ'.repeat(5000), '비'.repeat(20_000)],
      [gone.username, gone.password],
    ]) {
      const client = new Client(url);
      const asked = Date.now();
      const { status, body } = await client.login({ username, password });
      assert.ok(Date.now() - asked >= 500, 'time tells nothing either');
      assert.equal(client.session, undefined);
      answers.push([status, /role="alert"[^]*?<\/div>/.exec(body)[0]]);
    }
    assert.equal(answers[0][0], 400);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    const failed = await audited(serve, 'login.failed');
    const subjects = failed.map(({ subject }) => subject);
    assert.ok(subjects.includes(person.id) && subjects.includes(gone.id), 'known users are in the audit');
  });

  test('it works without a script, and in capitals', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    try {
      const page = await context.newPage();
      const person = await Person.make(serve);
      await person.signIn(page);
      await press(page, '로그아웃');
      assert.match(page.url(), /\/console\/login\?left$/);
      await signIn(page, { ...person, url, username: person.username.toUpperCase() });
    } finally {
      await context.close();
    }
  });

  test('after five wrong passwords the right one is refused too, until time has passed or an owner unlocks', async () => {
    const person = await Person.make(serve);
    const client = await Client.of(person);
    const attempt = async (password) => {
      const client = new Client(url);
      await client.login({ username: person.username, password });
      return client.session !== undefined;
    };
    for (let wrong = 0; wrong < 5; wrong += 1) assert.equal(await attempt('wrong password'), false);
    assert.equal(await attempt(person.password), false, 'locked');
    assert.equal((await client.get('/console/settings')).status, 200, 'who is inside stays inside');
    assert.equal((await audited(serve, 'login.locked')).filter(({ subject }) => subject === person.id).length, 1);
    const minute = 60 * 1e6;
    const bring = (micros) =>
      changeDatabase(serve, 'UPDATE console_user SET locked_until = locked_until - ? WHERE id = ?', micros, person.id);
    await bring(minute - 20e6);
    assert.equal(await attempt(person.password), false, 'not yet');
    await bring(20e6);
    assert.equal(await attempt('wrong password'), false);
    await bring(minute);
    assert.equal(await attempt(person.password), false, 'the second lock lasts two minutes');
    await bring(minute);
    assert.equal(await attempt(person.password), true);
    for (let wrong = 0; wrong < 5; wrong += 1) await attempt('wrong password');
    assert.equal(await attempt(person.password), false, 'locked again');
    await serve.json(['user', 'unlock', person.username]);
    assert.equal(await attempt(person.password), true);
  });

  test('many guesses at once are no more guesses', async () => {
    const person = await Person.make(serve);
    await Client.of(person);
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = new Client(url);
        await client.get('/console/login');
        return client;
      }),
    );
    await Promise.all(
      clients.map((client) => client.post('/console/login', { username: person.username, password: 'wrong password' })),
    );
    const judged = (await audited(serve, 'login.failed')).filter(({ subject }) => subject === person.id);
    assert.equal(judged.length, 5);
    const late = new Client(url);
    await late.login(person);
    assert.equal(late.session, undefined);
  });

  test('nothing of a login reaches the log', async () => {
    const person = await Person.make(serve);
    const client = await Client.of(person);
    await new Client(url).login({ username: person.username, password: 'a wrong password' });
    const printed = serve.program.stdout + serve.program.stderr;
    for (const secret of [person.password, client.session, client.token, 'a wrong password', person.username]) {
      assert.ok(!printed.includes(secret), secret);
    }
  });
});

describe('somebody who followed a link', () => {
  let serve;
  before(async () => (serve = await gateway()));
  after(() => serve.stop());

  test('gets the page they wanted, once they are inside', async () => {
    const person = await Person.make(serve);
    await withPage(1280, async (page) => {
      await page.goto(`${serve.gateway}/console/users/${person.id}`);
      assert.equal(whereIs(page), '/console/login');
      assert.ok(!page.url().includes(person.id));
      await page.getByLabel('아이디').fill(person.username);
      await page.getByLabel('비밀번호').fill(person.password);
      await press(page, '로그인');
      await replacePassword(page, newPassword());
      assert.equal(whereIs(page), `/console/users/${person.id}`);
      await press(page, '로그아웃');
    });
    const client = await Client.of(await Person.make(serve));
    assert.ok(!client.cookies.has('bonin_wanted'));
  });

  test('is led nowhere else by a planted cookie', async () => {
    const person = await Person.make(serve);
    await Client.of(person);
    for (const planted of ['//attacker.example', 'https://attacker.example', '/console/../x', '/console//x?y', '/elsewhere']) {
      const client = new Client(serve.gateway);
      client.cookies.set('bonin_wanted', planted);
      assert.equal((await client.login(person)).to, '/console', planted);
    }
  });
});

describe('logins from one address', () => {
  test('are few, whoever is tried, and the answer says when to come back', async () => {
    const serve = await gateway({ BONIN_LIMIT_FAILED_LOGIN: '3/1h', BONIN_TRUSTED_HOPS: '1' });
    try {
      const person = await Person.make(serve);
      const from = (address) => ({ 'x-forwarded-for': address });
      const attempt = (who, address) => new Client(`${serve.gateway}/console`).login(who, from(address));
      for (const username of ['one', 'two', 'three']) {
        assert.equal((await attempt({ username, password: 'x' }, '203.0.113.7')).status, 400);
      }
      const refused = await attempt(person, '203.0.113.7');
      assert.equal(refused.status, 429);
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      assert.match(refused.body, /너무 많이 로그인/);
      assert.equal((await attempt(person, '203.0.113.8')).to, '/console/password', 'others come in');
    } finally {
      await serve.stop();
    }
  });

  test('are no way to make the gateway busy, though each takes memory and a core', async () => {
    const serve = await gateway({ BONIN_TRUSTED_HOPS: '1' });
    try {
      await Person.make(serve);
      const attempt = (number) =>
        new Client(`${serve.gateway}/console`).login(
          { username: 'nobody', password: 'x'.repeat(1_000) },
          { 'x-forwarded-for': `203.0.113.${number}` },
        );
      const flood = Promise.all(Array.from({ length: 200 }, (_, number) => attempt(number)));
      await sleep(300);
      const asked = Date.now();
      assert.equal((await fetch(`${serve.gateway}/health/live`)).status, 204);
      assert.ok(Date.now() - asked < 5_000, 'others are served meanwhile');
      const statuses = (await flood).map(({ status }) => status);
      assert.ok(statuses.includes(400) && statuses.every((status) => [400, 503].includes(status)), [...new Set(statuses)].join());
      assert.equal((await attempt(1)).status, 400, 'and it goes on');
    } finally {
      await serve.stop();
    }
  });

  test('leave no memory behind, whichever thread has hashed their passwords', async () => {
    const serve = await gateway({ BONIN_TRUSTED_HOPS: '1' });
    try {
      await Person.make(serve);
      const held = async () => {
        const status = await readFile(`/proc/${serve.program.child.pid}/status`, 'utf8');
        return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]);
      };
      const attempt = (number) =>
        new Client(`${serve.gateway}/console`).login(
          { username: 'nobody', password: 'wrong password' },
          { 'x-forwarded-for': `203.0.113.${number}` },
        );
      // What is looked up meanwhile wants threads too, so that there are many.
      const list = () => serve.sdk().getIdentityVerifications({});
      const before = await held();
      for (const round of [1, 2, 3, 4, 5]) {
        const answers = await Promise.all(Array.from({ length: 16 }, (_, number) => attempt(round * 16 + number)).concat(Array.from({ length: 64 }, list)));
        assert.deepEqual(new Set(answers.slice(0, 16).map(({ status }) => status)), new Set([400]));
      }
      const after = await held();
      // One hash takes 19 MiB.
      assert.ok(after < before + 32 * 1024, `${before} kB before, ${after} kB after`);
    } finally {
      await serve.stop();
    }
  });
});

describe('the second factor', () => {
  let serve;
  let url;
  before(async () => {
    serve = await gateway();
    url = `${serve.gateway}/console`;
  });
  after(() => serve.stop());

  test('is set up with a number that proves it, asked for from then on, and each number counts once', async () => {
    for (const width of [1280, 390]) {
      await withPage(width, async (page, { faults }) => {
        const person = await (await Person.make(serve)).signIn(page);
        await page.goto(`${url}/settings`);
        const form = page.locator('form[action="/console/settings/totp"]');
        await form.getByLabel('지금 쓰는 비밀번호').fill('wrong password');
        await press(page, '2단계 인증 켜기');
        assert.match(await page.locator('#present-error').innerText(), /지금 쓰는 비밀번호와 다릅니다/);
        await form.getByLabel('지금 쓰는 비밀번호').fill(person.password);
        await press(page, '2단계 인증 켜기');
        await look(page, 'second-factor');
        const first = await page.locator('#totp-secret').innerText();
        await page.reload();
        assert.equal(await page.locator('#totp-secret').innerText(), first, 'it stays the same until it is proven');
        await page.getByLabel('인증 번호').fill('000000');
        await press(page, '확인하고 켜기');
        assert.match(await page.locator('#code-error').innerText(), /번호가 맞지 않습니다/);
        await press(page, '그만두기');
        faults.length = 0; // the two forms that came back

        const before = (await page.context().cookies()).find(({ name }) => name === 'bonin_console').value;
        await earlyInStep();
        const now = Date.now();
        const secret = await person.enrol(page, now - 30_000);
        assert.notEqual(secret, first, 'one that was not proven is forgotten');
        const cookie = (await page.context().cookies()).find(({ name }) => name === 'bonin_console').value;
        assert.notEqual(cookie, before, 'the session has another cookie');
        const old = new Client(url);
        old.cookies.set('bonin_console', before);
        assert.equal((await old.get('/console')).status, 303, 'and the old one opens nothing');
        assert.deepEqual(faults, []);

        await page.context().clearCookies();
        await login(page, person);
        assert.equal(whereIs(page), '/console/login/code');
        await look(page, 'code');
        await enterCode(page, totp(secret, now - 30_000));
        assert.match(await page.locator('#code-error').innerText(), /한 번 쓴 번호/, 'the number that proved it is used up');
        await enterCode(page, totp(secret, now));
        assert.equal(whereIs(page), '/console');
        await page.context().clearCookies();
        await login(page, person);
        await enterCode(page, totp(secret, now));
        assert.match(await page.locator('#code-error').innerText(), /한 번 쓴 번호/, 'used up');
        await enterCode(page, totp(secret, now + 30_000));
        assert.equal(whereIs(page), '/console');

        await page.goto(`${url}/settings`);
        await page.getByLabel('지금 쓰는 비밀번호').first().fill(person.password);
        await press(page, '2단계 인증 해제');
        await page.context().clearCookies();
        await signIn(page, { url, username: person.username, password: person.password });
      });
    }
  });

  test('lets nobody past who has only the password, however often they guess', async () => {
    const person = await Person.make(serve);
    await withPage(1280, async (page) => {
      await person.signIn(page);
      await earlyInStep();
      await person.enrol(page, Date.now() - 30_000);
    });
    const client = new Client(url);
    assert.equal((await client.login(person)).to, '/console/login/code');
    for (const { path, methods } of await consoleRoutes()) {
      if (!methods.includes('get') || path === '/console/login/code') continue;
      let { to } = await client.get(path.replaceAll(/\{[^}]+\}/g, 'x'));
      if (to === '/console/login') ({ to } = await client.get(to));
      assert.equal(to, '/console/login/code', path);
    }
    await client.get('/console/login/code');
    for (let guess = 0; guess < 5; guess += 1) {
      // The password in between forgets nothing.
      const again = new Client(url);
      assert.equal((await again.login(person)).to, '/console/login/code');
      const { status } = await client.post('/console/login/code', { code: '000000' });
      assert.equal(status, 400);
    }
    const right = await client.post('/console/login/code', { code: totp(person.secret) });
    assert.equal(right.status, 400, 'locked');
    const locked = (await audited(serve, 'login.locked')).filter(({ subject }) => subject === person.id);
    assert.equal(locked.length, 1);
  });

  test('a guess that could not be judged counts for nothing', async () => {
    const person = await Person.make(serve);
    const client = await Client.of(person);
    await changeDatabase(serve, 'UPDATE console_user SET password_hash = ? WHERE id = ?', Buffer.from([1]), person.id);
    const lockedBefore = (await audited(serve, 'login.locked')).length;
    for (let guess = 0; guess < 7; guess += 1) {
      const door = await new Client(client.address).login(person);
      assert.doesNotMatch(door.body, WRONG_LOGIN, `${guess}: nobody looked at it`);
      assert.match(door.body, /지금은 처리할 수 없습니다/);
      const password = newPassword();
      const inside = await client.post('/console/settings/password', { current: person.password, password, repeated: password });
      assert.match(inside.body, /지금은 처리할 수 없습니다/, `${guess}: nor inside`);
    }
    assert.equal((await audited(serve, 'login.locked')).length, lockedBefore);
    assert.equal((await audited(serve, 'login.failed')).filter((entry) => entry.subject === person.id).length, 0);
  });
});

describe('a session', () => {
  let serve;
  let url;
  before(async () => {
    serve = await gateway();
    url = `${serve.gateway}/console`;
  });
  after(() => serve.stop());

  test('never has a cookie that was there before', async () => {
    const person = await Person.make(serve);
    await Client.of(person);
    const planted = 'planted-by-somebody-else-0123456789abcdefghi';
    const client = new Client(url);
    client.cookies.set('bonin_console', planted);
    assert.equal((await client.login(person)).to, '/console');
    assert.notEqual(client.session, planted);
    const thief = new Client(url);
    thief.cookies.set('bonin_console', planted);
    assert.equal((await thief.get('/console')).status, 303);

    await client.get('/console/settings');
    const before = client.session;
    const password = newPassword();
    const changed = await client.post('/console/settings/password', {
      ...{ current: person.password, password, repeated: password },
    });
    assert.match(changed.to, /done=password/, changed.body);
    assert.notEqual(client.session, before, 'a new password, a new cookie');
    thief.cookies.set('bonin_console', before);
    assert.equal((await thief.get('/console')).status, 303);
    assert.equal((await client.get('/console/settings')).status, 200);
  });

  test('ends on the server when its user leaves', async () => {
    const client = await Client.of(await Person.make(serve));
    const copy = new Client(url);
    copy.cookies.set('bonin_console', client.session);
    assert.equal((await copy.get('/console/settings')).status, 200);
    assert.equal((await client.post('/console/logout')).to, '/console/login?left');
    assert.equal(client.session, undefined);
    const after = await copy.get('/console/settings');
    assert.equal(after.to, '/console/login?ended');
    assert.match((await copy.get(after.to)).body, /다시 로그인해 주세요/);
  });

  test('is kept in a cookie that scripts, neighbours and plain HTTP do not get to see', async () => {
    const person = await Person.make(serve);
    const attributes = async (address) => {
      const client = new Client(address);
      await client.get('/console/login');
      const { headers } = await client.post('/console/login', person);
      return headers.getSetCookie().map((cookie) => cookie.replace(/=[^;]+/, ''));
    };
    assert.deepEqual(await attributes(url), ['bonin_console; Path=/; HttpOnly; SameSite=Lax']);
    await serve.stopGateway();
    await serve.start({ contract: false, env: { BONIN_PUBLIC_URL: 'https://bonin.example' } });
    assert.deepEqual(await attributes(serve.gateway), ['__Host-bonin_console; Path=/; HttpOnly; SameSite=Lax; Secure']);
    await serve.stopGateway();
    await serve.start({ contract: false, env: PLAIN });
    url = `${serve.gateway}/console`;
  });

  test('ends when it is not used, and at its end even if it is', async () => {
    await serve.stopGateway();
    await serve.start({
      contract: false,
      env: { ...PLAIN, BONIN_CONSOLE_SESSION_IDLE: '2s', BONIN_CONSOLE_SESSION_LIFE: '6s' },
    });
    const person = await Person.make(serve);
    const idle = await Client.of(person);
    await sleep(2_300);
    assert.equal((await idle.get('/console/settings')).to, '/console/login?ended');
    const began = Date.now();
    const busy = await Client.of(person);
    const ended = await waitFor(
      'the end of a session that is used',
      async () => (await busy.get('/console/settings')).status === 303 && Date.now(),
      { ms: 10_000, every: 300 },
    );
    assert.ok(ended - began > 5_000, `it lasted ${ended - began} ms`);
    await serve.stopGateway();
    await serve.start({ contract: false, env: PLAIN });
    url = `${serve.gateway}/console`;
  });
});

describe('forms', () => {
  let serve;
  let url;
  let client;
  before(async () => {
    serve = await gateway();
    url = `${serve.gateway}/console`;
    client = await Client.of(await Person.make(serve));
  });
  after(() => serve.stop());

  const elsewhere = [
    [{}, { csrf: '' }, 'without a token'],
    [{}, { csrf: 'A'.repeat(43) }, 'with a wrong token'],
    [{ 'sec-fetch-site': 'cross-site' }, {}, 'sent by another site'],
    [{ 'sec-fetch-site': 'same-site' }, {}, 'sent by a neighbour'],
    [{ origin: 'https://attacker.example' }, {}, 'with the origin of another site'],
    [{ origin: 'null' }, {}, 'without an origin of its own'],
  ];

  test('no POST route takes a form that no page of ours has sent', async () => {
    const posts = (await consoleRoutes()).filter(({ methods }) => methods.includes('post'));
    assert.ok(posts.length >= 20, 'the routes were found');
    const users = await serve.json(['user', 'list']);
    const strangers = ['/console/login', '/console/setup'];
    for (const { path } of posts) {
      const there = path.replaceAll(/\{[^}]+\}/g, 'x');
      for (const [headers, form, what] of elsewhere) {
        let sender = client;
        if (strangers.includes(path)) {
          sender = new Client(url);
          await sender.get('/console/login');
        }
        const { status, body } = await sender.post(there, form, headers);
        assert.equal(status, 403, `${path} ${what}`);
        assert.match(body, /새로 고친 뒤 다시 보내 주세요/, `${path} ${what}`);
      }
      if (strangers.includes(path)) continue;
      const { to } = await new Client(url).post(there, { csrf: client.token });
      assert.equal(to, '/console/login', `${path} without a session`);
    }
    assert.equal((await client.get('/console/settings')).status, 200, 'nobody was logged out');
    assert.deepEqual(await serve.json(['user', 'list']), users);
  });

  test("another session's token is no token", async () => {
    const other = await Client.of(await Person.make(serve));
    const { status } = await client.post('/console/settings/sessions/end', { csrf: other.token });
    assert.equal(status, 403);
  });

  test('a page of ours is believed by its origin too, also behind a proxy that renames the host', async () => {
    for (const headers of [
      { origin: new URL(url).origin },
      { origin: PLAIN.BONIN_PUBLIC_URL },
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      {},
    ]) {
      const { to } = await client.post('/console/settings/sessions/end', {}, headers);
      assert.equal(to, '/console/settings?done=ended', JSON.stringify(headers));
    }
  });

  test('count for nothing where their session ended while they were still arriving', async () => {
    const ends = {
      left: (sender) => sender.post('/console/logout'),
      'locked out': (_, person) => serve.json(['user', 'disable', person.username]),
      'of another role': (_, person) => serve.json(['user', 'set-role', person.username, '--role', 'VIEWER']),
    };
    for (const [what, end] of Object.entries({ none: () => {}, ...ends })) {
      const person = await Person.make(serve, { role: 'OPERATOR' });
      const sender = await Client.of(person);
      const name = `상점 ${what}`;
      const held = holdBack(sender, '/console/stores/new', { csrf: sender.token, kind: 'TEST', name });
      await sleep(300);
      await end(sender, person);
      const { status, to } = await held.finish();
      const made = (await serve.json(['store', 'list'])).some((store) => store.name === name);
      assert.equal(made, what === 'none', what);
      assert.equal(status, 303, what);
      assert.match(to, what === 'none' ? /^\/console\/stores\/store-/ : /^\/console\/login\?ended$/, what);
    }
  });

  test('that are malformed or too long get a page, and the gateway goes on', async () => {
    const long = await client.post('/console/users/new', { username: 'x'.repeat(300_000) });
    assert.equal(long.status, 413);
    assert.match(long.body, /양식이 너무 길거나/);
    for (const body of ['%', '%ff%fe=%00&&&===', 'csrf', '{"csrf":"x"}', '&'.repeat(200_000), '']) {
      const answer = await fetch(new URL('/console/users/new', url), {
        method: 'POST',
        headers: { cookie: `bonin_console=${client.session}`, 'content-type': 'application/x-www-form-urlencoded' },
        body,
        redirect: 'manual',
      });
      assert.equal(answer.status, 403, body.slice(0, 20));
    }
    for (const cookie of ['bonin_console=', 'bonin_console', `bonin_console=${'x'.repeat(5000)}`, 'bonin_console=é', ';;;=;']) {
      const answer = await fetch(url, { headers: { cookie: Buffer.from(cookie).toString('latin1') }, redirect: 'manual' });
      assert.equal(answer.status, 303, cookie.slice(0, 30));
    }
  });
});
