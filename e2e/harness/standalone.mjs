// `bonin sandbox` by itself.

import { Program } from './program.mjs';
import { Sandbox } from './sandbox.mjs';
import { freePort } from './port.mjs';

export async function startSandbox() {
  const address = `127.0.0.1:${await freePort()}`;
  const program = new Program(['sandbox', '--listen', address]);
  const sandbox = new Sandbox(`http://${address}`);
  await program.ready('the sandbox to answer', async () => {
    try {
      return Array.isArray(await sandbox.call('GET', '/sandbox/people'));
    } catch (error) {
      if (error.cause?.code === 'ECONNREFUSED') return undefined;
      throw error;
    }
  });
  return { program, sandbox };
}
