// Runs a program that is not ours to its end, bounded.

import { spawn } from 'node:child_process';

/** `{code, stdout, stderr}` of the program, which gets `input` on its standard input. */
export function command(file, args, { input = '', ms = 60_000, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => (out[name] += text));
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${file} ${args[0]} was still running after ${ms} ms: ${out.stderr}`));
    }, ms);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...out });
    });
    child.stdin.on('error', () => {}); // it may end without reading; its exit status tells
    child.stdin.end(input);
  });
}

/** The same for a program that must succeed; gives what it printed. */
export async function succeed(file, args, options) {
  const { code, stdout, stderr } = await command(file, args, options);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} exited with ${code}: ${stderr}`);
  return stdout;
}
