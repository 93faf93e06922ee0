// People at the console: how they come in, as a browser does it.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertAccessible, assertFits } from './browser.mjs';
import { sleep } from './program.mjs';

/** A password that the console takes, other than any before. */
export const newPassword = () => `비밀번호 ${randomBytes(8).toString('hex')}`;

/** The number that an app shows for a secret, as the page shows it, at a time (RFC 6238). */
export function totp(secret, at = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(' ', '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Where `page` is, without what stands behind the question mark. */
export const whereIs = (page) => new URL(page.url()).pathname;

/** Sends the form that this button belongs to, and waits for the page that answers. */
export async function press(page, name) {
  const answered = page.waitForEvent('domcontentloaded');
  await page.getByRole('button', { name, exact: true }).click();
  await answered;
}

/** Fills the login form of the console at `url` (`…/console`) and sends it; wherever that leads. */
export async function login(page, { url, username, password }) {
  await page.goto(new URL('/console/login', url).href);
  await page.getByLabel('아이디').fill(username);
  await page.getByLabel('비밀번호').fill(password);
  await press(page, '로그인');
}

/** Past the door. */
async function assertInside(page) {
  assert.doesNotMatch(whereIs(page), /^\/console\/(login|password|setup)/, await page.locator('main').innerText());
}

/** Comes in, or fails. `secret`: of the second factor, where one is set. */
export async function signIn(page, { url, username, password, secret }) {
  await login(page, { url, username, password });
  if (secret) await enterCode(page, totp(secret));
  await assertInside(page);
}

/** Sends a number of the second factor. */
export async function enterCode(page, number) {
  assert.equal(whereIs(page), '/console/login/code');
  await page.getByLabel('인증 번호').fill(number);
  await press(page, '확인');
}

/** Types a password of one's own in place of a temporary one. */
export async function replacePassword(page, password, repeated = password) {
  assert.equal(whereIs(page), '/console/password');
  await page.getByLabel('새 비밀번호', { exact: true }).fill(password);
  await page.getByLabel('새 비밀번호 한 번 더').fill(repeated);
  await press(page, '바꾸고 계속하기');
}

/** Somebody whom the shell made, at the gateway of `serve` (see `serve.mjs`): they have a password of their own. */
export class Person {
  constructor(serve, { id, username, password }) {
    Object.assign(this, { serve, id, username, password, temporary: true });
  }

  static async make(serve, { role = 'OWNER', username = `${role.toLowerCase()}-${randomBytes(4).toString('hex')}` } = {}) {
    return new Person(serve, await serve.json(['user', 'create', '--username', username, '--role', role]));
  }

  get url() {
    return `${this.serve.gateway}/console`;
  }

  /** Comes in; the first time that means to change the password. */
  async signIn(page) {
    if (this.temporary) {
      await login(page, this);
      const password = newPassword();
      await replacePassword(page, password);
      Object.assign(this, { password, temporary: false });
      await assertInside(page);
    } else {
      await signIn(page, this);
    }
    return this;
  }

  /** Sets up a second factor in the browser where they are signed in. The number of `at` proves it, and is used up. */
  async enrol(page, at = Date.now()) {
    await page.goto(`${this.url}/settings`);
    const form = page.locator('form[action="/console/settings/totp"]');
    await form.getByLabel('지금 쓰는 비밀번호').fill(this.password);
    await press(page, '2단계 인증 켜기');
    this.secret = await page.locator('#totp-secret').innerText();
    await page.getByLabel('인증 번호').fill(totp(this.secret, at));
    await press(page, '확인하고 켜기');
    assert.match(page.url(), /done=totp/, await page.locator('main').innerText());
    return this.secret;
  }
}

/** A page where somebody new with this role is signed in. */
export async function signInAs(serve, page, { role = 'OWNER' } = {}) {
  const person = await Person.make(serve, { role });
  return person.signIn(page);
}

/** Looks at a page as people do, and keeps a picture where BONIN_PICTURES names a folder for them. */
export async function look(page, name) {
  await assertFits(page, name);
  await assertAccessible(page, name);
  const folder = process.env.BONIN_PICTURES;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}-${page.viewportSize().width}.png`), fullPage: true });
}

/** Waits until the present step of a second factor lasts long enough for a test to type the number. */
export async function earlyInStep() {
  const past = Date.now() % 30_000;
  if (past > 15_000) await sleep(30_050 - past);
}

/** What a browser keeps and sends, without a browser: for what no page of ours would send. */
export class Client {
  cookies = new Map();
  token = '';

  constructor(address) {
    this.address = address;
  }

  /** `{status, to, body, headers}`; `to` is where a redirect leads. Keeps cookies, and the token of the first form. */
  async ask(path, { method = 'GET', form, headers = {} } = {}) {
    const response = await fetch(new URL(path, this.address), {
      method,
      redirect: 'manual',
      headers: {
        ...(this.cookies.size ? { cookie: [...this.cookies].map((pair) => pair.join('=')).join('; ') } : {}),
        ...headers,
      },
      body: form && new URLSearchParams(form),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    const body = await response.text();
    this.token = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? this.token;
    return { status: response.status, to: response.headers.get('location'), headers: response.headers, body };
  }

  get(path, headers) {
    return this.ask(path, { headers });
  }

  /** Sends a form with the token that was last seen. */
  post(path, form = {}, headers) {
    return this.ask(path, { method: 'POST', form: { csrf: this.token, ...form }, headers });
  }

  /** Fills the login form. */
  async login({ username, password }, headers) {
    await this.get('/console/login', headers);
    return this.post('/console/login', { username, password }, headers);
  }

  /** The session's cookie. */
  get session() {
    return this.cookies.get('bonin_console') ?? this.cookies.get('__Host-bonin_console');
  }

  /** Somebody whom the shell made, signed in with a password of their own. */
  static async of(person) {
    const client = new Client(person.url);
    const first = await client.login(person);
    if (person.temporary) {
      assert.equal(first.to, '/console/password');
      await client.get('/console/password');
      const password = newPassword();
      const changed = await client.post('/console/password', { password, repeated: password });
      assert.equal(changed.to, '/console', changed.body);
      Object.assign(person, { password, temporary: false });
    } else {
      assert.equal(first.to, '/console', first.body);
    }
    await client.get('/console/settings');
    return client;
  }
}

/** Every page and form of the console as its sources name them: `{path, methods}`. */
export async function consoleRoutes() {
  const folder = fileURLToPath(new URL('../../crates/bonin-gateway/src/http/console/', import.meta.url));
  const routes = [];
  for (const name of await readdir(folder, { recursive: true })) {
    // The style and the script are for everyone.
    if (!name.endsWith('.rs') || name === 'assets.rs') continue;
    const text = await readFile(`${folder}/${name}`, 'utf8');
    for (const { index } of text.matchAll(/\.route\(/g)) {
      let end = index + '.route('.length;
      for (let depth = 1; depth > 0; end += 1) depth += { '(': 1, ')': -1 }[text[end]] ?? 0;
      const call = text.slice(index, end);
      const path = /"(\/console[^"]*)"/.exec(call)?.[1];
      assert.ok(path, `a route of the console without a path: ${name}: ${call}`);
      const methods = ['get', 'post'].filter((method) => new RegExp(`\\b${method}\\(`).test(call));
      assert.ok(methods.length, `a route of the console without a method: ${name}: ${call}`);
      routes.push({ path, methods });
    }
  }
  return routes;
}

/** Changes the gateway's database behind its back: for what would take hours. */
export async function changeDatabase(serve, sql, ...values) {
  assert.ok((await serve.database.change(sql, ...values)) > 0, 'something was changed');
}
