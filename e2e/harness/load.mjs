// Customers, many at once, and a ledger of what they were told: whatever happens to the gateway meanwhile, what it acknowledged must
// hold afterwards.
//
// A caller asks again by itself only where nothing can have been sent: its connection was refused. Where a connection breaks after
// that, nobody knows what came of the request, and the caller looks before it goes on.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { newId, newPerson, sending } from './people.mjs';
import { sleep } from './program.mjs';
import { anotherNumber } from './sandbox.mjs';
import { walkThrough } from './walk.mjs';

const ORIGIN = 'http://shop.example';
/** How long an answer may take, and how long nobody may be there to connect to. */
const PATIENCE = 30_000;

/** For a gateway under load: what a kill interrupts is free again soon, and nobody is turned away for asking often. */
export const UNDER_LOAD = {
  BONIN_LOG: 'warn',
  BONIN_KCP_TIMEOUT: '4s',
  BONIN_KCP_CONNECT_TIMEOUT: '1s',
  BONIN_LIMIT_SECRET: '1000000/1m',
  BONIN_LIMIT_CHECKOUT: '100000/1m',
  BONIN_LIMIT_CHECKOUT_STEP: '100000/1m',
  BONIN_LIMIT_FAILED_LOGIN: '100000/1m',
};

/** A request whose outcome the caller does not know: the connection broke, or the gateway said that it cannot work now. */
class Unknown extends Error {}

class Ended extends Error {}

export class Load {
  stories = [];
  /** What must not happen. */
  faults = [];
  /** How often a connection broke under a request, was refused, and how often the answer was 503. */
  broken = 0;
  refused = 0;
  away = 0;
  /** How many requests are under way. */
  underWay = 0;
  /** Nobody begins anything any more, or waits for a gateway that is not there. */
  ended = false;
  /** How long the slowest answer took. */
  slowest = 0;

  /**
   * `gateway`: the address for the next request. `mayBeAway`: 503 with `Retry-After` is an answer, for as long as this says so; how
   * long callers then wait is theirs to say (`pause`), since nobody wants tests to last.
   */
  constructor({ gateway, sandbox, store, channel, windowChannel, secret, random, mayBeAway = () => false, pause = 200 }) {
    Object.assign(this, { gateway, sandbox, store, channel, windowChannel, secret, random, mayBeAway, pause });
  }

