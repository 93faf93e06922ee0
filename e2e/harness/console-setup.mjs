// A gateway and a sandbox with somebody signed in to the console, for the pages on which things are set up.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { watchedPage } from './browser.mjs';
import { Person } from './console.mjs';
import { Serve } from './serve.mjs';

export class Setup {
  people = {};

  /** `publicUrl`: what KCP is told as the way back. The sandbox's merchant has set 127.0.0.1. */
  static async start({ publicUrl = 'http://127.0.0.1:8787', env = {} } = {}) {
    const setup = new Setup();
    setup.serve = await Serve.setUp();
    await setup.serve.start({ contract: false, env: { BONIN_PUBLIC_URL: publicUrl, ...env } });
    setup.store = setup.serve.store;
    setup.sandbox = setup.serve.sandbox;
    return setup;
  }

  at(path) {
    return new URL(path, this.serve.gateway).href;
  }

  json(args) {
    return this.serve.json(args);
  }

  /** A watched page of somebody with this role. A form that comes back, or a page that is refused, is no fault. */
  async visit(browser, path, { width = 1280, role = 'OWNER' } = {}) {
    const visit = await watchedPage(browser, width);
    this.people[role] ??= await Person.make(this.serve, { role });
    await this.people[role].signIn(visit.page);
    await visit.page.goto(this.at(path));
    visit.faults.length = 0;
    /** The status of a request with this session; a POST carries the form's token. */
    visit.status = async (method, address, form = {}) => {
      const request = visit.page.context().request;
      if (method === 'GET') return (await request.get(this.at(address), { maxRedirects: 0 })).status();
      const csrf = await visit.page.locator('input[name=csrf]').first().getAttribute('value');
      return (await request.post(this.at(address), { form: { csrf, ...form }, maxRedirects: 0 })).status();
    };
    return visit;
  }

  /** Keeps a picture where BONIN_PICTURES names a folder for them. */
  async picture(page, name) {
    const folder = process.env.BONIN_PICTURES;
    if (!folder) return;
    await mkdir(folder, { recursive: true });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  async stop() {
    await this.serve.stop();
  }
}
