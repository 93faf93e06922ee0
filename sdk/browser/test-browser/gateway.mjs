// The gateway as the script sees it, as small as can be: what the real one does is tested in e2e/. Each test says what it answers.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const SCRIPTS = { '/v2/browser-sdk.js': 'browser-sdk.js', '/v2/browser-sdk.mjs': 'browser-sdk.mjs' };

export async function listen(handler) {
  const server = createServer((request, response) => {
    handler(request, response).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export async function close(server) {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

const html = (body, head = '') => `<!doctype html><html lang="ko"><meta charset="utf-8"><title>본인인증</title>${head}<body>${body}`;

export class Gateway {
  static async start() {
    const gateway = new Gateway();
    gateway.reset();
    gateway.server = await listen((request, response) => gateway.handle(request, response));
    gateway.address = `http://127.0.0.1:${gateway.server.address().port}`;
    return gateway;
  }

  reset() {
    /** What was asked: `{...body, origin, txId}`, oldest first. */
    this.asked = [];
    this.tries = new Map();
    /** Replaces the answer to the next tries: `{status, body}`; `'hang up'`; or a promise that is waited for first. */
    this.refusal = undefined;
    this.before = undefined;
    /** What `/status` says: a function of how often it was asked. */
    this.status = () => ({ status: 'READY', returned: false });
    this.statusAsked = 0;
  }

  get newest() {
    return this.asked.at(-1);
  }

  async handle(request, response) {
    const { pathname } = new URL(request.url, 'http://gateway');
    response.setHeader('Access-Control-Allow-Origin', '*');
    const send = (status, type, body) => response.writeHead(status, { 'Content-Type': type }).end(body);
    const json = (status, body) => send(status, 'application/json', JSON.stringify(body));

    if (pathname in SCRIPTS) {
      const script = await readFile(new URL(`../dist/${SCRIPTS[pathname]}`, import.meta.url));
      // Without a charset: the script must not need it.
      return send(200, 'text/javascript', script);
    }
    if (pathname === '/checkout/identity-verifications') {
      let text = '';
      for await (const chunk of request) text += chunk;
      await this.before;
      if (this.refusal === 'hang up') return response.destroy();
      const txId = randomBytes(16).toString('hex');
      const asked = { ...JSON.parse(text), origin: request.headers.origin, type: request.headers['content-type'], txId };
      this.asked.push(asked);
      if (this.refusal) return send(this.refusal.status, this.refusal.type ?? 'application/json', this.refusal.body);
      this.tries.set(txId, asked);
      return json(200, { txId, url: `${this.address}/checkout/${txId}` });
    }
    const [, txId, what] = /^\/checkout\/([0-9a-f]{32})(?:\/(\w+))?$/.exec(pathname) ?? [];
    const asked = this.tries.get(txId);
    if (!asked) return json(404, { code: 'InvalidEntityState', message: '본인인증 시도를 찾을 수 없습니다.' });
    if (what === undefined) return send(200, 'text/html; charset=utf-8', html(`<h1>KCP</h1><p id="tx">${txId}</p><input>`));
    if (what === 'status') {
      this.statusAsked += 1;
      const told = this.status(this.statusAsked);
      if (told === 'hang up') return response.destroy();
      return json(told.http ?? 200, told);
    }
    if (what === 'success' || what === 'failure') {
      const result = this.result(asked, what === 'failure');
      if (asked.windowType === 'REDIRECTION') {
        const url = new URL(asked.redirectUrl);
        for (const [name, value] of Object.entries(result)) url.searchParams.append(name, value);
        return response.writeHead(303, { Location: url.href }).end();
      }
      const message = JSON.stringify({ bonin: 1, txId, result }).replaceAll('<', '\\u003c');
      const script = `(window.opener || window.parent).postMessage(${message}, ${JSON.stringify(asked.origin)}); window.close();`;
      return send(200, 'text/html; charset=utf-8', html('', `<script>${script}</script>`));
    }
    return json(404, {});
  }

  result({ identityVerificationId, txId }, failed) {
    return {
      transactionType: 'IDENTITY_VERIFICATION',
      identityVerificationId,
      identityVerificationTxId: txId,
      ...(failed && { code: 'PGProviderError', message: '취소했습니다.', pgCode: '9999', pgMessage: '사용자 취소' }),
    };
  }

  stop() {
    return close(this.server);
  }
}
