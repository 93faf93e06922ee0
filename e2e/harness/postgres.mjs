// A real PostgreSQL server: one that all tests share (BONIN_TEST_POSTGRES, or started here), or one of a test's own, which may be
// stopped, frozen and started again. scripts/postgres makes it.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, succeed } from './command.mjs';
import { removeFolder, temporaryFolder } from './program.mjs';

const SCRIPT = fileURLToPath(new URL('../../scripts/postgres', import.meta.url));
const STOP_MS = 30_000;
const SIGNALS = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' };

let shared;

export class Postgres {
  /** A server of one's own: `dispose` of it. */
  static async start() {
    const server = new Postgres();
    server.folder = await temporaryFolder();
    await chmod(server.folder, 0o711); // PostgreSQL does not run as root, and has to come in
    await server.restart();
    return server;
  }

  /** The server for whoever only needs databases. It is not to be stopped; it ends with the tests. */
  static shared() {
    shared ??= process.env.BONIN_TEST_POSTGRES
      ? Promise.resolve(Object.assign(new Postgres(), { address: process.env.BONIN_TEST_POSTGRES }))
      : Postgres.start().then((server) => {
          server.child.unref();
          process.once('exit', () => {
            spawnSync(SCRIPT, ['stop', server.folder, 'immediate']);
            rmSync(server.folder, { recursive: true, force: true });
          });
          return server;
        });
    return shared;
  }

  /** A superuser's address of this database. */
  url(database = 'postgres') {
    const url = new URL(this.address);
    url.pathname = `/${database}`;
    return url.href;
  }

  /** The authority of the server's certificate, which names `localhost` and 127.0.0.1. */
  get authority() {
    return join(this.folder, 'ca.pem');
  }

  /**
   * A new database and a role that owns it and may do nothing else, as an installation should have it: `{name, url, password}`, `url`
   * being that of the role.
   */
  async createDatabase() {
    const name = `bonin_${randomBytes(8).toString('hex')}`;
    const password = randomBytes(12).toString('hex');
    await this.sql(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`, `CREATE DATABASE ${name} OWNER ${name}`);
    const url = new URL(this.url(name));
    Object.assign(url, { username: name, password });
    // The driver takes a seventh of a second longer to connect with TLS. What tests TLS says another mode.
    url.searchParams.set('sslmode', 'disable');
    return { name, password, url: url.href };
  }

  /** Removes it, whoever is still connected. */
  async dropDatabase({ name }) {
    await this.sql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, `DROP ROLE IF EXISTS ${name}`);
  }

  /** Runs each statement in a transaction of its own, as superuser; gives what they printed, columns parted by `|`. */
  async sql(...statements) {
    return this.in('postgres', ...statements);
  }

  /** The same in a database. */
  async in(database, ...statements) {
    const args = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database)];
    return succeed('psql', [...args, ...statements.flatMap((sql) => ['-c', sql])]);
  }

  /** Stops it: `fast` ends connections, `immediate` is what a crash leaves, `smart` waits for clients. */
  async stop(mode = 'fast') {
    if (!this.child) return;
    const { child } = this;
    this.child = undefined;
    child.kill(SIGNALS[mode]);
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(() => resolve('late'), STOP_MS)));
    const how = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    if (how === 'late') {
      child.kill('SIGQUIT');
      throw new Error(`PostgreSQL was still there ${STOP_MS} ms after a ${mode} stop: ${this.log()}`);
    }
  }

  /** Starts it again, with the same data and the same address. */
  async restart() {
    if (this.child) throw new Error('the server is running');
    const log = openSync(join(this.folder, 'log'), 'a');
    // It ends with this process, however that ends.
    const child = spawn(SCRIPT, ['run', this.folder], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.on('error', resolve);
      child.on('exit', resolve);
    });
    const ready = command(SCRIPT, ['url', this.folder], { ms: 60_000 });
    const { code, stdout, stderr } = await Promise.race([ready, this.ended.then(() => ({ code: 1, stderr: 'it ended\n' }))]);
    if (code !== 0) throw new Error(`PostgreSQL did not start: ${stderr}${this.log()}`);
    this.address = stdout.trim();
  }

  /** Everything that the server logged. */
  log() {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }

  /** Freezes it: connections stay open and say nothing. */
  pause() {
    // A frozen process does not even notice that it was told to end.
    this.thaw = () => this.resume();
    process.once('exit', this.thaw);
    this.child.kill('SIGSTOP'); // first, so that it starts no more
    this.signal('SIGSTOP');
  }

  /** Lets it go on. */
  resume() {
    process.removeListener('exit', this.thaw);
    this.signal('SIGCONT');
  }

  signal(name) {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, name);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error; // a connection has just ended
      }
    }
  }

  /** The server's first process and those that it started. */
  processes() {
    const main = this.child.pid;
    const children = readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ')[1]) === main;
      } catch {
        return false; // it has just ended
      }
    });
    return [main, ...children.map(Number)];
  }

  async dispose() {
    if (this.child) {
      if (this.thaw) this.resume();
      await this.stop('immediate');
    }
    await removeFolder(this.folder);
  }
}
