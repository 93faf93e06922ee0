// A shop on another origin, and a customer in Chromium who clicks.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { build } from 'esbuild';
import { close, listen } from './gateway.mjs';

const RIGHT = { storeId: 'store-1', channelKey: 'channel-key-1' };

/** The official loader, bundled as a shop would. */
async function bundleLoader() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import * as PortOne from '@portone/browser-sdk/v2';
        if (window.SDK_URL) PortOne.__INTERNAL__setPortOneSdkUrl(window.SDK_URL);
        window.Loader = PortOne;`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: 'iife',
    write: false,
  });
  return outputFiles[0].text;
}

const CLICK = `
  window.pending = 0;
  window.ask = (request) => {
    const mine = { state: 'pending' };
    window.outcome = mine;
    const sdk = window.Loader || window.Module || window.PortOne;
    sdk.requestIdentityVerification(request).then(
      (value) => Object.assign(mine, { state: 'resolved', value }),
      (error) => Object.assign(mine, { state: 'rejected', isError: error instanceof Error, message: error && error.message }),
    );
    return mine;
  };
  document.querySelector('#go').onclick = () => window.ask(window.request);`;

export class Shop {
  static async start(gateway) {
    const shop = new Shop();
    const loader = await bundleLoader();
    const script = `<script src="${gateway}/v2/browser-sdk.js"></script>`;
    const body = `<h1>상점</h1><p style="height:3000px"><button id="go">본인인증</button></p><script>${CLICK}</script>`;
    const page = (head) => `<!doctype html><html lang="ko"><meta charset="utf-8"><title>상점</title>${head}<body>${body}`;
    const pages = {
      '/': [page(script)],
      '/loader': [page(`<script>window.SDK_URL = '${gateway}/v2/browser-sdk.js'</script><script>${loader}</script>`)],
      '/loader-and-script': [page(`${script}<script>${loader}</script>`)],
      '/module': [page(`<script type="module">import PortOne from '${gateway}/v2/browser-sdk.mjs'; window.Module = PortOne</script>`)],
      '/cut-off': [page(script), { 'Cross-Origin-Opener-Policy': 'same-origin' }],
      '/strict': [
        page(script.replace('<script', '<script nonce="n"')).replaceAll('<body', '<body').replace(`<script>${CLICK}`, `<script nonce="n">${CLICK}`),
        {
          'Content-Security-Policy': `default-src 'none'; script-src 'nonce-n'; connect-src ${gateway}; frame-src ${gateway}; base-uri 'none'`,
        },
      ],
      '/sandboxed': [page(script), { 'Content-Security-Policy': 'sandbox allow-scripts allow-popups allow-modals' }],
      '/verified': ['<!doctype html><html lang="ko"><title>확인</title><h1>확인</h1>'],
      '/other': ['<!doctype html><html lang="ko"><title>다른 곳</title><h1>다른 곳</h1>'],
    };
    shop.server = await listen(async (request, response) => {
      const { pathname } = new URL(request.url, 'http://shop');
      if (pathname === '/euc-kr') {
        // "상점" in EUC-KR, as the encoding of the page and so the one that a script without a charset falls back to.
        const [before, after] = pages['/'][0].replace('utf-8', 'euc-kr').split('<h1>상점</h1>');
        const ascii = (text) => Buffer.from(text.replaceAll(/[^\x00-\x7f]/g, '?'), 'latin1');
        const body = Buffer.concat([ascii(before), Buffer.from([0xbb, 0xf3, 0xc1, 0xa1]), ascii(after)]);
        return response.writeHead(200, { 'Content-Type': 'text/html; charset=euc-kr' }).end(body);
      }
      const [html, headers] = pages[pathname] ?? [];
      if (!html) return response.writeHead(404).end();
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(html);
    });
    shop.address = `http://127.0.0.1:${shop.server.address().port}`;
    return shop;
  }

  stop() {
    return close(this.server);
  }
}

export function launch(ignoreDefaultArgs = []) {
  return chromium.launch({
    executablePath: process.env.BONIN_CHROMIUM ?? '/usr/bin/chromium',
    timeout: 60_000,
    ignoreDefaultArgs,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

let count = 0;

export class Customer {
  static async comes(browser, options = {}) {
    const customer = new Customer();
    customer.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'ko-KR', ...options });
    customer.context.setDefaultTimeout(10_000);
    customer.page = await customer.context.newPage();
    return customer;
  }

  static async visits(browser, address, { context, before } = {}) {
    const customer = await Customer.comes(browser, context);
    await before?.(customer.page, customer.context);
    await customer.page.goto(address);
    await customer.page.waitForFunction(() => window.ask && (window.Loader || window.Module || window.PortOne));
    return customer;
  }

  /** Clicks the button that asks. Without an id of its own the request gets a new one. */
  async click(request = {}) {
    this.id = `iv${(count += 1)}`;
    await this.page.evaluate((given) => (window.request = given), { ...RIGHT, identityVerificationId: this.id, ...request });
    await this.page.click('#go');
  }

  /** Clicks and gives the popup, once it is at the gateway's page. */
  async popup(request) {
    const opened = this.page.waitForEvent('popup');
    await this.click(request);
    const popup = await opened;
    await popup.waitForURL(/\/checkout\/[0-9a-f]{32}$/);
    return popup;
  }

  /** How the promise ended. */
  async outcome(timeout = 10_000) {
    await this.page.waitForFunction(() => window.outcome.state !== 'pending', undefined, { timeout });
    return this.page.evaluate(() => window.outcome);
  }

  async resolved(timeout) {
    const { state, value, message } = await this.outcome(timeout);
    assert.equal(state, 'resolved', message);
    return value;
  }

  async isPending(ms = 500) {
    await this.page.waitForTimeout(ms);
    assert.equal(await this.page.evaluate(() => window.outcome.state), 'pending');
  }

  leave() {
    return this.context.close();
  }
}

/** The response failed with this code, in Korean, and says whose. */
export function assertFailed(response, code, expected = {}) {
  assert.equal(response.code, code, JSON.stringify(response));
  assert.match(response.message, /[가-힣]/);
  assert.equal(response.transactionType, 'IDENTITY_VERIFICATION');
  assert.equal(typeof response.identityVerificationTxId, 'string');
  for (const [name, value] of Object.entries(expected)) assert.equal(response[name], value, name);
}
