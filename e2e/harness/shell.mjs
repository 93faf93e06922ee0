// `bonin …` as an operator types it: what it printed is kept, so that secrets can be looked for in it.

import assert from 'node:assert/strict';
import { command, succeed } from './command.mjs';
import { BINARY, cleanEnvironment } from './program.mjs';

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

const SQL = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=10) as database:
    database.execute("PRAGMA foreign_keys = OFF")
    for statement in sys.stdin.read().split(";"):
        database.execute(statement)
`;

/** Changes the database behind Bonin's back, as whoever got hold of the file could. */
export function tamper(file, statements) {
  return succeed('python3', ['-c', SQL, file], { input: statements });
}
