// What the README and /docs tell a newcomer to paste does what it says. Only addresses are exchanged: tests use free ports.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { command } from './harness/command.mjs';
import { Dev, STORE } from './harness/dev.mjs';
import { BINARY, removeFolder, runJson, temporaryFolder, waitFor } from './harness/program.mjs';
import { freePort } from './harness/standalone.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));

/** The code between two markers of a README, without the prose between its blocks. */
async function block(readme, name) {
  const text = await readFile(join(HERE, '..', readme), 'utf8');
  const marked = text.match(new RegExp(`<!-- ${name}:begin -->([\\s\\S]*?)<!-- ${name}:end -->`));
  assert.ok(marked, `${readme} has a block ${name}`);
  const code = [...marked[1].matchAll(/```(?:bash|js)\n([\s\S]*?)```/g)].map((match) => match[1]);
  assert.ok(code.length > 0, `${readme}: ${name} holds code`);
  return code.join('\n');
}

function at(code, { gateway, sandbox }) {
  assert.ok(code.includes('http://127.0.0.1:8787'), 'it names the gateway');
  return code.replaceAll('http://127.0.0.1:8787', gateway).replaceAll('http://127.0.0.1:8788', sandbox);
}

async function bash(script, options) {
  const { code, stdout, stderr } = await command('bash', ['-euo', 'pipefail', '-c', script], options);
  assert.equal(code, 0, `${script}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`);
  return stdout;
}

for (const readme of ['README.md', 'README.ko.md']) {
  describe(readme, () => {
    test('the first curl pair verifies a person in `bonin dev`', async () => {
      const dev = await Dev.start({ contract: false });
      try {
        const told = await bash(at(await block(readme, 'first-verification'), dev.info));
        assert.match(told, /^\{\}/, 'send answers {}');
        assert.match(told, /"status":"VERIFIED"/);
      } finally {
        await dev.stop();
      }
    });

    test('the script with the official SDK verifies a person in `bonin dev`', async () => {
      const dev = await Dev.start({ contract: false });
      try {
        const script = at(await block(readme, 'sdk'), dev.info);
        const { code, stdout, stderr } = await command('node', ['--input-type=module'], { cwd: HERE, input: script });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^VERIFIED /);
      } finally {
        await dev.stop();
      }
    });

    test('`serve` and `sandbox`, set up by the block, verify a person', async () => {
      const folder = await temporaryFolder();
      const [gatewayPort, sandboxPort] = [await freePort(), await freePort()];
      try {
        const bin = join(folder, 'bin');
        await mkdir(bin);
        await symlink(BINARY, join(bin, 'bonin'));
        const script = [await block(readme, 'serve'), await block(readme, 'serve-verification')].join('\n');
        const told = await bash(
          `trap 'kill \${SERVE_PID:-} \${SANDBOX_PID:-}; wait' EXIT\n${at(script, {
            gateway: `http://127.0.0.1:${gatewayPort}`,
            sandbox: `http://127.0.0.1:${sandboxPort}`,
          })}`,
          {
            // The data folder is made where the reader stands.
            cwd: folder,
            env: {
              ...process.env,
              PATH: `${bin}:${process.env.PATH}`,
              BONIN_LISTEN: `127.0.0.1:${gatewayPort}`,
              BONIN_SANDBOX_LISTEN: `127.0.0.1:${sandboxPort}`,
            },
          },
        );
        assert.match(told, /"status":"VERIFIED"/);
        assert.equal(told.match(/^(window|hub) +works +0000/gm)?.length, 2, 'the channel works');
        assert.match(told, /asked_pg +2300 +0000/);
      } finally {
        await removeFolder(folder);
      }
    });
  });
}

test('the receiver that /docs shows takes what `bonin dev` sends, and refuses what it did not send', async () => {
  const dev = await Dev.start({ contract: false });
  let receiver;
  try {
    const page = await (await fetch(new URL('/docs', dev.gateway))).text();
    const shown = /<figcaption>받는 서버[^<]*<\/figcaption><pre[^>]*><code>([^<]*)<\/code>/.exec(page)[1];
    const code = shown.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const env = { ...dev.env, BONIN_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' };
    const shell = (args) => runJson(['webhook', ...args], { env });
    const made = await shell(['create', '--store', STORE, '--url', url, '--event', 'IdentityVerification.Verified']);

    assert.ok(code.includes('listen(3000)'), code);
    receiver = spawn('node', ['--input-type=module', '-e', code.replace('3000', String(port))], {
      cwd: HERE,
      env: { ...process.env, WEBHOOK_SECRET: made.secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    receiver.stdout.setEncoding('utf8').on('data', (text) => (told += text));
    const post = () => fetch(url, { method: 'POST', body: '{}' }).catch(() => undefined);
    const refused = await waitFor('the receiver', post);
    assert.equal(refused.status, 400);
    assert.equal(told, '');

    const sent = await shell(['test', made.id, '--wait', '10s']);
    assert.equal(sent.state, 'DELIVERED', JSON.stringify(sent));
    await waitFor('what it says', () => told.startsWith('Webhook.Test'));
  } finally {
    receiver?.kill();
    await dev.stop();
  }
});
