// Bytes on a socket, for what no HTTP client would send.

import { connect } from 'node:net';

/**
 * Writes `chunks` (bytes, text, or a number of milliseconds to wait) and reads until the other side closes, a whole answer with a
 * `content-length` has come, or `ms` are over: `{status, head, body, closed, late}`.
 */
export function raw(address, chunks, { ms = 15_000, half = false } = {}) {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    let bytes = Buffer.alloc(0);
    let over = false;
    const end = (how) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...parse(bytes), closed: how === 'closed', late: how === 'late' });
    };
    const timer = setTimeout(() => end('late'), ms);
    socket.on('error', () => end('closed'));
    socket.on('close', () => end('closed'));
    socket.on('end', () => end('closed'));
    socket.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      if (parse(bytes).whole) end('answered');
    });
    socket.on('connect', async () => {
      for (const chunk of chunks) {
        if (over) return;
        if (typeof chunk === 'number') await new Promise((next) => setTimeout(next, chunk));
        else if (!socket.write(chunk)) await drained(socket);
      }
      if (half && !over) socket.end();
    });
  });
}

function drained(socket) {
  return new Promise((next) => {
    socket.once('drain', next);
    socket.once('close', next);
    socket.once('error', next);
  });
}

function parse(bytes) {
  const text = bytes.toString('latin1');
  const split = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? NaN);
  if (split < 0) return { status, head: text, body: '', whole: false };
  const head = text.slice(0, split);
  const body = bytes.subarray(split + 4);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const whole = length !== undefined && body.length >= Number(length);
  return { status, head, body: body.toString('utf8'), whole };
}
