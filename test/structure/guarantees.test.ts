import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { knockOuts } from '../fault-engine/knock-outs.ts';

const text = readFileSync(join(packageRoot(), 'docs', 'guarantees.md'), 'utf8');
/** Of the tables of promises: promise, what it rests on, tests. */
const promises = [...text.matchAll(/^\| (?!promise|---|knock-out|fault)(.+?) \| (.+?) \| (`test\/.+?) \|$/gm)];

test('every promise names tests, and these exist', () => {
  assert.ok(promises.length > 20, `${promises.length} promises found`);
  for (const [, promise, , tests = ''] of promises) {
    const paths = [...tests.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
    assert.ok(paths.length > 0, promise);
    for (const path of paths) assert.ok(existsSync(join(packageRoot(), path)), `${promise}: ${path}`);
  }
});

test('every mend that the fault engine can take out stands in the table of what it found', () => {
  for (const name of Object.keys(knockOuts)) assert.ok(text.includes(`| \`${name}\` |`), name);
});
