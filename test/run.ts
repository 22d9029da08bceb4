import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../tasks/core/package-root.ts';
import { outOfStep } from './support/compiled-files.ts';

/**
 * Runs the compiled tests, a process for each file: `node dist/test/run.js [part of a file's name, or its path ...]`; with
 * `STET_TEST_JOBS`, so many at a time.
 * Ends with 1 when a test fails, when none was found, and when what is compiled is not what there is.
 */
const { orphans, missing } = outOfStep(packageRoot());
if (orphans.length + missing.length > 0) {
  const lines = [
    ...orphans.map((name) => `dist/${name} has no source`),
    ...missing.map((name) => `dist/${name} is not built`),
  ];
  process.stderr.write(`${lines.join('\n')}\ntry: rm -rf dist && npm run build\n`);
  process.exit(1);
}

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv
  .slice(2)
  .map((part) => part.replace(/^(\.\/)?test\//, '').replace(/\.test\.ts$/, '.test.js'));
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort()
  .map((name) => join(here, name));

if (files.length === 0) {
  process.stderr.write(`No test file fits ${wanted.join(', ')}.\n`);
  process.exit(1);
}

const slowest: { file: string; seconds: number }[] = [];
const stream = run({
  files,
  concurrency: Number(process.env.STET_TEST_JOBS ?? Math.max(2, availableParallelism())),
  timeout: 600_000,
});
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.on('test:pass', ({ name, nesting, details }) => {
  if (nesting === 0 && details.duration_ms > 5_000) slowest.push({ file: name, seconds: details.duration_ms / 1000 });
});
stream.on('end', () => {
  for (const { file, seconds } of slowest.sort((a, b) => b.seconds - a.seconds).slice(0, 10)) {
    process.stdout.write(`slow: ${seconds.toFixed(1)} s ${relative(here, file)}\n`);
  }
});
stream.compose(new spec()).pipe(process.stdout);
