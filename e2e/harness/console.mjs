// People at the console: how they come in, as a browser does it.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';

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

/** Comes in, or fails. `secret`: of the second factor, where one is set. */
export async function signIn(page, { url, username, password, secret }) {
  await login(page, { url, username, password });
  if (secret) await enterCode(page, totp(secret));
  assert.equal(whereIs(page), '/console', await page.locator('main').innerText());
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
      assert.equal(whereIs(page), '/console', await page.locator('main').innerText());
    } else {
      await signIn(page, this);
    }
    return this;
  }

  /** Sets up a second factor in the browser where they are signed in. The number that proves it is used up. */
  async enrol(page) {
    await page.goto(`${this.url}/settings`);
    const form = page.locator('form[action="/console/settings/totp"]');
    await form.getByLabel('지금 쓰는 비밀번호').fill(this.password);
    await press(page, '2단계 인증 켜기');
    this.secret = await page.locator('#totp-secret').innerText();
    this.usedAt = Date.now();
    await page.getByLabel('인증 번호').fill(totp(this.secret, this.usedAt));
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
