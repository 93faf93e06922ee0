// `bonin dev` for a test file: the gateway and the sandbox in one process, on free ports, with a folder of its own.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PortOneClient } from '@portone/server-sdk';
import { holdToContract } from './contract.mjs';
import { Database, ON_POSTGRES } from './database.mjs';
import { Program, readyFile, removeFolder, runJson, temporaryFolder } from './program.mjs';
import { Sandbox } from './sandbox.mjs';

export const STORE = 'store-00000000-0000-4000-8000-000000000001';
export const STORE_2 = 'store-00000000-0000-4000-8000-000000000002';
export const SECRET = 'bonin-dev-secret-do-not-use-in-production';
export const SECRET_2 = 'bonin-dev-secret-2-do-not-use-in-production';
export const CHANNEL = 'channel-key-00000000-0000-4000-8000-000000000001';
export const CHANNEL_WINDOW_ONLY = 'channel-key-00000000-0000-4000-8000-000000000002';
export const CHANNEL_HUB_ONLY = 'channel-key-00000000-0000-4000-8000-000000000003';

export class Dev {
  /** Starts it and, unless told otherwise, holds every answer fetched from it to its own OpenAPI document. */
  static async start({ args = [], env = {}, contract = true } = {}) {
    const dev = new Dev();
    dev.folder = await temporaryFolder();
    dev.data = join(dev.folder, 'data');
    dev.database = await Database.make(dev.data);
    const ready = join(dev.folder, 'ready.json');
    dev.program = new Program(
      [
        'dev',
        ...['--listen', '127.0.0.1:0', '--sandbox-listen', '127.0.0.1:0'],
        ...['--data', dev.data, '--ready-file', ready],
        ...(ON_POSTGRES ? ['--database', dev.database.url] : []),
        ...args,
      ],
      { env },
    );
    dev.info = await dev.program.ready('the ready file', readyFile(ready));
    dev.gateway = dev.info.gateway;
    dev.sandbox = new Sandbox(dev.info.sandbox);
    if (contract) Object.assign(dev, await holdToContract(dev.gateway));
    return dev;
  }

  /** The official SDK, as a user makes it. */
  sdk({ secret = SECRET, storeId } = {}) {
    return PortOneClient({ secret, storeId, baseUrl: this.gateway }).identityVerification;
  }

  /** What a command needs to work on the same database. */
  get env() {
    return { BONIN_DATA: this.data, ...(ON_POSTGRES ? { BONIN_DATABASE: this.database.url } : {}) };
  }

  /** An administrative command with `--json`. */
  json(args) {
    return runJson(args, { env: this.env });
  }

  /** What the shell says happened to this verification, oldest first. */
  async timeline(id, store = STORE) {
    return this.json(['verification', 'timeline', '--store', store, '--id', id]);
  }

  async stop() {
    this.release?.();
    await this.program.stop();
    await this.database.drop();
    await removeFolder(this.folder);
    if (this.contract) assert.ok(this.contract.checked > 0, 'answers were held to the contract');
  }
}
