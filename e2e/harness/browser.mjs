// Debian's Chromium, kept from doing anything but what the page asks for.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

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

/**
 * A page of this width that notes what must not happen: an error on the console, a failed request, a request that leaves loopback
 * (which is also kept from leaving).
 */
export async function watchedPage(browser, width) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale: 'ko-KR' });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults = [];
  await context.route('**/*', (route) => {
    const { protocol, hostname } = new URL(route.request().url());
    if (['data:', 'blob:'].includes(protocol) || hostname === '127.0.0.1') return route.continue();
    faults.push(`leaves loopback: ${route.request().url()}`);
    return route.abort();
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** Nothing wider than the window: a phone's page that scrolls sideways is broken. */
export async function assertFits(page, what) {
  const { wide, inner } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    inner: window.innerWidth,
  }));
  assert.ok(wide <= inner, `${what}: ${wide} px wide in a window of ${inner}`);
}

/** Nothing that axe calls serious or critical. */
export async function assertAccessible(page, what) {
  // Through the protocol, not as a script of the page: its content security policy stays as it is.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => html.slice(0, 200)).slice(0, 5) }));
  assert.deepEqual(serious, [], what);
}
