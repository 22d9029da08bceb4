import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';

const root = packageRoot();
const layers = ['cache', 'tasks', 'pipelines', 'runner'] as const;
/** Folders of plain functions and kinds that every task may use. */
const shared = ['core', 'kinds', 'formats', 'models', 'envs'];

/** Imports by source file, both relative to the root; those of types and those inside functions included. */
const imports = new Map(layers.flatMap((layer) => sourcesIn(layer)).map((file) => [file, importsOf(file)] as const));

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(folder, name))
    .sort();
}

function importsOf(file: string): string[] {
  const text = withoutComments(readFileSync(join(root, file), 'utf8'));
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'(\.{1,2}\/[^']+)'/g);
  return [...found].map(([, path = '']) => relative(root, join(root, dirname(file), path)));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

const layerOf = (file: string): number => layers.indexOf(file.split('/')[0] as (typeof layers)[number]);
const taskFolderOf = (file: string): string | undefined => {
  const [layer, folder = '', ...rest] = file.split('/');
  return layer === 'tasks' && rest.length > 0 && !shared.includes(folder) ? folder : undefined;
};

function wrongImports(isWrong: (from: string, to: string) => boolean): string[] {
  return [...imports].flatMap(([from, all]) => all.filter((to) => isWrong(from, to)).map((to) => `${from} -> ${to}`));
}

test('the sources are found, and what they import exists', () => {
  assert.ok(imports.size > 50, `${imports.size} files in ${root}`);
  const missing = wrongImports((_, to) => to.endsWith('.ts') && !existsSync(join(root, to)));
  // Templates of new projects import what lies beside them there.
  assert.deepEqual(
    missing.filter((line) => !line.startsWith('runner/templates/')),
    [],
  );
});

test('imports lead one way: runner, pipelines, tasks, cache', () => {
  assert.deepEqual(
    wrongImports((from, to) => layerOf(to) > layerOf(from) || layerOf(to) < 0).filter(
      (line) => !line.startsWith('runner/templates/'),
    ),
    [],
  );
});

test('task folders never import each other', () => {
  const wrong = wrongImports((from, to) => {
    const [a, b] = [taskFolderOf(from), taskFolderOf(to)];
    return b !== undefined && a !== b && (a !== undefined || from.startsWith('tasks/'));
  });
  assert.deepEqual(wrong, []);
});

test('no command imports another', () => {
  const isCommand = (file: string): boolean => file.startsWith('runner/cli/commands/');
  assert.deepEqual(
    wrongImports((from, to) => isCommand(from) && isCommand(to)),
    [],
  );
});

// One file for all would put the code that writes into the recipe of every task that only reads.
test('a format is imported by the files that lie directly in its folder', () => {
  const formatOf = (file: string): string | undefined => /^tasks\/formats\/[^/]+\//.exec(file)?.[0];
  const wrong = wrongImports((from, to) => {
    const format = formatOf(to);
    return format !== undefined && to.slice(format.length).includes('/') && formatOf(from) !== format;
  });
  assert.deepEqual(wrong, []);
});

test('there are no import cycles, types included', () => {
  assert.deepEqual(cyclesOf(imports), []);
});

test('there is no ring of folders, types included', () => {
  assert.deepEqual(cyclesOf(importsBetween(dirname)), []);
  // What lies below a folder of `tasks/` belongs to it.
  assert.deepEqual(cyclesOf(importsBetween((file) => file.split('/').slice(0, 2).join('/'), ['tasks'])), []);
});

/** Of the runner: so many files are tied by a chain of imports at most, and a folder holds so many at most. */
const longestChain = 12;
const mostFiles = 20;

test('no chain of imports in the runner is longer than twelve', () => {
  const chains = new Map<string, readonly string[]>();
  const chainFrom = (file: string): readonly string[] => {
    const known = chains.get(file);
    if (known) return known;
    const next = (imports.get(file) ?? []).filter((to) => to.startsWith('runner/') && imports.has(to)).map(chainFrom);
    const chain = [file, ...next.reduce((longest, other) => (other.length > longest.length ? other : longest), [])];
    chains.set(file, chain);
    return chain;
  };
  const tooLong = [...imports.keys()].map(chainFrom).filter((chain) => chain.length > longestChain);
  assert.deepEqual(
    tooLong.map((chain) => chain.join(' -> ')),
    [],
  );
});

test('no folder of the runner is a hall', () => {
  const sizes = new Map<string, number>();
  for (const file of imports.keys()) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
  const halls = [...sizes].filter(([folder, files]) => folder.startsWith('runner') && files > mostFiles);
  assert.deepEqual(halls, []);
});

function importsBetween(
  folderOf: (file: string) => string,
  within: readonly string[] = layers,
): Map<string, Set<string>> {
  const between = new Map<string, Set<string>>();
  const counts = (file: string): boolean => {
    const [layer = ''] = file.split('/');
    return within.includes(layer);
  };
  for (const [file, all] of imports) {
    const from = folderOf(file);
    for (const to of all.filter((other) => counts(file) && counts(other)).map(folderOf)) {
      if (to !== from) between.set(from, (between.get(from) ?? new Set()).add(to));
    }
  }
  return between;
}

function cyclesOf(graph: ReadonlyMap<string, Iterable<string>>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      cycles.push([...path.slice(path.indexOf(node)), node].join(' -> '));
      return;
    }
    state.set(node, 'open');
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    state.set(node, 'done');
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}

test('no type is any', () => {
  const found = [...imports.keys()].flatMap((file) => {
    const text = withoutComments(readFileSync(join(root, file), 'utf8'));
    return /[:<,|&(]\s*any\b\s*[>,;)\]|&=[]|\bas any\b/.test(text) ? [file] : [];
  });
  assert.deepEqual(found, []);
});

test('locks and fingerprints compare no wall clocks', () => {
  const files = [
    'cache/lock.ts',
    'cache/recipe.ts',
    'cache/records.ts',
    'runner/job/fence.ts',
    'runner/keys/recipes.ts',
    'runner/dataflow/dataflow.ts',
    'runner/dataflow/consequences.ts',
    'runner/dataflow/growing-lists.ts',
    'runner/dataflow/instances.ts',
    'runner/dataflow/resolver.ts',
    'runner/dataflow/wanted-services.ts',
    'runner/attempt/attempts.ts',
  ];
  const clocks = files.filter((file) => /\bDate\b/.test(withoutComments(readFileSync(join(root, file), 'utf8'))));
  assert.deepEqual(clocks, []);
});
