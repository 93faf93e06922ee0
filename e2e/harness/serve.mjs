// `bonin sandbox` and `bonin serve` as two programs that know nothing of each other, set up from the shell as an operator would.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PortOneClient } from '@portone/server-sdk';
import { holdToContract } from './contract.mjs';
import { Database, ON_POSTGRES } from './database.mjs';
import { Program, readyFile, removeFolder, run, runJson, temporaryFolder } from './program.mjs';
import { startSandbox } from './standalone.mjs';

export class Serve {
  /**
   * A database with one store, one channel with the hub credentials of the sandbox's merchant, and one secret. `hub` says where the
   * channel finds KCP, given where the sandbox is; `database` makes the database, given a folder.
   */
  static async setUp({ hub = (address) => address, storeName = '본인 상점', sandboxEnv = {}, database = Database.make } = {}) {
    const serve = new Serve();
    const { program, sandbox } = await startSandbox(sandboxEnv);
    Object.assign(serve, { sandboxProgram: program, sandbox, folder: await temporaryFolder() });
    serve.data = join(serve.folder, 'data');
    await mkdir(serve.data);
    ({ key: serve.key } = await runJson(['key', 'generate']));
    serve.database = await database(serve.data);
    serve.env = { BONIN_DATABASE: serve.database.url, BONIN_KEY: serve.key };
    const { code, stderr } = await run(['migrate'], { env: serve.env });
    assert.equal(code, 0, stderr);
    serve.store = (await serve.json(['store', 'create', '--name', storeName, '--kind', 'test'])).id;
    serve.credentials = await sandbox.credentials();
    serve.channel = (await serve.addChannel({ hub: await hub(sandbox.address) })).key;
    ({ id: serve.secretId, secret: serve.secret } = await serve.addSecret());
    return serve;
  }

  /** An administrative command with `--json`, with this database and key. */
  json(args, env = {}) {
    return runJson(args, { env: { ...this.env, ...env } });
  }

  addSecret(args = []) {
    return this.json(['secret', 'create', '--store', this.store, '--name', 'e2e', ...args]);
  }

  /** A channel with the credentials as KCP hands them out: two files and a password. */
  async addChannel({ hub, name = '본인 채널', credentials = this.credentials, kind = 'test', store = this.store, env = {} }) {
    const file = (what) => join(this.folder, `KCP_AUTH_${credentials.siteCd}_${what}`);
    await writeFile(file('CERT.pem'), credentials.certificatePem);
    await writeFile(file('PRIKEY.pem'), credentials.privateKeyPem);
    await writeFile(file('PASSWORD'), `${credentials.privateKeyPassword}\n`);
    const args = [
      ...['channel', 'create', '--store', store, '--name', name, '--kind', kind, '--site-cd', credentials.siteCd],
      ...(hub ? ['--hub-url', hub] : []),
      ...['--certificate', file('CERT.pem'), '--private-key', file('PRIKEY.pem')],
      ...['--private-key-password-file', file('PASSWORD')],
    ];
    return this.json(args, env);
  }

  /** A channel for the window alone, with the key in a file of its own. */
  async windowChannel({ siteCd, encKey }) {
    const file = join(this.folder, 'enc-key');
    await writeFile(file, `${encKey}\n`);
    const made = await this.json([
      ...['channel', 'create', '--store', this.store, '--name', '표준창', '--kind', 'test', '--site-cd', siteCd],
      ...['--enc-key-file', file, '--window-url', this.sandbox.address],
    ]);
    return made.key;
  }

  /** Starts the gateway. `contract`: every answer fetched from it is held to its own OpenAPI document. */
  async start({ env = {}, contract = true } = {}) {
    const ready = join(this.folder, `ready-${(this.starts = (this.starts ?? 0) + 1)}.json`);
    this.program = new Program(['serve'], {
      env: {
        ...this.env,
        // A file has its folder; elsewhere there is none to leave the first owner's code in.
        ...(ON_POSTGRES ? { BONIN_DATA: this.data } : {}),
        BONIN_LISTEN: '127.0.0.1:0',
        BONIN_PUBLIC_URL: 'https://bonin.example',
        BONIN_READY_FILE: ready,
        ...env,
      },
    });
    ({ gateway: this.gateway, metrics: this.metrics } = await this.program.ready('the ready file', readyFile(ready)));
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

  /** The gateway is gone from one moment to the next. */
  async killGateway() {
    this.release?.();
    this.release = undefined;
    this.program.kill();
    await this.program.finished();
  }

  async stop() {
    this.release?.();
    if (this.program && !this.program.exit) await this.program.stop();
    if (!this.sandboxProgram.exit) await this.sandboxProgram.stop();
    await this.database.drop();
    await removeFolder(this.folder);
  }
}
