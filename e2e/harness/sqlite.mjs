// What a SQLite database holds, looked at by another program than Bonin, and in a copy: whoever opens the file itself moves its log.

import { copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { succeed } from './command.mjs';
import { removeFolder, temporaryFolder } from './program.mjs';

const QUERY = `
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
for sql in json.load(sys.stdin):
    print(json.dumps(database.execute(sql).fetchall()))
`;

/** The rows of each query, from the files as they lie there. Nobody may be writing. */
export async function queryCopy(file, queries) {
  const folder = await temporaryFolder();
  try {
    const copy = join(folder, basename(file));
    await copyFile(file, copy);
    // Where the last connection was closed in good order there is none.
    await copyFile(`${file}-wal`, `${copy}-wal`).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const printed = await succeed('python3', ['-c', QUERY, copy], { input: JSON.stringify(queries) });
    return printed.trim().split('\n').map((line) => JSON.parse(line));
  } finally {
    await removeFolder(folder);
  }
}
