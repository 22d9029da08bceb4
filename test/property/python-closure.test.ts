import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { pythonClosure } from '../../cache/code/python.ts';
import { withoutPython } from '../support/python.ts';
import { pythonProject, writeFiles } from '../support/python-project.ts';
import { anyEdit, filesOf, isReached, packagePlan } from '../support/random-python.ts';

const numRuns = Number(process.env.STET_TEST_RUNS ?? 25);
const seeded = process.env.STET_TEST_SEED ? { seed: Number(process.env.STET_TEST_SEED) } : {};

test('an edit that changes what a program prints changes its code; one of what it cannot reach does not', {
  skip: withoutPython('sys'),
  timeout: 120_000,
}, async (t) => {
  const python = interpreter();
  const seen = { changed: 0, unreached: 0 };
  fc.assert(
    fc.property(packagePlan, fc.array(anyEdit, { minLength: 3, maxLength: 5 }), (plan, edits) => {
      const root = pythonProject(t, filesOf(plan));
      const [printed, before] = [run(python, root), digestsIn(root)];
      for (const edit of edits) {
        writeFiles(root, filesOf(plan, edit));
        const [now, after] = [run(python, root), digestsIn(root)];
        const isSame = JSON.stringify(after) === JSON.stringify(before);
        if (now !== printed) {
          seen.changed += 1;
          assert.ok(!isSame, `${JSON.stringify(edit)}: printed\n${printed}and then\n${now}`);
        }
        const isUnreached = edit.kind === 'comment' || (edit.kind === 'salt' && !isReached(plan, edit.of));
        if (isUnreached) {
          seen.unreached += 1;
          assert.deepEqual(after, before, JSON.stringify(edit));
        }
      }
      rmSync(root, { recursive: true });
    }),
    { numRuns, ...seeded },
  );
  assert.ok(seen.changed > 10 && seen.unreached > 5, JSON.stringify(seen));
});

/** Not a wrapper around it, which would take longer to start than the program. */
function interpreter(): string {
  return spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim();
}

/** What it prints, with the kind of its failure. */
function run(python: string, root: string): string {
  const { stdout, stderr, status } = spawnSync(python, ['-S', '-B', 'main.py'], { cwd: root, encoding: 'utf8' });
  return `${status} ${stdout}${/^(\w+Error): .*$/m.exec(stderr)?.[0] ?? ''}\n`;
}

function digestsIn(root: string): Readonly<Record<string, string>> {
  return pythonClosure(root, 'main.py').digests;
}
