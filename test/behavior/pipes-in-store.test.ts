import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

/** Ended by their own accord, within the time that `CliProject` gives them. */
const commands = [['plan', 'one'], ['run', 'one'], ['cache', 'verify'], ['runs']] as const;

test('a pipe in the place of any file of the store or project holds no command up', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'one',
    `import { one } from '../lib/one.js';\nexport default pipeline('one', {}, () => ({ f: one({}).f }));`,
  );
  mkdirSync(join(project.folder, 'lib'));
  writeFileSync(
    join(project.folder, 'lib', 'one.ts'),
    `import { z } from 'zod';
import { task } from 'stet/task';
export const one = task({ name: 'one', inputs: {}, outputs: { f: z.string() }, run: async () => ({ f: 'x'.repeat(10) }) });\n`,
  );
  const store = join(project.folder, '.stet');
  const first = await project.run(['run', 'one']);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  const blob = firstFile(join(store, 'blobs', 'sha256'));
  const scan = readdirSync(join(store, 'code')).find((name) => name.startsWith('scan-')) ?? 'scan-none.json';
  const places = [
    join(store, 'stat-cache.jsonl'),
    join(store, 'stet-store.json'),
    join(store, 'code', scan),
    ...(blob ? [blob] : []),
    join(project.folder, 'pipeline.config.ts'),
    join(project.folder, 'lib', 'one.ts'),
  ];
  for (const place of places) {
    const kept = existsSync(place) ? execFileSync('cat', [place]) : undefined;
    rmSync(place, { force: true });
    execFileSync('mkfifo', [place]);
    for (const args of commands) {
      const { code, stderr } = await project.run(args);
      assert.notEqual(code, null, `${place}: ${args.join(' ')}`);
      assert.doesNotMatch(stderr, /mistake in the framework/, `${place}: ${args.join(' ')}`);
      if (code !== 0) assert.match(stderr, /named pipe/, `${place}: ${args.join(' ')}`);
    }
    rmSync(place, { force: true });
    if (kept) writeFileSync(place, kept);
  }
});

function firstFile(folder: string): string | undefined {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const file = entries.find((entry) => entry.isFile());
  return file && join(file.parentPath, file.name);
}
