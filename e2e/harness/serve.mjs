// `bonin sandbox` and `bonin serve` as two programs that know nothing of each other, set up from the shell as an operator would.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortOneClient } from '@portone/server-sdk';
import { holdToContract } from './contract.mjs';
import { freePort } from './port.mjs';
import { Program, removeFolder, runJson, temporaryFolder } from './program.mjs';
import { startSandbox } from './standalone.mjs';

export class Serve {
  /**
   * A database with one store, one channel with the hub credentials of the sandbox's merchant, and one secret. `hub` is where the
   * channel finds KCP, the sandbox itself if not given.
   */
  static async setUp({ hub, store = '본인 상점', channel = '본인 채널', siteCd = 'AO7F3' } = {}) {
    const serve = new Serve();
    Object.assign(serve, await startSandbox());
    serve.sandboxProgram = serve.program;
    serve.folder = await temporaryFolder();
    serve.data = join(serve.folder, 'data');
    const { key } = await runJson(['key', 'generate']);
    serve.key = key;
    serve.env = {
      BONIN_DATA: serve.data,
      BONIN_KEY: key,
      BONIN_PUBLIC_URL: 'https://bonin.example',
    };
    await serve.json(['migrate']);
    serve.store = (await serve.json(['store', 'create', '--name', store, '--test'])).id;
    serve.credentials = await serve.sandbox.credentials(siteCd);
    serve.channel = await serve.addChannel({ hub: hub ?? serve.sandbox.address, name: channel });
    serve.secret = (await serve.json(['secret', 'create', '--store', serve.store, '--name', 'e2e'])).secret;
    return serve;
  }

  /** An administrative command with `--json`, with this database and key. */
  json(args) {
    return runJson(args, { env: this.env });
  }

  /** A channel with the credentials as KCP hands them out: two files and a password. */
  async addChannel({ hub, name, credentials = this.credentials }) {
    const file = (what) => join(this.folder, `KCP_AUTH_${credentials.siteCd}_${what}`);
    await writeFile(file('CERT.pem'), credentials.certificatePem);
    await writeFile(file('PRIKEY.pem'), credentials.privateKeyPem);
    await writeFile(file('PASSWORD'), credentials.privateKeyPassword);
    const made = await this.json([
      ...['channel', 'create', '--store', this.store, '--name', name, '--test', '--site-cd', credentials.siteCd],
      ...['--hub-url', hub, '--hub-cert', file('CERT.pem'), '--hub-key', file('PRIKEY.pem')],
      ...['--hub-key-password-file', file('PASSWORD')],
    ]);
    return made.channelKey;
  }

  async start({ env = {}, contract = true } = {}) {
    const address = `127.0.0.1:${await freePort()}`;
    this.gateway = `http://${address}`;
    this.program = new Program(['serve'], { env: { ...this.env, BONIN_LISTEN: address, ...env } });
    await this.program.ready('the gateway to be ready', async () => {
      try {
        return (await fetch(new URL('/health/ready', this.gateway), { signal: AbortSignal.timeout(2000) })).ok;
      } catch (error) {
        if (['ECONNREFUSED', 'ECONNRESET'].includes(error.cause?.code)) return undefined;
        throw error;
      }
    });
    this.release?.();
    if (contract) Object.assign(this, await holdToContract(this.gateway));
    return this;
  }

  sdk({ secret = this.secret } = {}) {
    return PortOneClient({ secret, baseUrl: this.gateway }).identityVerification;
  }

  timeline(id, store = this.store) {
    return this.json(['verification', 'timeline', '--store', store, '--id', id]);
  }

  /** Stops the gateway alone. */
  async stopGateway() {
    this.release?.();
    this.release = undefined;
    await this.program.stop();
  }

  async stop() {
    this.release?.();
    if (this.program !== this.sandboxProgram && !this.program.exit) await this.program.stop();
    if (!this.sandboxProgram.exit) await this.sandboxProgram.stop();
    await removeFolder(this.folder);
  }
}
