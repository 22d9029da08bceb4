import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Starts the commands of the separate shape, at most `jobs` at a time, and does nothing else. */
const [folder = '', count = '', jobs = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
let next = 0;

async function work(): Promise<void> {
  while (next < Number(count)) {
    const n = String(next);
    next += 1;
    const child = spawn('/bin/sh', ['-c', 'echo "$1" > "$2"', 'sh', n, join(folder, n)], { stdio: 'ignore' });
    await new Promise((resolve) => child.on('exit', resolve));
  }
}

await Promise.all(Array.from({ length: Number(jobs) }, work));