  /** `{status, body}` of one request; `text` where the answer is no JSON. */
  async ask(method, path, { json, form, headers = { authorization: `PortOne ${this.secret}` } } = {}) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const began = Date.now();
      this.underWay += 1;
      try {
        const response = await fetch(new URL(path, this.gateway()), {
          method,
          headers,
          body: json === undefined ? form && new URLSearchParams(form) : JSON.stringify(json),
          redirect: 'manual',
          signal: AbortSignal.timeout(PATIENCE),
        });
        const text = await response.text();
        this.slowest = Math.max(this.slowest, Date.now() - began);
        return await this.#read(`${method} ${path}`, response, text);
      } catch (error) {
        if (error instanceof Unknown || error.isFault || error instanceof Ended) throw error;
        if (error.name === 'TimeoutError') throw fault(`${method} ${path}: no answer in ${PATIENCE} ms`);
        if (error.cause?.code !== 'ECONNREFUSED') {
          this.broken += 1;
          throw new Unknown(`${method} ${path}: ${error.cause?.message ?? error.message}`);
        }
        this.refused += 1;
        if (this.ended) throw new Ended();
        if (Date.now() > end) throw fault(`${method} ${path}: nobody was there for ${PATIENCE} ms`);
      } finally {
        this.underWay -= 1;
      }
      await sleep(10);
    }
  }

  async #read(what, response, text) {
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    const answer = { status: response.status, body: isJson ? JSON.parse(text) : undefined, text };
    if (response.status === 503 && this.mayBeAway()) {
      if (!(Number(response.headers.get('retry-after')) > 0)) throw fault(`${what}: 503 without Retry-After`);
      this.away += 1;
      await sleep(this.pause);
      throw new Unknown(`${what}: 503`);
    }
    // What KCP says is 502; everything else from there on is ours.
    if (response.status >= 500 && answer.body?.type !== 'PG_PROVIDER' && answer.body?.code !== 'PGProviderError') {
      throw fault(`${what}: ${response.status} ${text.slice(0, 300)}`);
    }
    return answer;
  }

  /** Asks until an outcome is known. For what may be asked again without harm. `tell` hears that it was not known. */
  async insist(ask, tell = () => {}) {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Unknown)) throw error;
        tell();
      }
    }
  }

  /** So many customers at once, one after another each, until `ended` is set. */
  async run(customers, windows) {
    const worker = async (story) => {
      while (!this.ended) {
        try {
          await story();
        } catch (error) {
          if (error instanceof Ended) return;
          this.faults.push(error.isFault ? error.message : String(error.stack));
          return;
        }
      }
    };
    await Promise.all([
      ...Array.from({ length: customers }, () => worker(() => this.verify())),
      ...Array.from({ length: windows }, () => worker(() => this.verifyInWindow())),
    ]);
  }

  #begin(kind) {
    const story = { kind, id: newId(), person: newPerson(), wrong: 0 };
    this.stories.push(story);
    return story;
  }

  #path(story, step = '') {
    return `/identity-verifications/${story.id}${step}`;
  }

  /** One customer, verified over the API; sometimes with a wrong number first, sometimes with a second message. */
  async verify() {
    const story = this.#begin('api');
    await this.send(story);
    if (this.random.chance(0.1)) await this.resend(story);
    const [message] = await this.sandbox.messages(story.person.phone);
    // Where the gateway died before KCP was asked there is none.
    if (!message) {
      if (story.sent) throw fault(`${story.id}: sent, but no message came`);
      return;
    }
    story.otp = message.otp;
    if (this.random.chance(0.2)) await this.guess(story);
    await this.confirm(story);
  }

  async send(story) {
    let unsure = false;
    const { status, body } = await this.insist(
      () =>
        this.ask('POST', this.#path(story, '/send'), {
          json: sending(story.person, { channelKey: this.channel, operator: 'KT' }),
        }),
      () => (unsure = true),
    );
    if (status === 200) story.sent = true;
    else if (!(unsure && body.type === 'IDENTITY_VERIFICATION_ALREADY_SENT')) {
      throw fault(`${story.id}: send → ${status} ${JSON.stringify(body)}`);
    }
  }

  async resend(story) {
    try {
      const { status, body } = await this.ask('POST', this.#path(story, '/resend'), { json: {} });
      if (status === 200 || (!story.sent && status === 404)) return;
      throw fault(`${story.id}: resend → ${status} ${JSON.stringify(body)}`);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      story.unsure = true; // a claim may stand
    }
  }

  /** A wrong number, which counts once it is answered. */
  async guess(story) {
    if (story.unsure) return;
    try {
      const { status, body } = await this.ask('POST', this.#path(story, '/confirm'), { json: { otp: anotherNumber(story.otp) } });
      if (body.pgCode === 'SB11') story.wrong += 1;
      else if (!(!story.sent && status === 404)) throw fault(`${story.id}: a wrong number → ${status} ${JSON.stringify(body)}`);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      story.unsure = true;
    }
  }

  /** Confirms. Where a claim of somebody who is gone may stand, asking again would wait for it: this is left to `settle`. */
  async confirm(story) {
    if (story.unsure) return;
    try {
      const { status, body } = await this.ask('POST', this.#path(story, '/confirm'), { json: { otp: story.otp } });
      if (status === 200) this.#told(story, body.identityVerification);
      // Its send was interrupted: the try was not recorded as sent.
      else if (!(!story.sent && status === 404)) throw fault(`${story.id}: confirm → ${status} ${JSON.stringify(body)}`);
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
      story.unsure = true;
      await this.look(story);
    }
  }

  /** What a look shows is acknowledged, too. */
  async look(story) {
    const { status, body } = await this.insist(() => this.ask('GET', this.#path(story)));
    if (status === 200 && body.status === 'VERIFIED') this.#told(story, body);
    return { status, body };
  }

  #told(story, verification) {
    if (verification.status !== 'VERIFIED') throw fault(`${story.id}: confirmed, but ${verification.status}`);
    story.verified ??= verification;
  }

  /** One customer, verified in KCP's window. Each step may meet another instance. */
  async verifyInWindow() {
    const story = this.#begin('window');
    const opening = () =>
      this.ask('POST', '/checkout/identity-verifications', {
        headers: { origin: ORIGIN, 'content-type': 'text/plain;charset=UTF-8' },
        json: {
          storeId: this.store,
          identityVerificationId: story.id,
          channelKey: this.windowChannel,
          windowType: 'REDIRECTION',
          redirectUrl: `${ORIGIN}/done`,
        },
      });
    let unsure = 0;
    const opened = await this.insist(opening, () => (unsure += 1));
    // Each of them may have been one of the tries that an id has.
    if (opened.status === 429 && unsure > 8) return;
    if (opened.status !== 200) throw fault(`${story.id}: open → ${opened.status} ${opened.text}`);
    story.sent = true;
    const window = `/checkout/${opened.body.txId}`;
    const departure = await this.insist(() => this.ask('GET', window, { headers: {} }));
    if (departure.status !== 200) throw fault(`${story.id}: departure → ${departure.status}`);
    const back = await walkThrough(departure.text, this.sandbox, story.person);
    // Whoever meets nobody reloads the page, which posts again; and presses the button where KCP was not reached.
    const path = new URL(back.url).pathname;
    for (;;) {
      const arrival = await this.insist(() => this.ask('POST', path, { headers: {}, form: back.fields }));
      if (arrival.status === 200 && arrival.text.includes('본인인증을 마쳤습니다')) break;
      if (!(arrival.status === 202 && this.mayBeAway())) throw fault(`${story.id}: return → ${arrival.status} ${arrival.text}`);
      await sleep(this.pause);
    }
    const progress = await this.insist(() => this.ask('GET', `${window}/status`, { headers: {} }));
    if (progress.body?.status !== 'VERIFIED') throw fault(`${story.id}: status → ${progress.text}`);
    const { body } = await this.look(story);
    if (!story.verified) throw fault(`${story.id}: verified in the window, and then ${JSON.stringify(body)}`);
  }

  /** The stories of which something was acknowledged. */
  acknowledged() {
    return this.stories.filter(({ sent, verified }) => sent || verified);
  }

  verified() {
    return this.stories.filter(({ verified }) => verified);
  }

  /** Holds the gateway to what it acknowledged: these stories, or all. */
  async reckon(stories = this.acknowledged()) {
    await eightAtATime(stories, async (story) => {
      const before = story.verified;
      const { status, body } = await this.look(story);
      if (status !== 200) this.faults.push(`${story.id}: was acknowledged, and now → ${status}`);
      else if (before && !isDeepStrictEqual(body, before)) {
        this.faults.push(`${story.id}: was ${JSON.stringify(before)} and is ${JSON.stringify(body)}`);
      }
    });
  }

  /**
   * What was interrupted comes to an end all the same: a number may be confirmed again once nobody holds a claim, or KCP says that it
   * has been used, or the try was never sent and another may be.
   */
  async settle() {
    const open = this.stories.filter(({ kind, verified, otp }) => kind === 'api' && !verified && otp);
    await eightAtATime(open, async (story) => {
      const { status, body } = await this.insist(() => this.ask('POST', this.#path(story, '/confirm'), { json: { otp: story.otp } }));
      if (status === 200) this.#told(story, body.identityVerification);
      else if (body.type === 'IDENTITY_VERIFICATION_ALREADY_VERIFIED') await this.look(story);
      else if (!(body.pgCode === 'SB94' || body.pgCode === 'SB12' || body.type === 'IDENTITY_VERIFICATION_NOT_SENT')) {
        this.faults.push(`${story.id}: settling → ${status} ${JSON.stringify(body)}`);
      }
    });
    return open.length;
  }

  /** Nothing has happened that must not. */
  assertFaultless() {
    assert.deepEqual(this.faults.slice(0, 10), [], `${this.faults.length} faults`);
  }
}

/**
 * Holds what is written to what was told and to what KCP granted. `granted`: how often, by verification; `told` and `verified`: rows
 * of `[verification, kind, count]` and `[verification, count]`.
 */
export function assertKept(stories, { granted, told, verified }) {
  const events = new Map(told.map(([id, kind, count]) => [`${id} ${kind}`, Number(count)]));
  const states = new Map(verified.map(([id, count]) => [id, Number(count)]));
  assert.ok(granted.size > 0, 'KCP was asked');
  for (const { id, kind, sent, verified: acknowledged, wrong } of stories) {
    assert.ok((granted.get(id) ?? 0) <= 1, `${id}: KCP granted it ${granted.get(id)} times`);
    const times = events.get(`${id} verified`) ?? 0;
    assert.equal(times, states.get(id) ?? 0, `${id}: the timeline and the tries differ`);
    assert.ok(times <= 1, `${id}: verified ${times} times`);
    if (acknowledged) assert.equal(times, 1, `${id}: acknowledged, and not written`);
    if (kind === 'api' && times === 1) assert.equal(granted.get(id), 1, `${id}: verified, though KCP did not grant it`);
    if (sent) assert.ok(events.get(`${id} sent`) >= 1, `${id}: sent, and not written`);
    assert.ok((events.get(`${id} wrong_number`) ?? 0) >= wrong, `${id}: a wrong number was forgotten`);
  }
}

function fault(message) {
  return Object.assign(new Error(message), { isFault: true });
}

async function eightAtATime(list, act) {
  const left = [...list];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left.length) await act(left.shift());
    }),
  );
}
