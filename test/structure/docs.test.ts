import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';

const home = packageRoot();

/** Files and folders of ours, relative to the root. */
const ours = new Set(
  readdirSync(home, { withFileTypes: true }).flatMap(({ name }) => {
    if (['node_modules', 'dist', '.git', '.stet'].includes(name)) return [];
    return [name, ...inside(name)];
  }),
);

function inside(name: string): string[] {
  const path = join(home, name);
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((inner) => join(name, inner));
  } catch {
    return []; // a file
  }
}

/** Names that a run or a project gives to files. */
const ofRuns = new Set(['job.sh', 'job.json', 'pipeline.config.ts']);

/** What stands in backticks and looks like the path of a file or folder; `<…>` is a placeholder. */
function pathsIn(text: string): string[] {
  const quoted = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\s(){}'"=<>]+)`/g)].map(
    ([, path = '']) => path,
  );
  return quoted.filter((path) => !ofRuns.has(path) && (path.includes('/') || /\.(ts|cjs|md|json|sh|py)$/.test(path)));
}

/** From the root, or, where the sentence has named the folder already, by its last part: `kinds/`, `launcher.ts`. */
function isOurs(path: string): boolean {
  const name = path.replace(/\/\*?$/, '');
  return ours.has(name) || [...ours].some((each) => each.endsWith(`/${name}`));
}

for (const [document, atLeast] of [
  ['README.md', 1],
  ['CONTRIBUTING.md', 15],
  ['ARCHITECTURE.md', 30],
] as const) {
  test(`every file and folder that ${document} names exists`, () => {
    assert.ok(existsSync(join(home, document)));
    const paths = pathsIn(readFileSync(join(home, document), 'utf8'));
    assert.ok(paths.length >= atLeast, `${paths.length} paths found`);
    assert.deepEqual(
      paths.filter((path) => !isOurs(path)),
      [],
    );
  });
}
