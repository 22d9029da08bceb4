import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BuildFailure, BuildOptions, Metafile, OutputFile } from 'esbuild';
import { Problem } from '../problem.ts';
import { refuseSpecialModules } from './special-modules.ts';
import { sha256 } from './sha256.ts';
import type { Module, Texts } from './typescript-graph.ts';

/** What every build of ours shares; the user's tsconfig has no say in what code means. */
const common = {
  platform: 'node',
  target: 'node20.19',
  charset: 'utf8',
  treeShaking: false,
  legalComments: 'none',
  logLevel: 'silent',
  tsconfigRaw: '{}',
  outdir: '/out',
  write: false,
  metafile: true,
} as const satisfies BuildOptions;

export const isCode = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path);

/** So often a program that is being saved is read again. */
const mostReads = 20;

export interface Parsed {
  readonly modules: Record<string, Module>;
  readonly texts: Texts;
}

/** Parses the entry and all that it reaches by relative imports. `version` counts in every digest. */
export function parseModules(root: string, entry: string, version: string): Parsed {
  const { metafile, texts } = readTogether(root, entry);
  const paths = [...texts.keys()];
  const code = transpile(ofCode(texts), { minifyWhitespace: true });
  const modules = Object.fromEntries(
    paths.map((path) => {
      const bytes = texts.get(path) as Buffer;
      const meaning = code.get(path) ?? (path.endsWith('.json') ? JSON.stringify(JSON.parse(bytes.toString())) : bytes);
      const digest = `sha256:${sha256(Buffer.concat([Buffer.from(`${version}\n`), Buffer.from(meaning)]))}`;
      return [path, { digest, bytes: sha256(bytes), ...importsOf(path, metafile) }];
    }),
  );
  return { modules, texts };
}

/** What modules import, and their texts, of one moment: esbuild reads the files by itself, so none may change meanwhile. */
function readTogether(root: string, entry: string): { metafile: Metafile; texts: Texts } {
  let known: readonly string[] = [];
  for (let reads = 0; reads < mostReads; reads += 1) {
    refuseSpecialModules(join(root, entry));
    const before = statesOf(root, known);
    const { metafile } = build({
      ...common,
      bundle: true,
      format: 'esm',
      absWorkingDir: root,
      entryPoints: [`./${entry}`],
      packages: 'external',
    });
    const paths = Object.keys(metafile.inputs).sort();
    refuseOutside(root, paths);
    const texts = new Map(paths.map((path) => [path, readFileSync(join(root, path))]));
    const after = statesOf(root, paths);
    if (paths.every((path) => before.get(path) === after.get(path))) return { metafile, texts };
    known = paths;
  }
  throw new Problem('code-changing', `The code of ${entry} was written to each time that it was read.`, {
    hint: 'Run it again when whatever writes these files has ended.',
  });
}

function refuseOutside(root: string, paths: readonly string[]): void {
  const outside = paths.filter((path) => path.startsWith('..'));
  if (outside.length === 0) return;
  throw new Problem('code-outside-project', `Imported from outside of ${root}: ${outside.join(', ')}.`, {
    hint: 'Move it into the project, or install it as a package.',
  });
}

/** What changes whenever a file is written to, put in its place or touched. */
function statesOf(root: string, paths: readonly string[]): Map<string, string> {
  const states = paths.map((path) => {
    const stats = statSync(join(root, path), { bigint: true, throwIfNoEntry: false });
    return [path, stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}` : 'gone'] as const;
  });
  return new Map(states);
}

/** Those of them that are code. */
export function ofCode(texts: Texts): Texts {
  return new Map([...texts].filter(([path]) => isCode(path)));
}

function importsOf(path: string, { inputs }: Metafile): Pick<Module, 'imports' | 'packages'> {
  const all = inputs[path]?.imports ?? [];
  const own = all.filter((one) => !one.external && inputs[one.path]);
  const packages = all.filter(
    (one) => one.external && !isBuiltin(one.path) && !/^([./]|(?!file:)[a-z]+:)/.test(one.path),
  );
  return {
    imports: Object.fromEntries(own.map((one) => [one.original ?? one.path, one.path]).sort()),
    packages: [...new Set(packages.map((one) => one.path))].sort(),
  };
}

/** Each module by itself as JavaScript, by path: types are gone, imports and all else stay as they are. */
export function transpile(texts: Texts, how: BuildOptions): Map<string, string> {
  if (texts.size === 0) return new Map();
  const paths = [...texts.keys()];
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stet-read-'))); // esbuild takes what it compiles from files
  try {
    for (const [path, text] of texts) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { outputFiles, metafile } = build({
      ...common,
      ...how,
      bundle: false,
      absWorkingDir: folder,
      entryPoints: paths.map((path, i) => ({ in: `./${path}`, out: `${dirname(path)}/${i}` })),
    });
    const outputs = Object.values(metafile.outputs);
    const byNumber = new Map(outputFiles.map(({ path, text }) => [/(\d+)\.js$/.exec(path)?.[1], text]));
    if (byNumber.size !== paths.length || outputs.length !== paths.length)
      throw new Error(
        `${paths.length} modules gave ${byNumber.size} texts; this is a mistake in stet, please report it.`,
      );
    return new Map(paths.map((path, i) => [path, byNumber.get(String(i)) ?? '']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Synchronous, because the code of a package is looked up where nothing can wait. */
function build(options: BuildOptions): { metafile: Metafile; outputFiles: OutputFile[] } {
  const esbuild = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  try {
    const { metafile = { inputs: {}, outputs: {} }, outputFiles = [] } = esbuild.buildSync(options);
    return { metafile, outputFiles };
  } catch (error) {
    throw broken(error);
  }
}

/** esbuild's own words with the place in the source. */
function broken(error: unknown): Problem {
  const errors = (error as Partial<BuildFailure>).errors ?? [];
  const lines = errors.map(({ text, location }) =>
    location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
  );
  return new Problem('pipeline-broken', lines.length > 0 ? lines.join('\n') : String(error), { cause: error });
}
