// Starts and stops the real binary, and bounds every wait for it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BINARY =
  process.env.BONIN_BIN ?? fileURLToPath(new URL('../../target/debug/bonin', import.meta.url));

const READY_MS = 30_000;
const STOP_MS = 20_000;
const COMMAND_MS = 30_000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks `probe` until it gives something, or fails with `what` once the time is over. */
export async function waitFor(what, probe, { ms = 10_000, every = 25 } = {}) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > end) throw new Error(`gave up after ${ms} ms waiting for ${what}`);
    await sleep(every);
  }
}

export function temporaryFolder() {
  return mkdtemp(join(tmpdir(), 'bonin-e2e-'));
}

export function removeFolder(folder) {
  return rm(folder, { recursive: true, force: true });
}

/** The environment without any `BONIN_*` setting of whoever runs the tests. */
export function cleanEnvironment(extra) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('BONIN_') || name === 'BONIN_TEST_RUN',
  );
  return { ...Object.fromEntries(inherited), ...extra };
}

/** A running `bonin …`. */
export class Program {
  stdout = '';
  stderr = '';
  exit; // {code, signal} once it has ended

  /** `under`: a program that runs it, as `strace` does, with its arguments. */
  constructor(args, { env = {}, cwd, under = [] } = {}) {
    this.args = args;
    const [file, ...rest] = [...under, BINARY, ...args];
    this.child = spawn(file, rest, {
      cwd,
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve((this.exit = { code: null, signal: null, error })));
      // `close`, not `exit`: only then has all output been read.
      this.child.on('close', (code, signal) => resolve((this.exit = { code, signal })));
    });
    // A test file that dies must not leave the program behind.
    this.kill = () => this.child.kill('SIGKILL');
    process.once('exit', this.kill);
    this.ended.then(() => process.removeListener('exit', this.kill));
  }

  describe() {
    return `bonin ${this.args.join(' ')}\n--- stdout\n${this.stdout.slice(-4000)}\n--- stderr\n${this.stderr.slice(-4000)}`;
  }

  /** Waits until `probe` gives something; fails at once if the program ends first. */
  ready(what, probe, ms = READY_MS) {
    return waitFor(
      what,
      async () => {
        if (this.exit) {
          throw new Error(`ended (${this.exit.error ?? this.exit.code}) before ${what}: ${this.describe()}`);
        }
        return probe();
      },
      { ms },
    ).catch((error) => {
      this.kill();
      throw new Error(`${error.message}\n${this.describe()}`);
    });
  }

  /** Waits for the program to end by itself. */
  async finished(ms = COMMAND_MS) {
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(() => resolve('late'), ms)));
    const outcome = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    if (outcome === 'late') {
      this.kill();
      throw new Error(`still running after ${ms} ms: ${this.describe()}`);
    }
    if (outcome.error) throw outcome.error;
    return outcome;
  }

  /** Stops it as an operator would and holds it to ending well. */
  async stop() {
    if (!this.exit) this.child.kill('SIGTERM');
    const { code, signal } = await this.finished(STOP_MS);
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, `SIGTERM drains and exits 0: ${this.describe()}`);
  }
}

/** Runs `bonin …` to its end: `{code, stdout, stderr}`. */
export async function run(args, options) {
  const program = new Program(args, options);
  const { code } = await program.finished();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Runs `bonin … --json`, which must succeed, and reads what it printed. */
export async function runJson(args, options) {
  const { code, stdout, stderr } = await run([...args, '--json'], options);
  assert.equal(code, 0, `bonin ${args.join(' ')} failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** What a `--ready-file` or `dev.json` says, once it is there. It is renamed into place, so it is whole. */
export function readyFile(path) {
  return async () => {
    try {
      return JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  };
}
