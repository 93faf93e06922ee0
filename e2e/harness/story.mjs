// What both table tests need: to begin, finish and look at verifications in few words.

import assert from 'node:assert/strict';
import { CHANNEL } from './dev.mjs';
import { newId, newPerson, sending } from './people.mjs';

export class Story {
  /** A person who has a phone of this operator, with the PASS app, and an id that is new. */
  static async of(dev, operator = 'KT', method = 'SMS') {
    const story = new Story();
    Object.assign(story, { dev, sdk: dev.sdk(), operator, method, id: newId(), person: newPerson() });
    const { name, phone, birthDate, gender, isForeigner } = story.person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
    return story;
  }

  send() {
    return this.sdk.sendIdentityVerification({
      identityVerificationId: this.id,
      ...sending(this.person, { channelKey: CHANNEL, operator: this.operator, method: this.method }),
    });
  }

  resend() {
    return this.sdk.resendIdentityVerification({ identityVerificationId: this.id });
  }

  confirm(otp) {
    return this.sdk.confirmIdentityVerification({ identityVerificationId: this.id, otp });
  }

  get() {
    return this.sdk.getIdentityVerification({ identityVerificationId: this.id });
  }

  /** The number of the newest message. */
  async otp() {
    return (await this.dev.sandbox.message(this.person.phone)).otp;
  }

  /** Does what the person does, and confirms: the right number, or a tap in the app. */
  async finish() {
    if (this.method === 'APP') await this.dev.sandbox.approve(this.person.phone);
    const { identityVerification } = await this.confirm(this.method === 'SMS' ? await this.otp() : undefined);
    assert.equal(identityVerification.status, 'VERIFIED');
    return identityVerification;
  }

  /** What happened, in the words of the timeline; a call to KCP is told as `2100 0000`: the call and the code of its answer. */
  async told() {
    const events = await this.dev.timeline(this.id);
    assert.ok(
      events.every(({ at }, i) => i === 0 || Date.parse(events[i - 1].at) <= Date.parse(at)),
      'the timeline is in order',
    );
    return events.map(({ kind, call, code }) => (kind === 'asked_pg' ? `${call} ${code}` : kind));
  }

  /** The ids of the tries in the timeline, oldest first. */
  async tries() {
    return [...new Set((await this.dev.timeline(this.id)).map(({ txId }) => txId))];
  }
}

/** The calls that sending makes at KCP, in order. */
function sendCalls(operator, method) {
  const virtual = ['KT_MVNO', 'LGU_MVNO'].includes(operator);
  if (method === 'APP') return virtual ? ['2700', '2500'] : ['2500'];
  // For SKT and KT the SMS leaves with 2100.
  return [...(virtual ? ['2400'] : []), '2100', ...(['SKT', 'KT'].includes(operator) ? [] : ['2200'])];
}

/** How the timeline of a try begins whose message, or request, reached the person. */
export function sent(operator = 'KT', method = 'SMS') {
  return ['begun', ...sendCalls(operator, method).map((call) => `${call} 0000`), 'sent'];
}

/** How the timeline of a try begins in which one of the calls did not go well. */
export function sentUntil(call, code, operator = 'KT', method = 'SMS') {
  const calls = sendCalls(operator, method);
  assert.ok(calls.includes(call), `${operator} needs ${call}`);
  return ['begun', ...calls.slice(0, calls.indexOf(call)).map((before) => `${before} 0000`), `${call} ${code}`];
}

/** The call must fail with this type; gives the error's data. */
export async function fails(type, call) {
  let data;
  await assert.rejects(
    async () => call(),
    (error) => {
      assert.ok(error.data, String(error.stack));
      assert.equal(error.data.type, type, error.message);
      data = error.data;
      return true;
    },
  );
  return data;
}

/** The call must fail because of KCP, with this code. */
export async function failsAtKcp(pgCode, call) {
  const data = await fails('PG_PROVIDER', call);
  assert.equal(data.pgCode, pgCode, data.message);
  return data;
}
