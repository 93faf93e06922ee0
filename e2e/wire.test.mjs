// Bytes that are not HTTP, or hardly: the gateway and the sandbox refuse them or hang up, in bounded time and with bounded memory.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Dev, SECRET } from './harness/dev.mjs';
import { raw } from './harness/raw.mjs';

/** How long a request may take to arrive: past this a client that does not get on with it is sent away. */
const PATIENCE_MS = 45_000;

let dev;
before(async () => {
  dev = await Dev.start({ contract: false });
});
after(() => dev?.stop());

const LOGIN = 'POST /login/api-secret HTTP/1.1\r\nHost: x\r\n';
const BODY = JSON.stringify({ apiSecret: SECRET });

/** Refused with a 4xx, or hung up on without a word. */
function assertRefused(answer, what) {
  assert.equal(answer.late, false, `${what}: hangs`);
  if (Number.isNaN(answer.status)) assert.ok(answer.closed, what);
  else assert.ok(answer.status >= 400 && answer.status < 500, `${what} → ${answer.head}`);
}

const NONSENSE = {
  'no HTTP at all': 'EHLO mail.example.com\r\n\r\n',
  'a TLS greeting': Buffer.from('16030100c8010000c40303', 'hex'),
  'zeros': Buffer.alloc(4096),
  'no version': 'GET /\r\n\r\n',
  'an unknown version': 'GET / HTTP/9.9\r\n\r\n',
  'a header without a colon': 'GET /health/live HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n',
  'a control character in a header': 'GET /health/live HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n',
  'a space before the colon': 'GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n',
  'a header of a megabyte': `GET /health/live HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(1_000_000)}\r\n\r\n`,
  'ten thousand headers': `GET /health/live HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
  'an address of a megabyte': `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'a length that is negative': `${LOGIN}Content-Length: -1\r\n\r\n`,
  'a length that is no number': `${LOGIN}Content-Length: ten\r\n\r\n`,
  'a length beyond all numbers': `${LOGIN}Content-Length: 99999999999999999999999\r\n\r\n`,
  'two lengths that differ': `${LOGIN}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1}`,
  'a length of ten gigabytes': `${LOGIN}Content-Length: 10737418240\r\n\r\n{`,
  'an unknown transfer encoding': `${LOGIN}Transfer-Encoding: magic\r\n\r\n`,
  'a chunk whose size is no number': `${LOGIN}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  'a chunk that is longer than it says': `${LOGIN}Transfer-Encoding: chunked\r\n\r\n2\r\n{"apiSecret"}\r\n0\r\n\r\n`,
};

for (const [name, address] of [
  ['gateway', () => dev.info.gateway],
  ['sandbox', () => dev.info.sandbox],
]) {
  describe(`the ${name} is sent`, () => {
    for (const [what, bytes] of Object.entries(NONSENSE)) {
      test(what, async () => {
        const path = name === 'sandbox' && typeof bytes === 'string' ? bytes.replace('/login/api-secret', '/gw/hub/v1/cert') : bytes;
        assertRefused(await raw(address(), [path], { ms: PATIENCE_MS, half: true }), what);
      });
    }
  });
}

test('the gateway sends away who does not get on with a head or a body', async () => {
  const start = 'POST /login/api-secret HTTP/1.1\r\nHost: x\r\n';
  const length = 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{';
  const slow = Array(200).fill(['x', 500]).flat();
  const answers = await Promise.all([
    raw(dev.gateway, [], { ms: PATIENCE_MS }),
    raw(dev.gateway, [start], { ms: PATIENCE_MS }),
    raw(dev.gateway, [start, 'X-Slow: ', ...slow], { ms: PATIENCE_MS }),
    raw(dev.gateway, [start, length], { ms: PATIENCE_MS }),
    raw(dev.gateway, [start, length, ...slow], { ms: PATIENCE_MS }),
  ]);
  for (const [i, answer] of answers.entries()) assertRefused(answer, `slow request ${i}`);
});

test('a body that ends before its time is refused or dropped', async () => {
  const answer = await raw(dev.gateway, [`${LOGIN}Content-Length: 1000\r\n\r\n${BODY}`], { half: true });
  assertRefused(answer, 'a short body');
});

test('a header twice there does not decide anything by chance', async () => {
  const twice = await raw(dev.gateway, [
    'GET /identity-verifications HTTP/1.1\r\nHost: x\r\n' +
      `Authorization: PortOne wrong\r\nAuthorization: PortOne ${SECRET}\r\nConnection: close\r\n\r\n`,
  ]);
  assert.equal(twice.status, 401, twice.head);
});

test('bytes that are no text in the authorization are UNAUTHORIZED', async () => {
  const answer = await raw(dev.gateway, [
    Buffer.concat([
      Buffer.from('GET /identity-verifications HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: PortOne '),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from('\r\n\r\n'),
    ]),
  ]);
  assert.equal(answer.status, 401, answer.head);
});

test('two requests in one go are two answers', async () => {
  const one = `${LOGIN}Content-Length: ${BODY.length}\r\n`;
  const answer = await raw(dev.gateway, [`${one}\r\n${BODY}${one}Connection: close\r\n\r\n${BODY}`], { ms: 5000 });
  assert.equal(answer.status, 200);
});

test('a thousand connections that say nothing keep nobody out', async () => {
  const silent = Array.from({ length: 1000 }, () => raw(dev.gateway, [], { ms: 8000 }));
  for (let i = 0; i < 20; i += 1) {
    const response = await fetch(new URL('/health/live', dev.gateway), { signal: AbortSignal.timeout(5000) });
    assert.equal(response.status, 204);
  }
  await Promise.all(silent);
});

/** Long before a head or a body that only trickles in would be given up. */
const SOON_MS = 15_000;
const MEGABYTE = 'x'.repeat(1 << 20);

test('a head without an end is refused before all of it has come', async () => {
  const endless = ['GET /health/live HTTP/1.1\r\nHost: x\r\nX: ', ...Array(32).fill(MEGABYTE)];
  const answers = await Promise.all(Array.from({ length: 8 }, () => raw(dev.gateway, endless, { ms: SOON_MS })));
  for (const answer of answers) assertRefused(answer, 'a head without an end');
});

test('a body without an end is refused before all of it has come', async () => {
  const chunk = `${(1 << 20).toString(16)}\r\n${MEGABYTE}\r\n`;
  const endless = [`${LOGIN}Transfer-Encoding: chunked\r\n\r\n`, ...Array(64).fill(chunk)];
  const answers = await Promise.all(Array.from({ length: 8 }, () => raw(dev.gateway, endless, { ms: SOON_MS })));
  for (const answer of answers) assertRefused(answer, 'a body without an end');
});

test('memory stayed within bounds and nothing panicked', async () => {
  const status = await readFile(`/proc/${dev.program.child.pid}/status`, 'utf8').catch(() => undefined);
  if (status) {
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)[1]);
    assert.ok(peak < 400 * 1024, `peak of ${peak} kB`);
  }
  assert.doesNotMatch(dev.program.stdout + dev.program.stderr, /panicked/);
});
