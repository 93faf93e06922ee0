// The modules of src/ for tests in Node, each built by itself: what is tested here needs no browser.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export async function load(module) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${module}.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2019',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
