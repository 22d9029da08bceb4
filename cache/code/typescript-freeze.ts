import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from '../problem.ts';
import { ownPath } from '../store-border.ts';
import { frozenFault, listFrozen, repairFrozen, sealOf } from './frozen-list.ts';
import { sha256 } from './sha256.ts';
import type { ModuleGraph, Modules } from './typescript-graph.ts';
import { ofCode, transpile } from './typescript-parse.ts';

/** Counts in the name of a copy, so that one that was made in another way is no copy. */
const copying = 'freeze 2';

export interface Frozen {
  /** Absolute. */
  readonly entry: string;
  /** The folder that stands for the project's root. */
  readonly base: string;
  /** The digest of the list of its files: who runs the copy elsewhere or later checks it by that. */
  readonly seal: string;
  /** The original module, relative to the root, of a file (path or file URL) in the copy. */
  readonly sourceOf: (frozenFile: string) => string | undefined;
}

/**
 * Copies a program file by file, as JavaScript that any Node runs, to a folder named by its content below `folder`. Bare
 * imports resolve as they do from the original place. A copy that is there and not as it was made is made again.
 */
export async function freeze(graph: ModuleGraph, folder: string): Promise<Frozen> {
  mkdirSync(folder, { recursive: true });
  const links = packageFolders(graph);
  const place = realpathSync(folder); // Node names modules by their real path
  const home = ownPath(place, sha256([copying, graph.digest, ...links.above, ...links.inside].join('\n')));
  // One folder deeper for each `node_modules` above the root, so that they are searched in the same order.
  const inner = links.above
    .slice(1)
    .map(() => 'in')
    .join('/');
  if (frozenFault(home) !== undefined) await write(graph, { home, inner, links });
  const base = join(home, inner);
  const sources = new Map(Object.keys(graph.modules).map((path) => [join(base, frozenName(path)), path]));
  return {
    entry: join(base, frozenName(graph.entry)),
    base,
    seal: sealOf(home) ?? '',
    sourceOf: (file) => sources.get(file.startsWith('file:') ? fileURLToPath(file) : file),
  };
}

/** Endings other than `.ts` and `.js` stay visible, so that fewer names meet in the copy. */
function frozenName(path: string): string {
  return path.replace(/\.([cm]?[jt]sx?)$/, (whole, ending: string) => {
    if (ending === 'ts' || ending === 'js') return '.js';
    if (ending === 'cjs' || ending === 'mjs') return whole;
    return ending === 'cts' ? '.cts.cjs' : `${whole}.js`;
  });
}

interface Target {
  readonly home: string;
  readonly inner: string;
  readonly links: PackageFolders;
}

async function write(graph: ModuleGraph, { home, inner, links }: Target): Promise<void> {
  const aside = join(dirname(home), `.tmp-${graph.digest.slice(0, 16)}-${process.pid}-${Date.now()}`);
  const base = join(aside, inner);
  mkdirSync(base, { recursive: true });
  try {
    await writeModules(graph, base);
    linkPackages(links, { root: graph.root, aside, base });
    writeFileSync(join(aside, 'package.json'), '{"type":"module"}\n');
    listFrozen(aside);
    if (isFolder(home)) repairFrozen(home, aside);
    else {
      rmSync(home, { force: true });
      renameSync(aside, home);
    }
  } catch (error) {
    if (frozenFault(home) !== undefined) throw error; // else another run has written the same copy meanwhile
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function writeModules({ root, modules, texts }: ModuleGraph, base: string): Promise<void> {
  refuseClash(Object.keys(modules));
  const lexer = await import('es-module-lexer');
  await lexer.init;
  const code = transpile(ofCode(texts), { sourcemap: 'inline', sourcesContent: false });
  for (const [path, bytes] of texts) {
    const target = join(base, frozenName(path));
    mkdirSync(dirname(target), { recursive: true });
    const text = code.get(path);
    const source = relative(dirname(target), join(root, path));
    writeFileSync(
      target,
      text === undefined ? bytes : mappedTo(source, renameImports(path, text, modules, lexer.parse)),
    );
  }
}

function refuseClash(paths: readonly string[]): void {
  const names = paths.map(frozenName);
  const clash = paths.filter((path) => names.filter((name) => name === frozenName(path)).length > 1);
  if (clash.length > 0)
    throw new Problem('pipeline-broken', `Two modules have one name but for .ts and .js: ${clash.join(', ')}.`, {
      hint: 'Rename one of them, or remove it if it was compiled from the other.',
    });
}

type Parse = typeof import('es-module-lexer')['parse'];

/** A relative import gets the name that its module has in the copy; all else stays as it is. */
function renameImports(path: string, text: string, modules: Modules, parse: Parse): string {
  if (/\.c[jt]s$/.test(path)) return text;
  let renamed = '';
  let done = 0;
  for (const { n: specifier, s: start, e: end, d: dynamic } of parse(text, path)[0]) {
    const found = specifier === undefined ? undefined : modules[path]?.imports[specifier];
    if (found === undefined) continue;
    const near = relative(dirname(path), frozenName(found)).split(sep).join('/');
    const name = near.startsWith('.') ? near : `./${near}`;
    renamed += text.slice(done, start) + (dynamic === -1 ? name.replace(/['"\\]/g, '\\$&') : JSON.stringify(name));
    done = end;
  }
  return renamed + text.slice(done);
}

interface PackageFolders {
  /** `node_modules` at the root and above it, outermost first. */
  readonly above: readonly string[];
  /** Folders of the program below the root that have `node_modules` of their own, relative to it. */
  readonly inside: readonly string[];
}

function packageFolders({ root, modules }: ModuleGraph): PackageFolders {
  const above: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules'))) above.unshift(join(folder, 'node_modules'));
    if (folder === dirname(folder)) break;
  }
  const inside = new Set<string>();
  for (const path of Object.keys(modules)) {
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      if (existsSync(join(root, folder, 'node_modules'))) inside.add(folder);
    }
  }
  return { above, inside: [...inside].sort() };
}

function linkPackages(
  { above, inside }: PackageFolders,
  { root, aside, base }: { root: string; aside: string; base: string },
): void {
  let place = aside;
  for (const target of above) {
    symlinkSync(target, join(place, 'node_modules'), 'junction');
    place = join(place, 'in');
  }
  for (const folder of inside) {
    symlinkSync(join(root, folder, 'node_modules'), join(base, folder, 'node_modules'), 'junction');
  }
}

const mapStart = '//# sourceMappingURL=data:application/json;base64,';

/** A text whose source map names the module, relative to the copy, instead of what the compiler was given. */
function mappedTo(source: string, text: string): string {
  const at = text.lastIndexOf(mapStart);
  if (at < 0) return text;
  const map = JSON.parse(Buffer.from(text.slice(at + mapStart.length), 'base64').toString('utf8')) as object;
  const encoded = Buffer.from(JSON.stringify({ ...map, sources: [source.split(sep).join('/')] })).toString('base64');
  return `${text.slice(0, at)}${mapStart}${encoded}\n`;
}

/** The text of the inline source map of a frozen file, if it has one. */
export function inlineMap(file: string): string | undefined {
  const encoded = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(
    readFileSync(file, 'utf8'),
  )?.[1];
  return encoded && Buffer.from(encoded, 'base64').toString('utf8');
}
