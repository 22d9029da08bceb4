import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { writeWhole } from '../write-whole.ts';
import { packageVersion } from './typescript-packages.ts';

export { type Frozen, freeze } from './typescript-freeze.ts';

/** Counts in every digest, so that another way of reading TypeScript is another code. */
const version = 'typescript 1';

export interface Module {
  /** Of the module's own code by meaning: comments, layout and types do not count. */
  readonly digest: string;
  /** Of its bytes. */
  readonly bytes: string;
  /** By path relative to the root. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

export interface ModuleGraph {
  readonly root: string;
  readonly entry: string;
  /** By path relative to the root, with `/`, sorted. */
  readonly modules: Readonly<Record<string, Module>>;
  /** Of all modules' bytes: the identity of a frozen copy. */
  readonly digest: string;
}

export interface ScanOptions {
  readonly root: string;
  /** Where the result of the last scan is kept, so that an unchanged program is hashed and not parsed. */
  readonly cacheFolder?: string;
}

/** The entry and all modules that it reaches by relative imports. Throws `pipeline-broken` for what does not parse or resolve. */
export async function scanModules(entry: string, { root, cacheFolder }: ScanOptions): Promise<ModuleGraph> {
  const top = resolve(root);
  const start = relative(top, resolve(entry)).split(sep).join('/');
  const kept = cacheFolder && join(cacheFolder, `scan-${sha256(`${version}\n${top}\n${start}`).slice(0, 32)}.json`);
  const known = kept && readKept(kept, top);
  if (known) return graphOf(top, start, known);

  const { parseModules } = await import('./typescript-parse.ts');
  const modules = await parseModules(top, start, version);
  if (kept) {
    mkdirSync(dirname(kept), { recursive: true });
    writeWhole(kept, JSON.stringify(modules));
  }
  return graphOf(top, start, modules);
}

/**
 * What the result of a task that is defined in `module` depends on: digests by path of the module and all that it reaches,
 * and versions of npm packages as `npm:name`. What `isFramework` holds for does not count, nor does the package stet.
 */
export function codeOf(
  graph: ModuleGraph,
  module: string,
  isFramework: (path: string) => boolean = () => false,
): Record<string, string> {
  const code = new Map<string, string>();
  const waiting = [module];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const found = graph.modules[path];
    if (!found || code.has(path) || (path !== module && isFramework(path))) continue;
    code.set(path, found.digest);
    for (const name of found.packages) {
      if (name !== 'stet') code.set(`npm:${name}`, packageVersion(dirname(join(graph.root, path)), name));
    }
    waiting.push(...found.imports);
  }
  return Object.fromEntries([...code].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function graphOf(root: string, entry: string, modules: Record<string, Module>): ModuleGraph {
  const lines = Object.entries(modules).map(([path, { bytes }]) => `${path} ${bytes}\n`);
  return { root, entry, modules, digest: sha256([version, root, entry, ...lines].join('\n')) };
}

function readKept(file: string, root: string): Record<string, Module> | undefined {
  try {
    const modules = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Module>;
    const isCurrent = Object.entries(modules).every(
      ([path, { bytes }]) => sha256(readFileSync(join(root, path))) === bytes,
    );
    return isCurrent ? modules : undefined;
  } catch {
    return undefined; // no earlier scan, or one whose files have gone: the modules are parsed again
  }
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
