// A shop on an origin of its own that verifies its customers with the official npm loader, and a customer in Chromium.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { CHANNEL, STORE } from './dev.mjs';
import { newId } from './people.mjs';

const PHONE_AGENT =
  'Mozilla/5.0 (Linux; Android 14; SM-S928N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36';
const KAKAO_AGENT = PHONE_AGENT.replace('SM-S928N', 'SM-S928N; wv').replace('Chrome', 'Version/4.0 Chrome') + ' KAKAOTALK 10.4.5';
const MAC_AGENT =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, userAgent: PHONE_AGENT };

/** What kind of browser comes. */
export const PROFILES = {
  desktop: { context: { viewport: { width: 1280, height: 900 } } },
  phone: { context: PHONE },
  webView: { context: { ...PHONE, userAgent: KAKAO_AGENT }, prepare: (page) => page.addInitScript('window.open = () => null') },
  /** An iPad that calls itself a desktop. */
  iPad: {
    context: { viewport: { width: 1180, height: 820 } },
    prepare: async (page, context) => {
      const session = await context.newCDPSession(page);
      await session.send('Emulation.setUserAgentOverride', { userAgent: MAC_AGENT, platform: 'MacIntel' });
      await session.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 });
    },
  },
};

/** The shop's script, bundled as a shop does it. The SDK's address is the only line that is not as PortOne's guide has it. */
async function bundle(gateway) {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import * as PortOne from '@portone/browser-sdk/v2';
        PortOne.__INTERNAL__setPortOneSdkUrl(${JSON.stringify(`${gateway}/v2/browser-sdk.js`)});
        window.ask = (request) => {
          const mine = (window.outcome = { state: 'pending' });
          PortOne.requestIdentityVerification(request).then(
            (value) => Object.assign(mine, { state: 'resolved', value }),
            (error) => Object.assign(mine, { state: 'rejected', isError: error instanceof Error, message: error.message }),
          );
        };
        document.querySelector('#go').onclick = () => window.ask(window.request);`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: 'iife',
    write: false,
  });
  return outputFiles[0].text;
}

export class Shop {
  static async start(gateway) {
    const shop = new Shop();
    const script = await bundle(gateway);
    const pages = {
      '/': `<!doctype html><html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>상점</title>
        <link rel="icon" href="data:,"><h1>상점</h1><button id="go">본인인증</button><script>${script}</script>`,
      '/verified':
        '<!doctype html><html lang="ko"><meta charset="utf-8"><title>확인</title><link rel="icon" href="data:,"><h1>확인</h1>',
    };
    shop.server = createServer((request, response) => {
      const html = pages[new URL(request.url, 'http://shop').pathname];
      response.writeHead(html ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' }).end(html);
    });
    await new Promise((resolve) => shop.server.listen(0, '127.0.0.1', resolve));
    shop.address = `http://127.0.0.1:${shop.server.address().port}`;
    shop.redirectUrl = `${shop.address}/verified?order=1`;
    return shop;
  }

  /** A browser of this profile at the shop. Nothing leaves loopback. */
  async visit(browser, profile = 'desktop') {
    const { context: options, prepare } = PROFILES[profile];
    const visitor = new Visitor();
    Object.assign(visitor, { shop: this, context: await browser.newContext({ locale: 'ko-KR', ...options }) });
    visitor.context.setDefaultTimeout(15_000);
    await visitor.context.route('**/*', (route) => {
      const { protocol, hostname } = new URL(route.request().url());
      return ['data:', 'blob:'].includes(protocol) || hostname === '127.0.0.1' ? route.continue() : route.abort();
    });
    visitor.page = await visitor.context.newPage();
    await prepare?.(visitor.page, visitor.context);
    await visitor.page.goto(this.address);
    return visitor;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

class Visitor {
  /** Clicks the button that verifies. */
  async click(request = {}) {
    this.request = { storeId: STORE, channelKey: CHANNEL, identityVerificationId: newId(), ...request };
    this.id = this.request.identityVerificationId;
    await this.page.evaluate((given) => (window.request = given), this.request);
    await this.page.click('#go');
  }

  /** Clicks, and gives where KCP's window appears: a page, or a frame in this one. */
  async open(shown, request = {}) {
    const windowType = { pc: shown, mobile: shown };
    const redirectUrl = shown === 'REDIRECTION' ? this.shop.redirectUrl : undefined;
    const popup = shown === 'POPUP' && this.page.waitForEvent('popup');
    await this.click({ windowType, redirectUrl, ...request });
    if (shown === 'POPUP') return popup;
    if (shown === 'REDIRECTION') return this.page;
    return (await this.page.locator('dialog iframe').elementHandle()).contentFrame();
  }

  /** How the promise ended. */
  async outcome() {
    await this.page.waitForFunction(() => window.outcome && window.outcome.state !== 'pending', undefined, { timeout: 20_000 });
    return this.page.evaluate(() => window.outcome);
  }

  /** What the shop's page got: from the promise, or from the query where the browser was sent on. */
  async got(shown) {
    if (shown === 'REDIRECTION') {
      await this.page.waitForURL(/\/verified\?/);
      const { order, ...result } = Object.fromEntries(new URL(this.page.url()).searchParams);
      assert.equal(order, '1', 'what was in the query stays there');
      return result;
    }
    const { state, value, message } = await this.outcome();
    assert.equal(state, 'resolved', message);
    return value;
  }

  leave() {
    return this.context.close();
  }
}
