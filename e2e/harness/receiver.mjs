// Somebody's server that is told by webhooks: it keeps every request as it came, and answers as a test wants.

import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { waitFor } from './program.mjs';

export class Receiver {
  /** Every request, in order: `{id, path, headers, body, at}`. */
  requests = [];
  /** Answers a request, `(request, response, kept)`; never answering is an answer, too. */
  answer = (request, response) => response.writeHead(200).end();

  /** `tls`: `{key, cert}`. */
  static async start({ answer, tls } = {}) {
    const receiver = new Receiver();
    if (answer) receiver.answer = answer;
    const listen = async (request, response) => {
      const parts = [];
      request.on('error', () => {});
      response.on('error', () => {});
      for await (const part of request) parts.push(part);
      const kept = {
        id: request.headers['webhook-id'],
        method: request.method,
        path: request.url,
        headers: request.headers,
        body: Buffer.concat(parts).toString('utf8'),
        at: Date.now(),
      };
      receiver.requests.push(kept);
      receiver.answer(request, response, kept);
    };
    const caught = (request, response) => listen(request, response).catch(() => response.destroy());
    receiver.server = tls ? createTlsServer(tls, caught) : createServer(caught);
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.port = receiver.server.address().port;
    receiver.url = `${tls ? 'https' : 'http'}://${tls ? 'localhost' : '127.0.0.1'}:${receiver.port}/hooks`;
    return receiver;
  }

  /** The requests of this type. */
  of(type) {
    return this.requests.filter(({ body }) => JSON.parse(body).type === type);
  }

  /** The requests about this verification. */
  about(id) {
    return this.requests.filter(({ body }) => JSON.parse(body).data.identityVerificationId === id);
  }

  /** Waits until `find` gives requests enough, and gives them. */
  until(what, find, count = 1, ms = 15_000) {
    return waitFor(what, () => {
      const found = find(this);
      return found.length >= count && found;
    }, { ms });
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A listener that must not be reached: it counts who knocks. */
export class Trap {
  knocks = 0;

  static async set(host = '127.0.0.1') {
    const trap = new Trap();
    trap.server = createTcpServer((socket) => {
      trap.knocks += 1;
      socket.destroy();
    });
    await new Promise((resolve, reject) => {
      trap.server.once('error', reject);
      trap.server.listen(0, host, resolve);
    });
    trap.port = trap.server.address().port;
    return trap;
  }

  async stop() {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
