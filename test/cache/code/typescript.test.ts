import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { codeReader, freeze, type ModuleGraph, scanModules } from '../../../cache/code/typescript.ts';
import { Problem } from '../../../cache/problem.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { tempFolder } from '../../support/temp-folder.ts';

type Files = Readonly<Record<string, string>>;

function project(t: TestContext, files: Files): string {
  const root = join(tempFolder(t), 'project');
  writeAll(root, { 'package.json': '{"type":"module"}', ...files });
  return root;
}

function writeAll(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const scan = (root: string, entry = 'main.ts', cacheFolder?: string): ModuleGraph =>
  scanModules(join(root, entry), { root, cacheFolder });
const codeOf = (root: string, module = 'main.ts'): Record<string, string> => codeReader(scan(root))(join(root, module));
const node = (args: readonly string[], cwd?: string): string =>
  execFileSync(process.execPath, args, { encoding: 'utf8', ...(cwd ? { cwd } : {}) });

test('comments, layout and types do not count', (t) => {
  const root = project(t, { 'main.ts': 'export function add(a: number, b: number): number { return a + b; }\n' });
  const before = codeOf(root);
  const same = [
    '/** Adds. */\nexport function add(\n  a: number,\n  b: number,\n): number {\n  // sum\n  return a + b;\n}',
    'interface Unused { x: 1 }\nimport type { Stats } from "node:fs";\nexport type S = Stats;\nexport function add(a: 1 | 2, b: any): unknown { return (a as number) + b!; }',
    'export function add(a,b){return a+b}\r\n',
  ];
  for (const text of same) {
    writeAll(root, { 'main.ts': text });
    assert.deepEqual(codeOf(root), before, text);
  }
});

/** Real modules of ours that can be read by themselves. */
const corpus = [
  'cache/canonical-json.ts',
  'cache/recipe.ts',
  'pipelines/core/override-grammar.ts',
  'tasks/core/nearest.ts',
  'runner/executors/slots.ts',
]
  .map((path) => join(packageRoot(), path))
  .filter((path) => existsSync(path))
  .map((path) => readFileSync(path, 'utf8').replace(/^(import|export) [^;]*? from [^;]*;$/gm, ''));

/** Words and numbers outside of comments, text, types and imports, by a line-wise guess that errs towards fewer. */
function tokens(text: string): { at: number; word: string }[] {
  let inComment = false;
  let offset = 0;
  return text.split('\n').flatMap((line) => {
    const start = offset;
    offset += line.length + 1;
    if (/^\s*\/\*/.test(line)) inComment = true;
    const skip =
      inComment || !/^\s+(return|const|let|if|for|while|throw) /.test(line) || /\/\/|\/\*|['"`/:<]| as |!/.test(line);
    if (/\*\/\s*$/.test(line)) inComment = false;
    if (skip) return [];
    return [...line.matchAll(/(?<![#\w])(\d+|[a-z]\w*)\b/gi)].map((m) => ({ at: start + m.index, word: m[0] }));
  });
}

test('an edit of any one token counts, and comments between lines never do', { timeout: 60_000 }, (t) => {
  const root = project(t, { 'main.ts': '' });
  const digest = (text: string): string | undefined => {
    writeAll(root, { 'main.ts': text });
    return codeOf(root)['main.ts'];
  };
  const keyword =
    /^(return|const|let|if|for|while|throw|of|in|new|await|typeof|else|instanceof|true|false|null|undefined)$/;
  const places = corpus.flatMap((text, file) =>
    tokens(text)
      .filter(({ word }) => !keyword.test(word))
      .map((token) => ({ file, ...token })),
  );
  assert.ok(places.length > 100, `${places.length} tokens`);
  const originals = corpus.map(digest);
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.nat(), ({ file, at, word }, line) => {
      const text = corpus[file] ?? '';
      const edited = /^\d/.test(word) ? `7${word}` : `${word}_`;
      assert.notEqual(digest(text.slice(0, at) + edited + text.slice(at + word.length)), originals[file]);
      const lines = text.split('\n');
      const open = lines.flatMap((one, i) => (one.endsWith(';') && !/[`]/.test(text) ? [i] : []));
      const place = open[line % Math.max(1, open.length)];
      if (place === undefined) return;
      assert.equal(digest(lines.toSpliced(place + 1, 0, '  // a remark', '').join('\n')), originals[file]);
    }),
    { numRuns: 60 },
  );
});

test('operators, texts, numbers and the order of statements count', (t) => {
  const root = project(t, { 'main.ts': '' });
  const texts = [
    "export const f = (a) => { g(a); h(a); return a < 1 ? 'x' : 'y'; };",
    "export const f = (a) => { h(a); g(a); return a < 1 ? 'x' : 'y'; };",
    "export const f = (a) => { g(a); h(a); return a <= 1 ? 'x' : 'y'; };",
    "export const f = (a) => { g(a); h(a); return a < 1 ? 'x ' : 'y'; };",
    "export const f = (a) => { g(a); h(a); return a < 1.0000001 ? 'x' : 'y'; };",
    'export const f = (a) => { g(a); h(a); return /x/.test(a); };',
    'export const f = (a) => { g(a); h(a); return /x/i.test(a); };',
    'export const f = (a) => { g(a); h(a); return `x\n y`; };',
    'export const f = (a) => { g(a); h(a); return `x\n  y`; };',
  ];
  const digests = texts.map((text) => {
    writeAll(root, { 'main.ts': text });
    return codeOf(root)['main.ts'];
  });
  assert.equal(new Set(digests).size, texts.length);
});

test('a module counts for those that reach it, and for no others', (t) => {
  const root = project(t, {
    'main.ts': "import './a.ts'; import './b.ts';",
    'a.ts': "import { deep } from './lib/deep.ts'; export const a = deep;",
    'b.ts': "export const b = () => import('./late.ts');",
    'late.ts': 'export const late = 1;',
    'lib/deep.ts': 'export const deep = 1;',
  });
  const all = (): Record<string, string>[] => ['main.ts', 'a.ts', 'b.ts'].map((module) => codeOf(root, module));
  const [main, a, b] = all();
  assert.deepEqual(Object.keys(a ?? {}), ['a.ts', 'lib/deep.ts']);
  assert.deepEqual(Object.keys(b ?? {}), ['b.ts', 'late.ts']);
  writeAll(root, { 'lib/deep.ts': 'export const deep = 2;' });
  const after = all();
  assert.notDeepEqual(after[0], main);
  assert.notDeepEqual(after[1], a);
  assert.deepEqual(after[2], b);
  writeAll(root, { 'late.ts': 'export const late = 2;' });
  assert.notDeepEqual(codeOf(root, 'b.ts'), b);
});

test('imports of types are not followed', (t) => {
  const root = project(t, {
    'main.ts':
      "import type { T } from './types.ts'; import { type U } from './more.ts'; import { V } from './unused.ts'; export const x: T | U | V = 1;",
    'types.ts': 'export type T = 1;',
    'more.ts': 'export type U = 1;',
    'unused.ts': 'export type V = 1;',
  });
  const code = codeOf(root);
  assert.equal(Object.hasOwn(code, 'types.ts') || Object.hasOwn(code, 'unused.ts'), false);
});

test('an import of a package counts by its version', (t) => {
  const root = project(t, {
    'main.ts': "import { x } from 'lib/part'; import fs from 'node:fs'; export const y = [x, fs];",
    'node_modules/lib/package.json': '{"name":"lib","version":"1.2.3"}',
  });
  assert.equal(codeOf(root)['npm:lib'], '1.2.3');
  assert.deepEqual(Object.keys(codeOf(root)), ['main.ts', 'npm:lib']);
});

test('a linked package counts by its modules, not by its version', (t) => {
  const root = project(t, {
    'main.ts': "import { x } from 'sibling'; export const y = x;",
    '../sibling/package.json': '{"name":"sibling","version":"0.0.0","type":"module","main":"./index.js"}',
    '../sibling/index.js': "export { x } from './x.js';",
    '../sibling/x.js': 'export const x = 1;',
    '../sibling/other.js': 'export const z = 1;',
  });
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(join(root, '../sibling'), join(root, 'node_modules/sibling'));
  const before = codeOf(root);
  assert.deepEqual(Object.keys(before), ['main.ts', 'npm:sibling/index.js', 'npm:sibling/x.js']);
  writeAll(root, {
    '../sibling/other.js': 'export const z = 2;',
    '../sibling/package.json': '{"name":"sibling","version":"0.0.1","type":"module","main":"./index.js"}',
  });
  assert.deepEqual(codeOf(root), before);
  writeAll(root, { '../sibling/x.js': 'export const x = 2;' });
  assert.notDeepEqual(codeOf(root), before);
});

function linked(t: TestContext, manifest: object, specifier: string, files: Files): string {
  const root = project(t, { 'main.ts': `import { x } from '${specifier}'; export const y = x;` });
  writeAll(join(root, '../sibling'), {
    'package.json': JSON.stringify({ name: 'sibling', version: '1.0.0', type: 'module', ...manifest }),
    ...files,
  });
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(join(root, '../sibling'), join(root, 'node_modules/sibling'));
  return root;
}

const exported: Record<string, [unknown, string]> = {
  'to `import` alone': [{ '.': { import: './src/x.js' } }, 'sibling'],
  'to `import` before others': [{ types: './no.d.ts', require: './no.cjs', import: './src/x.js' }, 'sibling'],
  'under conditions in conditions': [{ '.': { node: { import: { default: './src/x.js' } } } }, 'sibling'],
  'by a list': [{ '.': ['no-path', { browser: './no.js' }, './src/x.js'] }, 'sibling'],
  'by a pattern': [{ './*.js': { import: './src/*.js' }, './no/*': null }, 'sibling/x.js'],
  'by a name of its own': [{ '.': './no.js', './part': { import: './src/x.js' } }, 'sibling/part'],
};

for (const [how, [exports, specifier]] of Object.entries(exported)) {
  test(`a linked package that exports ${how} counts by what Node loads`, (t) => {
    const root = linked(t, { exports }, specifier, { 'src/x.js': 'export const x = 1;' });
    const before = codeOf(root);
    assert.deepEqual(Object.keys(before), ['main.ts', 'npm:sibling/src/x.js']);
    writeAll(root, { '../sibling/src/x.js': 'export const x = 2;' });
    assert.notDeepEqual(codeOf(root), before);
  });
}

const unreadable: Record<string, [object, Files]> = {
  'is not built': [{ exports: { import: './dist/x.js' } }, {}],
  'exports nothing of that name': [{ exports: { './other': './x.js' } }, { 'x.js': 'export const x = 1;' }],
  'does not parse': [{ main: './x.js' }, { 'x.js': 'export const x = ;' }],
  'is compiled for the machine': [{ main: './x.node' }, { 'x.node': '' }],
};

for (const [what, [manifest, files]] of Object.entries(unreadable)) {
  test(`a linked package whose code ${what} is refused, not taken by its version`, (t) => {
    const root = linked(t, manifest, 'sibling', files);
    assert.throws(
      () => codeOf(root),
      (error) => Problem.is(error) && error.code === 'linked-code-unknown' && /of sibling/.test(error.message),
    );
  });
}

test('data of a linked package count by content', (t) => {
  const root = linked(t, { exports: { './data': './x.json' } }, 'sibling/data', { 'x.json': '1' });
  const before = codeOf(root);
  assert.deepEqual(Object.keys(before), ['main.ts', 'npm:sibling/x.json']);
  writeAll(root, { '../sibling/x.json': '2' });
  assert.notDeepEqual(codeOf(root), before);
});

/** `main` imports `a`, which needs `b`, which needs `c`. */
const tree = (more: Files = {}): Files => ({
  'main.ts': "import { a } from 'a'; export const y = a;",
  'node_modules/a/package.json': '{"name":"a","version":"1.0.0","dependencies":{"b":"*"}}',
  'node_modules/b/package.json':
    '{"name":"b","version":"1.0.0","dependencies":{"c":"*"},"optionalDependencies":{"o":"*"}}',
  'node_modules/c/package.json': '{"name":"c","version":"1.0.0","peerDependencies":{"b":"*"}}',
  'node_modules/unused/package.json': '{"name":"unused","version":"1.0.0"}',
  ...more,
});

test('packages count with all that they need, as it is installed', (t) => {
  const root = project(t, tree());
  const before = codeOf(root);
  const { 'main.ts': main = '', ...packages } = before;
  assert.deepEqual(packages, { 'npm:a': '1.0.0', 'npm:b': '1.0.0', 'npm:c': '1.0.0' });
  writeAll(root, { 'node_modules/unused/package.json': '{"name":"unused","version":"2.0.0"}' });
  assert.deepEqual(codeOf(root), before);
  writeAll(root, { 'node_modules/c/package.json': '{"name":"c","version":"1.0.1"}' });
  assert.deepEqual(codeOf(root), { 'main.ts': main, ...packages, 'npm:c': '1.0.1' });
});

test('a linked package that an installed one needs counts by its modules', (t) => {
  const root = linked(t, { exports: { import: './x.js' }, dependencies: { gone: '*' } }, 'a', {
    'x.js': 'export const x = 1;',
  });
  writeAll(root, { 'node_modules/a/package.json': '{"name":"a","version":"1.0.0","dependencies":{"sibling":"*"}}' });
  const before = codeOf(root);
  assert.deepEqual(Object.keys(before), ['main.ts', 'npm:a', 'npm:sibling/x.js']);
  writeAll(root, { '../sibling/x.js': 'export const x = 2;' });
  assert.notDeepEqual(codeOf(root), before);
});

test('a linked package counts by what `require` gives, too', (t) => {
  const root = linked(t, { exports: { require: './r.cjs', import: './x.js' } }, 'sibling', {
    'x.js': 'export const x = 1;',
    'r.cjs': 'exports.x = 1;',
  });
  const before = codeOf(root);
  writeAll(root, { '../sibling/r.cjs': 'exports.x = 2;' });
  assert.notDeepEqual(codeOf(root), before);
});

test('a linked package that an installed one needs counts by all that it exports', (t) => {
  const root = linked(t, { exports: { '.': './x.js', './part': './part.js' } }, 'a', {
    'x.js': 'export const x = 1;',
    'part.js': 'export const part = 1;',
  });
  writeAll(root, { 'node_modules/a/package.json': '{"name":"a","version":"1.0.0","dependencies":{"sibling":"*"}}' });
  const before = codeOf(root);
  writeAll(root, { '../sibling/part.js': 'export const part = 2;' });
  assert.notDeepEqual(codeOf(root), before);
});

test('a package that is installed twice counts in both versions', (t) => {
  const root = project(t, tree({ 'node_modules/b/node_modules/c/package.json': '{"name":"c","version":"0.9.0"}' }));
  assert.equal(codeOf(root)['npm:c'], '0.9.0');
  writeAll(root, { 'main.ts': "import { a } from 'a'; import { c } from 'c'; export const y = [a, c];" });
  assert.equal(codeOf(root)['npm:c'], '0.9.0, 1.0.0');
});

test('what did not come from a registry counts by the lock file too: its version may say nothing', (t) => {
  const lock = (integrity: string): Files => ({
    'node_modules/.package-lock.json': JSON.stringify({
      packages: {
        'node_modules/a': { version: '1.0.0', resolved: 'https://example.org/a/-/a-1.0.0.tgz', integrity: 'sha512-a' },
        'node_modules/c': { version: '1.0.0', resolved: 'git+ssh://example.org/c.git#1', integrity },
      },
    }),
  });
  const root = project(t, tree(lock('sha512-x')));
  assert.equal(codeOf(root)['npm:a'], '1.0.0');
  assert.equal(codeOf(root)['npm:c'], '1.0.0 sha512-x');
  writeAll(root, lock('sha512-y'));
  assert.equal(codeOf(root)['npm:c'], '1.0.0 sha512-y');
});

test('the task of an installed package counts by its modules', (t) => {
  const files = (version: string, weight: number, other: number): Files => ({
    'node_modules/robots/package.json': `{"name":"robots","version":"${version}","type":"module"}`,
    'node_modules/robots/tasks/train.js': `/* ${version} */ import { w } from '../lib/w.js'; export const train = w;`,
    'node_modules/robots/lib/w.js': `export const w = ${weight};`,
    'node_modules/robots/tasks/other.js': `export const other = ${other};`,
  });
  const root = project(t, { 'main.ts': "import 'robots/tasks/train.js';", ...files('1.0.0', 1, 1) });
  const cacheFolder = join(root, '.code');
  const read = (): Record<string, string> =>
    codeReader(scan(root), { cacheFolder })(join(root, 'node_modules/robots/tasks/train.js'));
  const before = read();
  assert.deepEqual(Object.keys(before), ['npm:robots/lib/w.js', 'npm:robots/tasks/train.js']);
  assert.deepEqual(read(), before);
  writeAll(root, files('2.0.0', 1, 2));
  assert.deepEqual(read(), before);
  writeAll(root, files('2.0.0', 2, 2));
  assert.notDeepEqual(read(), before);
});

test('a kept scan gives what a fresh one gives, whatever was edited', (t) => {
  const root = project(t, { 'main.ts': '', 'a.ts': '', 'b.ts': '', 'c/index.ts': 'export const c = 0;' });
  const cacheFolder = join(root, '.code');
  const text = fc
    .tuple(fc.subarray(['./a.ts', './b.ts', './c', './a.js']), fc.nat(3))
    .map(([imports, n]) => `${imports.map((one) => `import '${one}';`).join('\n')}\nexport const n = ${n};`);
  const edit = fc.record({
    file: fc.constantFrom('main.ts', 'a.ts', 'b.ts', 'c/index.ts', 'c.ts', 'a.js'),
    text,
    gone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 6 }), (edits) => {
      for (const one of edits) {
        const inFolder = one.file.startsWith('c/');
        if (one.gone && ['c.ts', 'a.js'].includes(one.file)) rmSync(join(root, one.file), { force: true });
        else writeAll(root, { [one.file]: inFolder ? one.text.replaceAll("'./", "'../") : one.text });
        assert.deepEqual(scan(root, 'main.ts', cacheFolder), scan(root));
      }
    }),
    { numRuns: 12 },
  );
});

/** What makes an import lead elsewhere while no module and no folder of modules changes. */
const moved: Record<string, { files: Files; from: string; links?: Files; move: (root: string) => void }> = {
  'a link to a folder': {
    files: { 'v1/m.ts': 'export const m = 1;', 'v2/m.ts': 'export const m = 2;' },
    from: './cur/m.ts',
    links: { cur: 'v1' },
    move: (root) => relink(join(root, 'cur'), 'v2'),
  },
  'a link to a module': {
    files: { 'v1/m.ts': 'export const m = 1;', 'v2/m.ts': 'export const m = 2;' },
    from: './m.ts',
    links: { 'm.ts': 'v1/m.ts' },
    move: (root) => relink(join(root, 'm.ts'), 'v2/m.ts'),
  },
  'a link above, and no ending': {
    files: { 'v1/in/m.ts': 'export const m = 1;', 'v2/in/m.ts': 'export const m = 2;' },
    from: './cur/in/m',
    links: { cur: 'v1' },
    move: (root) => relink(join(root, 'cur'), 'v2'),
  },
  'the main module of a folder': {
    files: { 'd/one.ts': '1;', 'd/two.ts': '2;', 'd/package.json': '{"main":"./one.ts"}' },
    from: './d',
    move: (root) => writeAll(root, { 'd/package.json': '{"main":"./two.ts"}' }),
  },
  'what the project calls #lib': {
    files: {
      'one/m.ts': '1;',
      'two/m.ts': '2;',
      'package.json': '{"type":"module","imports":{"#lib/*":"./one/*"}}',
    },
    from: '#lib/m.ts',
    move: (root) => writeAll(root, { 'package.json': '{"type":"module","imports":{"#lib/*":"./two/*"}}' }),
  },
};

function relink(link: string, target: string): void {
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

for (const [what, { files, from, links = {}, move }] of Object.entries(moved)) {
  test(`a kept scan is no longer taken when ${what} leads elsewhere`, (t) => {
    const root = project(t, { 'src/main.ts': '', 'main.ts': `import '${from}';`, ...files });
    for (const [link, target] of Object.entries(links)) relink(join(root, link), target);
    const cacheFolder = join(root, '.code');
    const before = scan(root, 'main.ts', cacheFolder);
    assert.deepEqual(scan(root, 'main.ts', cacheFolder), before);
    move(root);
    const after = scan(root, 'main.ts', cacheFolder);
    assert.deepEqual(after, scan(root));
    assert.notDeepEqual(Object.keys(after.modules), Object.keys(before.modules));
  });
}

test('what is imported by the URL of a file counts, and is refused where nobody can say what it is', (t) => {
  const root = project(t, { '../other/package.json': '{"name":"other"}', '../other/b.js': 'export const b = 1;' });
  const importOf = (path: string): Files => ({ 'main.ts': `import '${pathToFileURL(join(root, path)).href}';` });
  writeAll(root, importOf('../other/b.js'));
  const before = codeOf(root);
  writeAll(root, { '../other/b.js': 'export const b = 2;' });
  assert.notDeepEqual(codeOf(root), before);
  writeAll(root, { '../c.js': '', ...importOf('../c.js') });
  assert.throws(() => codeOf(root), { code: 'unknown-code' });
});

test('what does not parse or resolve is a problem with its place', (t) => {
  const root = project(t, { 'main.ts': "import './a.ts';", 'a.ts': "\nimport './gone.ts';" });
  assert.throws(
    () => scan(root),
    (error) => Problem.is(error) && /^a\.ts:2:\d+: .*gone\.ts/.test(error.message),
  );
  writeAll(root, { 'a.ts': 'export const a = 1;\nexport const = 2;' });
  assert.throws(
    () => scan(root),
    (error) => Problem.is(error) && /^a\.ts:2:\d+: /.test(error.message),
  );
});

test('an import from outside of the project is refused', (t) => {
  const root = project(t, { 'main.ts': "import '../x.ts';", '../x.ts': '' });
  assert.throws(
    () => scan(root),
    (error) => Problem.is(error) && error.code === 'code-outside-project',
  );
});

const program: Files = {
  'pipelines/main.ts': `import { where, Named } from '../lib/where.ts';
import data from '../lib/data.json' with { type: 'json' };
import type { Unused } from './unused.ts';
import pkg, * as all from 'pkg';
const text = "import './not-this.ts'";
let early: string;
try { early = String(new Later()); } catch (error) { early = (error as Error).name; }
class Later { static readonly self = Later; }
const late = await import('../lib/late.mts');
const other = () => import("../lib/it's.ts");
export default { text, early, named: Named.name, self: Later.self.name, later: Later.name, data, pkg, late: late.late, other: (await other()).it, all: all.default };
export const fail = () => where();
`,
  'lib/where.ts': `export class Named { static instance: Named = new Named() }

export function where(): never {
  throw new Error('here');
}
`,
  'lib/late.mts': "export { it as late } from './it\\'s.ts';",
  "lib/it's.ts": "import { deep } from './deep'; export const it = deep;",
  'lib/deep/index.ts': 'export const deep: number = 7;',
  'lib/data.json': '{"n":1}',
  'pipelines/unused.ts': 'export type Unused = 1;',
  'node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.0","type":"module","exports":"./index.js"}',
  'node_modules/pkg/index.js': "export default 'inner';",
  '../node_modules/pkg/package.json': '{"name":"pkg","version":"2.0.0","type":"module","exports":"./index.js"}',
  '../node_modules/pkg/index.js': "export default 'outer';",
};

test('a frozen program means what its source means, under node alone', async (t) => {
  const root = project(t, program);
  const frozen = await freeze(scan(root, 'pipelines/main.ts'), join(root, '.code'));
  const script = `import main from ${JSON.stringify(pathToFileURL(frozen.entry).href)}; console.log(JSON.stringify(main));`;
  assert.deepEqual(JSON.parse(node(['--input-type=module', '-e', script])), {
    text: "import './not-this.ts'",
    early: 'ReferenceError',
    named: 'Named',
    self: 'Later',
    later: 'Later',
    data: { n: 1 },
    pkg: 'inner',
    late: 7,
    other: 7,
    all: 'inner',
  });
});

test('a frozen module keeps its name in stack traces and is traced to its source', async (t) => {
  const root = project(t, program);
  const frozen = await freeze(scan(root, 'pipelines/main.ts'), join(root, '.code'));
  const script = `import { fail } from ${JSON.stringify(pathToFileURL(frozen.entry).href)}; try { fail() } catch (e) { console.log(e.stack) }`;
  const plain = node(['--input-type=module', '-e', script]);
  const at = /at where \((file:.*where\.js):\d+:\d+\)/.exec(plain)?.[1] ?? '';
  assert.equal(frozen.sourceOf(at), 'lib/where.ts');
  assert.equal(frozen.sourceOf(frozen.entry), 'pipelines/main.ts');
  assert.equal(frozen.sourceOf(join(root, 'lib/where.ts')), undefined);
  const mapped = node(['--enable-source-maps', '--input-type=module', '-e', script]);
  assert.ok(mapped.includes(`${join(realpathSync(root), 'lib/where.ts')}:4:9`), mapped);
});

test('a frozen copy stays as it is when the source moves on', async (t) => {
  const root = project(t, { 'main.ts': 'console.log(1);' });
  const first = await freeze(scan(root), join(root, '.code'));
  writeAll(root, { 'main.ts': 'console.log(2);' });
  const second = await freeze(scan(root), join(root, '.code'));
  assert.equal(node([first.entry]), '1\n');
  assert.equal(node([second.entry]), '2\n');
});

test('packages that were installed after a freeze are found by the next', async (t) => {
  const root = project(t, { 'main.ts': "import pkg from 'pkg'; console.log(pkg);" });
  await freeze(scan(root), join(root, '.code'));
  writeAll(root, {
    'node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.0","type":"module","exports":"./index.js"}',
    'node_modules/pkg/index.js': "export default 'found';",
  });
  assert.equal(node([(await freeze(scan(root), join(root, '.code'))).entry]), 'found\n');
});

test('a folder that is reached by a link gives the paths that node gives', async (t) => {
  const root = project(t, { 'main.ts': 'console.log(import.meta.url);' });
  mkdirSync(join(root, 'real'));
  symlinkSync(join(root, 'real'), join(root, 'linked'));
  const frozen = await freeze(scan(root), join(root, 'linked'));
  assert.equal(frozen.sourceOf(node([frozen.entry]).trim()), 'main.ts');
});

test('two modules whose copies would have one name are refused', async (t) => {
  const root = project(t, { 'main.ts': "import './a.ts'; import './a.js';", 'a.ts': '', 'a.js': '' });
  await assert.rejects(
    freeze(scan(root), join(root, '.code')),
    (error) => Problem.is(error) && /a\.js, a\.ts/.test(error.message),
  );
});

/** Freezes in a process of its own, as the tests were started; it is killed just before it changes the folder for the so manieth time. */
function freezing(root: string, { killedAt = Infinity } = {}) {
  const module = new URL(
    import.meta.url.endsWith('.ts') ? '../../../cache/code/typescript.ts' : '../../../cache/code/typescript.js',
    import.meta.url,
  ).href;
  const script = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { freeze, scanModules } from ${JSON.stringify(module)};
    const root = ${JSON.stringify(root)};
    let changes = 0;
    for (const name of ['mkdirSync', 'writeFileSync', 'renameSync']) {
      const change = fs[name];
      fs[name] = (path, ...more) => {
        if (String(path).includes('.code') && (changes += 1) === ${killedAt}) process.kill(process.pid, 'SIGKILL');
        return change(path, ...more);
      };
    }
    syncBuiltinESMExports();
    const graph = scanModules(root + '/main.ts', { root });
    const frozen = await freeze(graph, root + '/.code');
    console.log(frozen.entry);`;
  const loader = import.meta.url.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  const child = spawn(process.execPath, [...loader, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(text)));
  return { child, ended };
}

const many = (): Files => ({
  'main.ts': `${Array.from({ length: 60 }, (_, i) => `import './m${i}.ts';`).join('\n')}\nconsole.log('whole');`,
  ...Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`m${i}.ts`, `export const m: number = ${i};`])),
});

test('processes that freeze at once share one whole copy', { timeout: 30_000 }, async (t) => {
  const root = project(t, many());
  const ends = await Promise.all([freezing(root), freezing(root), freezing(root)].map(({ ended }) => ended));
  const entries = new Set(ends.map((text) => text.trim().split('\n').at(-1) ?? ''));
  assert.equal(entries.size, 1);
  assert.equal(node([...entries]), 'whole\n');
  assert.deepEqual(
    readdirSync(join(root, '.code')).filter((name) => name.startsWith('.tmp')),
    [],
  );
});

test('a freeze that was killed leaves nothing that is taken for complete', { timeout: 60_000 }, async (t) => {
  const root = realpathSync(project(t, many()));
  // Two folders, each of 61 modules with its folder, the manifest, the rename.
  for (const killedAt of [1, 2, 3, 64, 125, 126]) {
    const { child, ended } = freezing(root, { killedAt });
    await ended;
    assert.equal(child.signalCode, 'SIGKILL', `it never came to change ${killedAt}`);
    assert.equal(node([(await freeze(scan(root), join(root, '.code'))).entry]), 'whole\n');
    for (const name of readdirSync(join(root, '.code'))) {
      if (!name.startsWith('.tmp')) rmSync(join(root, '.code', name), { recursive: true });
    }
  }
});

test('what was digested is what is frozen, also when it was edited in between', async (t) => {
  const root = project(t, { 'main.ts': "export { v } from './lib.ts';\n", 'lib.ts': "export const v = 'A';\n" });
  const graph = scan(root);
  writeAll(root, { 'lib.ts': "export const v = 'B';\n" });
  const frozen = await freeze(graph, tempFolder(t));
  const { v } = (await import(pathToFileURL(frozen.entry).href)) as { v: string };
  assert.equal(v, 'A');
});

test('what a copy holds from a file that is no code is what was digested, too', async (t) => {
  const root = project(t, {
    'main.ts': "import data from './data.json' with { type: 'json' };\nexport default data;\n",
    'data.json': '"A"',
  });
  const graph = scan(root);
  writeAll(root, { 'data.json': '"B"' });
  const frozen = await freeze(graph, tempFolder(t));
  assert.equal(((await import(pathToFileURL(frozen.entry).href)) as { default: string }).default, 'A');
});

test('a module that is being saved is read whole, once: digest, imports and copy are of one text', async (t) => {
  const root = project(t, { 'main.ts': '', 'a.ts': 'export const v = 1;\n', 'b.ts': 'export const v = 2;\n' });
  const texts = ['a', 'b'].map((name) => `export { v } from './${name}.ts';\n`);
  const digests = texts.map((text) => {
    writeAll(root, { 'main.ts': text });
    return scan(root).modules['main.ts'];
  });
  const saver = spawn(process.execPath, [
    '-e',
    `const fs = require('node:fs'), [file, ...texts] = process.argv.slice(1);
     for (let i = 0; ; i += 1) {
       fs.writeFileSync(file + '.aside', texts[i % 2]);
       fs.renameSync(file + '.aside', file);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40);
     }`,
    join(root, 'main.ts'),
    ...texts,
  ]);
  t.after(() => saver.kill());
  for (let i = 0; i < 5; i += 1) {
    let graph: ModuleGraph;
    try {
      graph = scan(root);
    } catch (error) {
      assert.ok(Problem.is(error) && error.code === 'code-changing', String(error));
      continue;
    }
    const is = texts.indexOf(graph.texts.get('main.ts')?.toString() ?? '');
    assert.deepEqual(graph.modules['main.ts'], digests[is]);
  }
});
