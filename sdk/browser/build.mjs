// Builds dist/ from src/. With `--check` it writes nothing and fails where dist/ is not byte for byte what src/ builds.
//
// dist/ is committed, and the gateway embeds it, so that building the gateway needs no Node.

import { readFile, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const LIMIT = 12_000; // bytes of a minified script
const at = (path) => new URL(path, import.meta.url);

const OPTIONS = {
  bundle: true,
  minify: true,
  target: 'es2019',
  charset: 'utf8',
  // Pages in EUC-KR load the classic script too: the byte order mark makes it UTF-8 whatever the page is.
  banner: { js: '\uFEFF/*! Bonin browser SDK | MIT OR Apache-2.0 */' },
  absWorkingDir: at('.').pathname,
  write: false,
  logLevel: 'warning',
};

async function script(entry, format) {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [entry], format, supported: { 'import-meta': format === 'esm' } });
  const [{ contents }] = outputFiles;
  if (contents.length >= LIMIT) throw new Error(`${entry}: ${contents.length} bytes minified, ${LIMIT} are allowed`);
  return Buffer.from(contents);
}

const built = {
  'dist/browser-sdk.js': await script('src/classic.ts', 'iife'),
  'dist/browser-sdk.mjs': await script('src/module.ts', 'esm'),
  'dist/browser-sdk.d.ts': await readFile(at('src/browser-sdk.d.ts')),
};

let stale = false;
for (const [path, wanted] of Object.entries(built)) {
  if (process.argv.includes('--check')) {
    const found = await readFile(at(path)).catch(() => undefined);
    if (found === undefined || !found.equals(wanted)) {
      console.error(`sdk/browser/${path} is not what src/ builds: run \`npm run build\` and commit it`);
      stale = true;
    }
  } else {
    await writeFile(at(path), wanted);
  }
  console.log(`${path}: ${wanted.length} bytes`);
}
process.exitCode = stale ? 1 : 0;
