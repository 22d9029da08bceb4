import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import type { BuildFailure, BuildOptions, Metafile } from 'esbuild';
import { Problem } from '../problem.ts';
import { type Module, sha256 } from './typescript.ts';
import { packageName } from './typescript-packages.ts';

/** What every build of ours shares; the user's tsconfig has no say in what code means. */
export const common = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  charset: 'utf8',
  treeShaking: false,
  legalComments: 'none',
  logLevel: 'silent',
  tsconfigRaw: '{}',
} as const satisfies BuildOptions;

/** Parses the entry and all that it reaches by relative imports. */
export async function parseModules(root: string, entry: string, version: string): Promise<Record<string, Module>> {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    ...common,
    absWorkingDir: root,
    entryPoints: [entry],
    packages: 'external',
    metafile: true,
    write: false,
    outdir: '/out',
  }).catch((error: unknown) => Promise.reject(broken(error)));

  const paths = Object.keys(metafile.inputs).sort();
  const outside = paths.filter((path) => path.startsWith('..'));
  if (outside.length > 0) {
    throw new Problem('code-outside-project', `Imported from outside of ${root}: ${outside.join(', ')}.`, {
      hint: 'Move it into the project, or install it as a package.',
    });
  }
  const digests = await meanings(root, paths, version);
  return Object.fromEntries(paths.map((path) => [path, moduleOf(root, path, metafile, digests.get(path) ?? '')]));
}

function moduleOf(root: string, path: string, { inputs }: Metafile, digest: string): Module {
  const imports = inputs[path]?.imports ?? [];
  const packages = imports.filter((one) => one.external && !isBuiltin(one.path) && !/^[./]/.test(one.path));
  return {
    digest,
    bytes: sha256(readFileSync(join(root, path))),
    imports: unique(imports.filter((one) => !one.external && inputs[one.path]).map((one) => one.path)),
    packages: unique(packages.map((one) => packageName(one.path))),
  };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();

async function meanings(root: string, paths: readonly string[], version: string): Promise<Map<string, string>> {
  const { transform } = await import('esbuild');
  const digests = paths.map(async (path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const loader = /\.[cm]?(ts|js|json)x?$/.exec(path)?.[0].replace(/^\.[cm]?/, '') as
      | 'ts'
      | 'tsx'
      | 'js'
      | 'jsx'
      | 'json'
      | undefined;
    const { code } = await transform(text, {
      loader: loader ?? 'text',
      format: 'esm',
      target: 'node20',
      charset: 'utf8',
      minifyWhitespace: true,
      legalComments: 'none',
      tsconfigRaw: '{}',
    });
    return [path, `sha256:${sha256(`${version}\n${code}`)}`] as const;
  });
  return new Map(await Promise.all(digests));
}

/** esbuild's own words with the place in the source. */
export function broken(error: unknown): Problem {
  const errors = (error as Partial<BuildFailure>).errors ?? [];
  const lines = errors.map(({ text, location }) =>
    location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text,
  );
  return new Problem('pipeline-broken', lines.length > 0 ? lines.join('\n') : String(error), { cause: error });
}
