import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { builtIn } from '../../runner/site/registry.ts';

const root = packageRoot();
const registry = 'runner/site/registry.ts';
const names = Object.keys(builtIn);
const folders = names.map((name) => `runner/executors/${name}/`);

const sources = readdirSync(join(root, 'runner'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .map((name) => join('runner', name));
const inside = (file: string): boolean => folders.some((folder) => file.startsWith(folder));
const outside = sources.filter((file) => file !== registry && !inside(file));

interface Import {
  readonly path: string;
  readonly isOfTypes: boolean;
  /** Inside a function: loaded when that is called. */
  readonly isLate: boolean;
}

function importsOf(file: string): Import[] {
  const found = codeOf(file).matchAll(/(import type [^;]*?\bfrom\s*|\bfrom\s*|\bimport\s*(\(?)\s*)'(\.{1,2}\/[^']+)'/g);
  return [...found].map(([, how = '', late, path = '']) => ({
    path: relative(root, join(root, dirname(file), path)),
    isOfTypes: how.startsWith('import type'),
    isLate: late === '(',
  }));
}

function codeOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

test('the executors are found where they are looked for', () => {
  assert.ok(names.length >= 2);
  for (const folder of folders) assert.ok(sources.includes(join(folder, 'door.ts')), folder);
});

test('nothing but an executor itself and the registry imports from its folder', () => {
  const wrong = outside.flatMap((file) => {
    const paths = importsOf(file).map(({ path }) => path);
    return paths.filter(inside).map((path) => `${file} -> ${path}`);
  });
  assert.deepEqual(wrong, []);
});

test('no executor imports from the folder of another', () => {
  const wrong = sources.flatMap((file) => {
    const own = folders.find((folder) => file.startsWith(folder));
    if (own === undefined) return [];
    const paths = importsOf(file).map(({ path }) => path);
    return paths.filter((path) => inside(path) && !path.startsWith(own)).map((path) => `${file} -> ${path}`);
  });
  assert.deepEqual(wrong, []);
});

test('no other file knows the name of an executor, but for the default', () => {
  const name = new RegExp(`(['"\`])(?:${names.join('|')})\\1`);
  const known = outside.filter((file) => name.test(codeOf(file)));
  assert.deepEqual(known, ['runner/site/default-executor.ts']);
});

test('a door loads no more than the schema of its part of the site file before it is used', () => {
  for (const folder of folders) {
    const early = importsOf(join(folder, 'door.ts')).filter(({ isLate, isOfTypes }) => !isLate && !isOfTypes);
    assert.deepEqual(
      early.filter(({ path }) => !path.endsWith('-site.ts')).map(({ path }) => path),
      [],
    );
  }
});

test('what people see is drawn without an executor: views and words know only types', () => {
  const wrong = outside.flatMap((file) => {
    if (!/^runner\/(views|words)\//.test(file)) return [];
    const values = importsOf(file).filter(({ path, isOfTypes }) => path.startsWith('runner/executors/') && !isOfTypes);
    return values.map(({ path }) => `${file} -> ${path}`);
  });
  assert.deepEqual(wrong, []);
});
