// `bonin sandbox` by itself.

import { createServer } from 'node:net';
import { join } from 'node:path';
import { Program, readyFile, removeFolder, temporaryFolder } from './program.mjs';
import { Sandbox } from './sandbox.mjs';

export async function startSandbox(env = {}) {
  const folder = await temporaryFolder();
  const ready = join(folder, 'ready.json');
  const program = new Program(['sandbox', '--listen', '127.0.0.1:0', '--ready-file', ready], { env });
  try {
    const info = await program.ready('the ready file', readyFile(ready));
    return { program, sandbox: new Sandbox(info.sandbox) };
  } finally {
    await removeFolder(folder);
  }
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
