// `bonin verification`: what happened to one, with the person masked; in the clear only for a reason, which the audit keeps.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PortOneClient } from '@portone/server-sdk';
import { newId, newPerson, sending } from './harness/people.mjs';
import { Program, readyFile } from './harness/program.mjs';
import { Installation } from './harness/shell.mjs';
import { anotherNumber } from './harness/sandbox.mjs';

let place, shell, program, which, verified;
const person = newPerson();
const id = newId();

before(async () => {
  place = await Installation.make();
  ({ shell } = place);
  const store = await place.store('가게');
  const { key } = await place.channel(store.id, '인증 채널');
  const { secret } = await place.secret(store.id);
  const ready = join(place.folder, 'ready.json');
  program = new Program(['serve'], { env: { ...shell.env, BONIN_READY_FILE: ready } });
  const { gateway } = await program.ready('the ready file', readyFile(ready));
  const sdk = PortOneClient({ secret, baseUrl: gateway }).identityVerification;
  await sdk.sendIdentityVerification({
    identityVerificationId: id,
    ...sending(person, { channelKey: key, operator: 'LGU', customer: { id: 'customer-17' } }),
  });
  const otp = await place.sandbox.otp(person.phone);
  await assert.rejects(sdk.confirmIdentityVerification({ identityVerificationId: id, otp: anotherNumber(otp) }));
  const confirmed = await sdk.confirmIdentityVerification({ identityVerificationId: id, otp });
  verified = confirmed.identityVerification.verifiedCustomer;
  which = ['--store', store.id, '--id', id];
});
after(async () => {
  await program?.stop();
  await place?.stop();
});

/** Everything that says who it is. */
const personal = () => [person.name, person.phone, person.birthDate, verified.ci, verified.di, 'customer-17'];

test('the person is masked, and what happened is told', async () => {
  const shown = await shell.json(['verification', 'show', ...which]);
  assert.deepEqual(
    [shown.id, shown.status, shown.way, shown.operator, shown.channel.name, shown.channel.isTest, shown.erasedAt],
    [id, 'VERIFIED', 'SMS', 'LGU', '인증 채널', true, null],
  );
  const { name, phone, birthDate } = shown.person;
  assert.match(name, /^.\*+.?$/);
  assert.equal(phone, `010-****-${person.phone.slice(-4)}`);
  assert.equal(birthDate, `${person.birthYear}-**-**`);
  const [only, ...more] = shown.tries;
  assert.deepEqual([only.state, only.wrongNumbers, only.resends, more.length], ['VERIFIED', 1, 0, 0]);

  const lines = await shell.says(['verification', 'show', ...which]);
  assert.match(lines, /^status +VERIFIED$/m);
  assert.match(lines, new RegExp(`^phone +010-\\*{4}-${person.phone.slice(-4)}$`, 'm'));
  const timeline = await shell.says(['verification', 'timeline', ...which]);
  assert.match(timeline, /begun[\s\S]*asked_pg +2300[\s\S]*verified\n$/);
  for (const hidden of personal()) {
    assert.ok(!(JSON.stringify(shown) + lines + timeline).includes(hidden), hidden);
  }
});

test('in the clear only for a reason, which the audit keeps with who asked', async () => {
  const reveal = ['verification', 'show', ...which, '--reveal'];
  await shell.refuses(reveal, /--reason/, { status: 2 });
  await shell.refuses([...reveal, '--reason', ' '], /--reason: /);
  await shell.refuses(['verification', 'show', ...which, '--linking'], /--reveal/, { status: 2 });
  const before = await place.newest();
  assert.notEqual(before.action, 'verification.reveal');

  const { revealed } = await shell.json([...reveal, '--reason', '고객 문의 1234'], { once: true });
  assert.deepEqual(revealed, {
    isVerified: true,
    name: person.name,
    phone: person.phone,
    birthDate: person.birthDate,
    gender: person.gender,
    isForeigner: false,
    operator: 'LGU',
    customerId: 'customer-17',
    ci: null,
    di: null,
  });
  const { action, subject, actor, reason, details } = await place.newest();
  assert.deepEqual([action, subject, actor.kind, reason], ['verification.reveal', id, 'shell', '고객 문의 1234']);
  assert.equal(details.linking, false);

  const lines = await shell.says([...reveal, '--linking', '--reason', 'CI 대조'], { once: true });
  for (const shown of personal()) assert.ok(lines.includes(shown), shown);
  assert.equal((await place.newest()).details.linking, true);
});

test('one that is not there is told', async () => {
  const nobody = ['--store', which[1], '--id', newId()];
  for (const command of ['show', 'timeline']) {
    await shell.refuses(['verification', command, ...nobody], /본인인증.*찾을 수 없습니다/);
  }
  await shell.refuses(['verification', 'show', ...nobody, '--reveal', '--reason', '고객 문의'], /찾을 수 없습니다/);
  for (const hidden of personal()) assert.ok(!(shell.transcript + program.stderr).includes(hidden), hidden);
});
