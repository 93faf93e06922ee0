// `bonin …` as an operator types it: what it printed is kept, so that secrets can be looked for in it.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './command.mjs';
import { BINARY, cleanEnvironment, removeFolder, temporaryFolder } from './program.mjs';
import { startSandbox } from './standalone.mjs';

export class Shell {
  /** Everything that was printed, but for what a command shows once. */
  transcript = '';

  constructor(env) {
    this.env = env;
  }

  /** `{code, stdout, stderr}`. `once`: what it prints is shown once, and is a secret. */
  async run(args, { input, env = {}, once = false } = {}) {
    const ran = await command(BINARY, args, { input, env: cleanEnvironment({ ...this.env, ...env }), ms: 30_000 });
    this.transcript += once ? ran.stderr : ran.stdout + ran.stderr;
    assert.doesNotMatch(ran.stderr, /panicked|RUST_BACKTRACE/);
    return ran;
  }

  /** What it prints for people. It must succeed, and say nothing on stderr. */
  async says(args, options) {
    const { code, stdout, stderr } = await this.run(args, options);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `bonin ${args.join(' ')}`);
    return stdout;
  }

  /** What it prints for machines. */
  async json(args, options) {
    return JSON.parse(await this.says([...args, '--json'], options));
  }

  /** It must fail, with this status and one line that says why. */
  async refuses(args, wanted, { status = 1, ...options } = {}) {
    const { code, stdout, stderr } = await this.run(args, options);
    assert.equal(code, status, `bonin ${args.join(' ')}: ${stderr}`);
    assert.match(stderr, wanted);
    if (status === 1) assert.match(stderr, /^bonin: [^\n]+\n$/, 'one line');
    return stdout;
  }
}

/** A migrated data folder, and a sandbox with a merchant of its own. */
export class Installation {
  static async make(siteCd = 'S0001') {
    const made = new Installation();
    made.folder = await temporaryFolder();
    made.data = join(made.folder, 'data');
    made.shell = new Shell({
      BONIN_DATA: made.data,
      BONIN_PUBLIC_URL: 'http://127.0.0.1:8787',
      BONIN_LISTEN: '127.0.0.1:0',
    });
    await made.shell.says(['migrate']);
    ({ program: made.sandboxProgram, sandbox: made.sandbox } = await startSandbox());
    made.siteCd = siteCd;
    await made.sandbox.call('POST', '/sandbox/merchants', { siteCd, resultUrlHosts: ['127.0.0.1'] });
    made.credentials = await made.sandbox.credentials(siteCd);
    return made;
  }

  store(name, ...args) {
    return this.shell.json(['store', 'create', '--name', name, '--kind', 'test', ...args]);
  }

  secret(store, ...args) {
    return this.shell.json(['secret', 'create', '--store', store, ...args], { once: true });
  }

  /** A TEST channel with all of the merchant's credentials. */
  async channel(store, name = '채널') {
    return this.shell.json([
      ...['channel', 'create', '--store', store, '--name', name, '--kind', 'test', '--site-cd', this.siteCd],
      ...(await this.hubFiles(this.credentials)),
      ...['--enc-key-file', await this.file('enc-key', `${this.credentials.encKey}\n`)],
      ...['--hub-url', this.sandbox.address, '--window-url', this.sandbox.address],
    ]);
  }

  /** A file with this text, for flags that take one. */
  async file(name, text) {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  async hubFiles({ certificatePem, privateKeyPem, privateKeyPassword }, name = 'hub') {
    return [
      ...['--certificate', await this.file(`${name}-cert.pem`, certificatePem)],
      ...['--private-key', await this.file(`${name}-key.pem`, privateKeyPem)],
      ...['--private-key-password-file', await this.file(`${name}-password`, `${privateKeyPassword}\n`)],
    ];
  }

  /** The newest entry of the audit. */
  async newest() {
    return (await this.shell.json(['audit', 'list', '--size', '1'])).entries[0];
  }

  async stop() {
    await this.sandboxProgram?.stop();
    await removeFolder(this.folder);
  }
}
