// The database of a gateway under test: a file, or with BONIN_E2E_DATABASE=postgres a database of its own on the shared PostgreSQL
// server. What a test does behind Bonin's back is one text for both.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { command } from './command.mjs';
import { Postgres } from './postgres.mjs';

export const ON_POSTGRES = process.env.BONIN_E2E_DATABASE === 'postgres';

export class Database {
  /** A new one, which is a file in this folder unless the tests run on PostgreSQL. It is empty: `bonin migrate` comes next. */
  static async make(folder) {
    return ON_POSTGRES ? PostgresDatabase.make() : Database.at(join(folder, 'bonin.db'));
  }

  /** The one in a file. */
  static at(file) {
    return new SqliteDatabase(file);
  }

  /** Every value that is not text or a number, of every row that comes of a query, in order, as hexadecimal digits. */
  async blobs(sql, ...values) {
    const rows = await this.rows(sql, ...values);
    return rows.flatMap((row) => Object.values(row).filter(isBlob).map((value) => value.slice(2)));
  }

  /** Every row of every table: `[[table, row], …]`. */
  async everything() {
    const found = [];
    for (const table of await this.tables()) {
      for (const row of await this.rows(`SELECT * FROM ${table}`)) found.push([table, row]);
    }
    return found;
  }
}

/** Binary values come as `\x` and hexadecimal digits. */
export const isBlob = (value) => typeof value === 'string' && /^\\x([0-9a-f]{2})*$/.test(value);

const SQLITE = `
import json, sqlite3, sys
asked = json.load(sys.stdin)
value = lambda v: bytes.fromhex(v["hex"]) if isinstance(v, dict) else v
shown = lambda v: "\\\\x" + v.hex() if isinstance(v, bytes) else v
database = sqlite3.connect(asked["file"], timeout=20)
with database:
    done = database.execute(asked["sql"], [value(v) for v in asked["values"]])
    names = [column[0] for column in done.description or []]
    rows = [dict(zip(names, map(shown, row))) for row in done]
    json.dump({"rows": rows, "changed": done.rowcount}, sys.stdout)
`;

const SQLITE_HELD = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.read()
`;

class SqliteDatabase extends Database {
  constructor(file) {
    super();
    Object.assign(this, { file, url: `sqlite://${file}` });
  }

  async run(sql, values) {
    const asked = {
      file: this.file,
      sql,
      values: values.map((value) => (Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value)),
    };
    const { code, stdout, stderr } = await command('python3', ['-c', SQLITE], { input: JSON.stringify(asked) });
    if (code !== 0) throw new Error(`${sql}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** The rows that come of a query. `?` stands for a value. */
  async rows(sql, ...values) {
    return (await this.run(sql, values)).rows;
  }

  /** How many rows a statement changed. */
  async change(sql, ...values) {
    return (await this.run(sql, values)).changed;
  }

  async tables() {
    return (await this.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlx%' ORDER BY name")).map(({ name }) => name);
  }

  /** What a thief of the disk would have: `{name: bytes}`. */
  async files() {
    const [folder, name] = [dirname(this.file), basename(this.file)];
    const names = (await readdir(folder)).filter((file) => file.startsWith(name));
    return Object.fromEntries(await Promise.all(names.map(async (file) => [file, await readFile(join(folder, file))])));
  }

  /** What tells whether a thief would find some bytes, given as hexadecimal digits, in what there is now. */
  async searched() {
    const files = Object.values(await this.files());
    return (hex) => files.some((file) => file.includes(Buffer.from(hex, 'hex')));
  }

  /** Nobody can write until what this gives is called; looking goes on. */
  async lock() {
    return this.hold('BEGIN IMMEDIATE');
  }

  /** Somebody looks at what is there now until what this gives is called; writing goes on. */
  async read() {
    return this.hold('BEGIN', 'SELECT COUNT(*) FROM store');
  }

  /** Somebody has done these statements in a transaction, and leaves it open until what this gives is called. */
  hold(...statements) {
    return held(spawn('python3', ['-c', SQLITE_HELD, this.file, ...statements], { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  async drop() {} // it goes with its folder
}

/** A statement of a test in PostgreSQL's words, with its values in it. */
function filled(sql, values) {
  const rest = [...values];
  const literal = (value) => {
    if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'::bytea`;
    return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
  };
  return sql.replaceAll('?', () => literal(rest.shift()));
}

class PostgresDatabase extends Database {
  static async make() {
    const server = await Postgres.shared();
    const made = await server.createDatabase();
    return Object.assign(new PostgresDatabase(), { server, ...made });
  }

  async rows(sql, ...values) {
    const printed = await this.server.in(this.name, `SELECT row_to_json(q) FROM (${filled(sql, values)}) q`);
    return printed.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  async change(sql, ...values) {
    const counted = `WITH done AS (${filled(sql, values)} RETURNING 1) SELECT COUNT(*) FROM done`;
    return Number(await this.server.in(this.name, counted));
  }

  async tables() {
    const printed = await this.server.in(this.name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%sqlx%' ORDER BY 1");
    return printed.split('\n').filter(Boolean);
  }

  async files() {
    const [folder, oid] = (
      await this.server.in(
        this.name,
        'CHECKPOINT',
        "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()",
      )
    )
      .trim()
      .split('|');
    const own = join(folder, 'base', oid);
    const names = await readdir(own);
    return Object.fromEntries(await Promise.all(names.map(async (file) => [`${file} of PostgreSQL`, await readFile(join(own, file))])));
  }

  /** All tables in one question. */
  async everything() {
    const row = (table) => `SELECT json_build_array('${table}', row_to_json(q))::text FROM ${table} q`;
    const printed = await this.server.in(this.name, (await this.tables()).map(row).join(' UNION ALL '));
    return printed.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** In any row: what PostgreSQL's files still hold of rows that are gone is the operator's to clean up. */
  async searched() {
    const rows = JSON.stringify(await this.everything());
    return (hex) => rows.includes(hex);
  }

  async lock() {
    const psql = spawn('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', this.server.url(this.name)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const tables = (await this.tables()).join(', ');
    psql.stdin.write(`BEGIN;\nLOCK TABLE ${tables} IN EXCLUSIVE MODE;\n\\echo locked\n`);
    return held(psql);
  }

  drop() {
    return this.server.dropDatabase(this);
  }
}

/** A program that holds a lock once it says so, and until its input ends. */
async function held(child) {
  const ended = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`${child.spawnfile} held no lock, or lost it, and ended with ${code}`);
  });
  const nothing = ended.then(() => assert.fail(`${child.spawnfile} ended without a lock`));
  await Promise.race([once(child.stdout, 'data'), nothing]);
  return async () => {
    child.stdin.end();
    await ended;
  };
}
