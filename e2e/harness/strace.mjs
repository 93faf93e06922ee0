// What a program asked of the kernel, as `strace` wrote it down: in what order it wrote to its files, had them synced, and wrote to
// its sockets.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { command } from './command.mjs';

/** The calls that tell. More would slow the program down for nothing. */
const WRITES = ['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'];
const SYNCS = ['fsync', 'fdatasync'];
const READS = ['read', 'readv', 'recvfrom', 'recvmsg'];

/** A `bonin` under this writes its calls into the file, and stays the process that signals are sent to. */
export const strace = (file) => [
  'strace',
  ...['-D', '-f', '-qq', '-ttt', '-yy', '-s', '128', '-e', 'signal=none'],
  ...['-e', `trace=${[...WRITES, ...SYNCS, ...READS].join(',')}`, '-o', file],
];

/** Why nothing can be traced here: that the kernel lets nobody, and nothing else. */
export async function whyNoTrace() {
  const { code, stderr } = await command('strace', ['-f', '-o', '/dev/null', 'true']).catch((error) => {
    throw new Error(`strace is needed: ${error.message}`);
  });
  if (code === 0) return undefined;
  if (/PTRACE_\w+.*(Operation not permitted|Permission denied|Function not implemented)/.test(stderr)) return stderr.trim();
  throw new Error(`strace does not work here: ${stderr}`);
}

/**
 * The calls in the order in which they ended: `{pid, name, target, bytes, began, ended, result}`. `target` is the file, or both ends
 * of the connection; `bytes` what was written or read, its beginning; `began` and `ended` are places in the order of the lines, which
 * is the kernel's.
 */
export async function callsIn(file) {
  const calls = [];
  const unfinished = new Map();
  const lines = (await readFile(file, 'latin1')).split('\n');
  for (const [place, line] of lines.entries()) {
    const [, pid, rest] = /^(\d+) +[\d.]+ (.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest ?? '');
    const call = resumed ? unfinished.get(pid) : { pid, began: place, text: '' };
    if (rest === undefined || call === undefined) continue;
    call.text += resumed ? resumed[1] : rest;
    if (call.text.endsWith(' <unfinished ...>')) {
      call.text = call.text.slice(0, -' <unfinished ...>'.length);
      unfinished.set(pid, call);
      continue;
    }
    unfinished.delete(pid);
    const read = /^(\w+)\(\d+<(.*?)>(?=[,)])(.*) = (-?\d+)[^=]*$/s.exec(call.text);
    if (read) {
      const [, name, target, given, result] = read;
      calls.push({ pid, name, target, bytes: bytesIn(given), size: sizeIn(given), began: call.began, ended: place, result: Number(result) });
    }
  }
  return calls;
}

const ESCAPES = { n: 10, t: 9, r: 13, v: 11, f: 12, '"': 34, '\\': 92 };

/** The first quoted text. */
function bytesIn(given) {
  const [, quoted = ''] = /"((?:[^"\\]|\\.)*)"/s.exec(given) ?? [];
  const parts = quoted.matchAll(/\\([0-7]{1,3})|\\(.)|([^\\])/gs);
  return Buffer.from([...parts].map(([, octal, escape, plain]) => (octal ? parseInt(octal, 8) : (ESCAPES[escape] ?? plain.charCodeAt(0)))));
}

/** How much `pwrite64` was asked to write. */
const sizeIn = (given) => Number(/, (\d+), \d+\)$/.exec(given)?.[1]);

const isLog = ({ target }) => target.endsWith('-wal');

/** The head of a frame of SQLite's log that ends a transaction: it says how large the database is from there on. */
const isCommit = (call) => call.name === 'pwrite64' && isLog(call) && call.size === 24 && call.bytes.readUInt32BE(4) !== 0;

/** Whether a connection has this port at one of its ends. */
const touches = (call, port) => call.target.startsWith('TCP') && new RegExp(`:${port}\\b`).test(call.target);

/**
 * Every answer that the gateway gave to a `POST`: `{request, status, commits, early}`. `commits` is how many transactions were written
 * since the request came, and `early` what had not been synced when something left that promises it: the answer itself, or a call to
 * KCP, which must not be asked before it is on disk that it is.
 */
export function answersIn(calls, { gateway, kcp }) {
  const requests = calls.filter(
    (call) => READS.includes(call.name) && touches(call, gateway) && call.bytes.toString('latin1').startsWith('POST '),
  );
  return requests.map((request) => {
    const later = calls.filter((call) => call.began > request.ended);
    const answer = later.find(
      (call) => WRITES.includes(call.name) && call.target === request.target && call.bytes.toString('latin1').startsWith('HTTP/1.1 '),
    );
    assert.ok(answer, `${request.bytes} was answered`);
    const until = later.filter((call) => call.began <= answer.began);
    const leaving = until.filter((call) => call === answer || (WRITES.includes(call.name) && touches(call, kcp)));
    const logged = calls.filter((call) => isLog(call) && WRITES.includes(call.name));
    const syncs = calls.filter((call) => isLog(call) && SYNCS.includes(call.name) && call.result === 0);
    return {
      request: request.bytes.toString('latin1').split(' HTTP/')[0],
      status: Number(answer.bytes.toString('latin1').slice(9, 12)),
      commits: until.filter((call) => isCommit(call) && call.ended < answer.began).length,
      asked: leaving.length - 1,
      // Written before it left, and not synced in between.
      early: leaving.flatMap((left) =>
        logged
          .filter((write) => write.began > request.ended && write.ended < left.began)
          .filter((write) => !syncs.some((sync) => sync.began > write.ended && sync.ended < left.began))
          .map((write) => `line ${write.ended + 1}, when line ${left.began + 1} left`),
      ),
    };
  });
}

/** The same trace as if nothing had been synced: a check that is content with it checks nothing. */
export const withoutSyncs = (calls) => calls.filter(({ name }) => !SYNCS.includes(name));
