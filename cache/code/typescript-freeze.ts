import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { Problem } from '../problem.ts';
import type { ModuleGraph } from './typescript.ts';

export interface Frozen {
  /** Absolute. */
  readonly entry: string;
  /** The folder that stands for the project's root. */
  readonly base: string;
  /** The original module, relative to the root, of a file (path or file URL) in the copy. */
  readonly sourceOf: (frozenFile: string) => string | undefined;
}

/**
 * Copies a program file by file, as JavaScript that any Node runs, to a folder named by its content below `folder`. Bare
 * imports resolve as they do from the original place.
 */
export async function freeze(graph: ModuleGraph, folder: string): Promise<Frozen> {
  const home = join(folder, graph.digest);
  const chain = modulesAbove(graph.root);
  // One folder deeper for each `node_modules` above the root, so that they are searched in the same order.
  const inner = chain
    .slice(1)
    .map(() => 'in')
    .join('/');
  if (!existsSync(join(home, 'package.json'))) await write(graph, { folder, home, inner, chain });
  const base = join(home, inner);
  const sources = new Map(Object.keys(graph.modules).map((path) => [join(base, frozenName(path)), path]));
  return {
    entry: join(base, frozenName(graph.entry)),
    base,
    sourceOf: (file) => sources.get(file.startsWith('file:') ? fileURLToPath(file) : file),
  };
}

/** Two modules that differ in their extension only must not meet in the copy, so `.js` keeps what stood before it. */
function frozenName(path: string): string {
  return path.replace(/\.([cm]?[jt]sx?)$/, (_, extension: string) =>
    extension === 'ts' || extension === 'js' ? '.js' : `.${extension}.js`,
  );
}

interface Target {
  readonly folder: string;
  readonly home: string;
  readonly inner: string;
  readonly chain: readonly string[];
}

async function write(graph: ModuleGraph, { folder, home, inner, chain }: Target): Promise<void> {
  const aside = join(folder, `.tmp-${graph.digest.slice(0, 16)}-${process.pid}-${Date.now()}`);
  const base = join(aside, inner);
  mkdirSync(base, { recursive: true });
  try {
    await transpile(graph, base);
    linkPackages(graph, base, { aside, chain });
    writeFileSync(join(aside, 'package.json'), '{"type":"module"}\n');
    renameSync(aside, home);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(join(home, 'package.json'))) throw error; // else another run has written the same copy meanwhile
  }
}

async function transpile({ root, modules }: ModuleGraph, base: string): Promise<void> {
  const [{ build }, { broken, common }] = await Promise.all([import('esbuild'), import('./typescript-parse.ts')]);
  const isCode = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path);
  const clash = Object.keys(modules)
    .map(frozenName)
    .filter((name, i, all) => all.indexOf(name) !== i);
  if (clash.length > 0)
    throw new Problem('pipeline-broken', `Two modules have one name but for .ts and .js: ${clash.join(', ')}.`);
  for (const path of Object.keys(modules).filter((name) => !isCode(name))) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    copyFileSync(join(root, path), join(base, path));
  }
  await build({
    ...common,
    absWorkingDir: root,
    entryPoints: Object.keys(modules)
      .filter(isCode)
      .map((path) => ({ in: `./${path}`, out: frozenName(path).replace(/\.js$/, '') })),
    outdir: base,
    sourcemap: 'inline',
    sourcesContent: false,
    plugins: [keepImports(root)],
  }).catch((error: unknown) => Promise.reject(broken(error)));
}

/** Every import stays an import; a relative one gets the name that its module has in the copy. */
function keepImports(root: string): Plugin {
  return {
    name: 'keep-imports',
    setup(build) {
      build.onResolve({ filter: /.*/ }, async (args) => {
        if (args.kind === 'entry-point' || args.pluginData === 'seen') return undefined;
        if (!/^\.{0,2}\//.test(args.path) && args.path !== '.' && args.path !== '..')
          return { path: args.path, external: true };
        const found = await build.resolve(args.path, {
          kind: args.kind,
          resolveDir: args.resolveDir,
          importer: args.importer,
          pluginData: 'seen',
        });
        if (found.errors.length > 0) return { errors: found.errors };
        const target = frozenName(relative(root, found.path).split(sep).join('/'));
        const from = dirname(relative(root, args.importer));
        const path = relative(from, target).split(sep).join('/');
        return { path: path.startsWith('.') ? path : `./${path}`, external: true };
      });
    },
  };
}

/** `node_modules` folders at the root and above it, outermost first. */
function modulesAbove(root: string): string[] {
  const found: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules'))) found.unshift(join(folder, 'node_modules'));
    if (folder === dirname(folder)) return found;
  }
}

function linkPackages(
  { root, modules }: ModuleGraph,
  base: string,
  { aside, chain }: { aside: string; chain: readonly string[] },
): void {
  let place = aside;
  for (const target of chain) {
    symlinkSync(target, join(place, 'node_modules'), 'junction');
    place = join(place, 'in');
  }
  const folders = new Set(Object.keys(modules).map((path) => dirname(path)));
  for (const folder of folders) {
    for (let inside = folder; inside !== '.'; inside = dirname(inside)) {
      const target = join(root, inside, 'node_modules');
      const link = join(base, inside, 'node_modules');
      if (existsSync(target) && !existsSync(link)) symlinkSync(target, link, 'junction');
    }
  }
}

/** The text of the inline source map of a frozen file, if it has one. */
export function inlineMap(file: string): string | undefined {
  const encoded = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(
    readFileSync(file, 'utf8'),
  )?.[1];
  return encoded && Buffer.from(encoded, 'base64').toString('utf8');
}
