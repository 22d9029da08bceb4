import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import type { BuildFailure, BuildOptions, Metafile, OutputFile } from 'esbuild';
import { Problem } from '../problem.ts';
import { sha256 } from './sha256.ts';
import type { Module } from './typescript-graph.ts';

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

/** Parses the entry and all that it reaches by relative imports. `version` counts in every digest. */
export function parseModules(root: string, entry: string, version: string): Record<string, Module> {
  const { metafile } = build({
    ...common,
    bundle: true,
    format: 'esm',
    absWorkingDir: root,
    entryPoints: [`./${entry}`],
    packages: 'external',
  });
  const paths = Object.keys(metafile.inputs).sort();
  const outside = paths.filter((path) => path.startsWith('..'));
  if (outside.length > 0) {
    throw new Problem('code-outside-project', `Imported from outside of ${root}: ${outside.join(', ')}.`, {
      hint: 'Move it into the project, or install it as a package.',
    });
  }
  const code = transpile(root, paths.filter(isCode), { minifyWhitespace: true });
  return Object.fromEntries(
    paths.map((path) => {
      const bytes = readFileSync(join(root, path));
      const meaning = code.get(path) ?? (path.endsWith('.json') ? JSON.stringify(JSON.parse(bytes.toString())) : bytes);
      const digest = `sha256:${sha256(Buffer.concat([Buffer.from(`${version}\n`), Buffer.from(meaning)]))}`;
      return [path, { digest, bytes: sha256(bytes), ...importsOf(path, metafile) }];
    }),
  );
}

function importsOf(path: string, { inputs }: Metafile): Pick<Module, 'imports' | 'packages'> {
  const all = inputs[path]?.imports ?? [];
  const own = all.filter((one) => !one.external && inputs[one.path]);
  const packages = all.filter((one) => one.external && !isBuiltin(one.path) && !/^([./]|[a-z]+:)/.test(one.path));
  return {
    imports: Object.fromEntries(own.map((one) => [one.original ?? one.path, one.path]).sort()),
    packages: [...new Set(packages.map((one) => one.path))].sort(),
  };
}

/** Each module by itself as JavaScript, by path: types are gone, imports and all else stay as they are. */
export function transpile(root: string, paths: readonly string[], how: BuildOptions): Map<string, string> {
  if (paths.length === 0) return new Map();
  const { outputFiles, metafile } = build({
    ...common,
    ...how,
    bundle: false,
    absWorkingDir: root,
    entryPoints: paths.map((path, i) => ({ in: `./${path}`, out: `${dirname(path)}/${i}` })),
  });
  const outputs = Object.values(metafile.outputs);
  const texts = new Map(outputFiles.map(({ path, text }) => [/(\d+)\.js$/.exec(path)?.[1], text]));
  if (texts.size !== paths.length || outputs.length !== paths.length)
    throw new Error(`${paths.length} modules gave ${texts.size} texts; this is a mistake in stet, please report it.`);
  return new Map(paths.map((path, i) => [path, texts.get(String(i)) ?? '']));
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
