import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  codeReader,
  type EnvRead,
  type Frozen,
  freeze,
  type ModuleGraph,
  scanModules,
} from '../../cache/code/typescript.ts';
import { inlineMap } from '../../cache/code/typescript-freeze.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import { readRegular } from '../../cache/regular-file.ts';
import { isPipeline, type Pipeline } from '../../pipelines/core/pipeline.ts';
import { nearest } from '../../tasks/core/nearest.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { findProject } from './project.ts';
import { withoutExit } from './without-exit.ts';

export interface Listed {
  readonly name: string;
  readonly file: string;
  readonly from: 'project' | 'shipped';
}

export interface Loaded {
  readonly name: string;
  /** The source. */
  readonly file: string;
  /** The root of the file's project. */
  readonly root: string;
  readonly pipeline: Pipeline;
  readonly frozenEntry: string;
  /** Of the frozen copy, as it was checked before it was imported. */
  readonly seal: string;
  readonly graphDigest: string;
  /** The code of the task whose `task(…)` call stands at this position. Throws `unknown-code`. */
  readonly codeOf: (definedAt: string) => Record<string, string>;
  /** Where that call stands in the source, as `file:line`. */
  readonly placeOf: (definedAt: string) => string;
  /** Where modules of the project read the environment. */
  readonly envReads: readonly PlacedRead[];
}

interface PlacedRead extends EnvRead {
  /** As `file:line`. */
  readonly place: string;
}

/** Pipelines of the nearest project, then those that ship; a project's hides a shipped one of the same name. */
export function listPipelines(cwd: string): Listed[] {
  const { pipelinesFolder } = findProject(cwd);
  const own = pipelinesFolder ? filesIn(pipelinesFolder, 'project') : [];
  const shipped = shippedFolders().flatMap((folder) => filesIn(folder, 'shipped'));
  const byName = new Map([...shipped.reverse(), ...own].map((listed) => [listed.name, listed]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Loads a pipeline by name or path from a frozen copy. Throws `no-such-pipeline`, `no-pipeline` or `pipeline-broken`. */
export async function loadPipeline(
  name: string,
  { cwd, codeFolder }: { cwd: string; codeFolder: string },
): Promise<Loaded> {
  const file = realpathSync(findFile(name, cwd));
  const { root } = findProject(dirname(file));
  const graph = scanModules(file, { root, cacheFolder: codeFolder });
  const frozen = await freeze(graph, resolve(codeFolder));
  const codeOf = codeReader(graph, { isFramework: frameworkFiles(), cacheFolder: codeFolder });
  const pipeline = await importPipeline(file, graph, frozen);
  return {
    name: pipeline.pipelineName,
    file,
    root,
    pipeline,
    frozenEntry: frozen.entry,
    seal: frozen.seal,
    graphDigest: graph.digest,
    codeOf: (definedAt) => codeOf(sourceAt(definedAt, graph, frozen)),
    placeOf: (definedAt) => sourcePlace(definedAt, frozen) ?? definedAt,
    envReads: envReadsIn(graph),
  };
}

/** What ships with stet says itself what it reads, and why. */
function envReadsIn({ root: top, modules }: ModuleGraph): PlacedRead[] {
  const home = realpathSync(packageRoot());
  const isShipped = (path: string): boolean => join(top, path).startsWith(`${home}${sep}`);
  return Object.entries(modules).flatMap(([path, { env = [] }]) =>
    env.length === 0 || isShipped(path) ? [] : env.map((read) => ({ ...read, place: `${path}:${read.line}` })),
  );
}

function findFile(name: string, cwd: string): string {
  const path = resolve(cwd, name);
  const looksLikePath = /[\\/]|\.[cm]?[jt]s$/.test(name);
  if (looksLikePath && statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  const listed = listPipelines(cwd);
  const found = listed.find((one) => one.name === name);
  if (found) return found.file;
  const names = listed.map((one) => one.name);
  const close = nearest(name, names);
  throw new Problem('no-such-pipeline', `There is no pipeline "${name}"${close ? `; did you mean "${close}"?` : '.'}`, {
    hint: names.length > 0 ? `Pipelines here: ${names.join(', ')}.` : 'Make one with `pipeline new NAME`.',
  });
}

function shippedFolders(): string[] {
  const home = packageRoot();
  return [join(home, 'pipelines'), join(home, 'dist', 'pipelines')].filter((folder) => existsSync(folder));
}

function filesIn(folder: string, from: Listed['from']): Listed[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && /^[^.].*\.(m?ts|m?js)$/.test(entry.name),
  );
  return files
    .filter(({ name }) => !/\.(d|test)\.m?[jt]s$/.test(name))
    .map(({ name }) => ({ name: name.replace(/\.m?[jt]s$/, ''), file: join(folder, name), from }));
}

async function importPipeline(file: string, graph: ModuleGraph, frozen: Frozen): Promise<Pipeline> {
  let module: { default?: unknown };
  try {
    module = await withoutExit(file, () => import(pathToFileURL(frozen.entry).href) as Promise<{ default?: unknown }>);
  } catch (cause) {
    const place = placeOf(cause, graph, frozen) ?? file;
    if (Problem.is(cause)) {
      throw new Problem(cause.code, `${place}: ${cause.message}`, { hint: cause.hint, cause });
    }
    throw new Problem('pipeline-broken', `${place}: ${inSources(messageOf(cause), graph, frozen)}`, { cause });
  }
  if (isPipeline(module.default)) return module.default;
  throw new Problem('no-pipeline', `${file} has no pipeline as its default export.`, {
    hint: "End it with: export default pipeline('name', { … }, (params) => …).",
  });
}

/** The topmost frame of ours in the original source, as `file:line`. */
function placeOf(error: unknown, graph: ModuleGraph, frozen: Frozen): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const missing = /^Cannot find (?:package|module) '([^']+)' imported from (.+?)$/m.exec(messageOf(error));
  if (missing) return placeOfImport(pathOf(missing[2] ?? ''), missing[1] ?? '', graph, frozen);
  const isFramework = frameworkFiles();
  const isOurs = (path: string): boolean => isFramework(join(graph.root, path));
  for (const [, where = '', line, column = '1'] of stack.matchAll(
    /((?:file:\/\/)?\/[^()\n]*?):(\d+)(?::(\d+))?(?=[\s)]|$)/g,
  )) {
    const path = pathOf(where);
    const source = frozen.sourceOf(path);
    if (!source) {
      const known = sourceIn(graph, path);
      if (known && !isOurs(known)) return `${known}:${line}`; // a loader that reads source maps has translated the frame
      continue;
    }
    if (isOurs(source)) continue;
    return sourcePlace(`${path}:${line}:${column}`, frozen);
  }
  return undefined;
}

/** A position in the copy as a place in the original. */
function sourcePlace(position: string, frozen: Frozen): string | undefined {
  const [, where = '', line, column] = /^(.*):(\d+):(\d+)$/.exec(position) ?? [];
  const path = pathOf(where);
  const source = frozen.sourceOf(path);
  const map = source && inlineMap(path);
  if (!map) return source;
  const entry = new SourceMap(JSON.parse(map) as SourceMapPayload).findEntry(Number(line) - 1, Number(column) - 1);
  return 'originalLine' in entry ? `${source}:${entry.originalLine + 1}` : source;
}

/** Where a module of ours names what it imports. */
function placeOfImport(importer: string, name: string, graph: ModuleGraph, frozen: Frozen): string | undefined {
  const source = frozen.sourceOf(importer) ?? sourceIn(graph, importer);
  if (!source) return undefined;
  const lines = readRegular(join(graph.root, source)).split('\n');
  const index = lines.findIndex((line) => [`'${name}`, `"${name}`].some((quoted) => line.includes(quoted)));
  return index < 0 ? source : `${source}:${index + 1}`;
}

/** Words about the copy in words about the original. */
function inSources(message: string, graph: ModuleGraph, frozen: Frozen): string {
  return message.replace(
    /(?:file:\/\/)?\/[^\s'"()]+/g,
    (path) => frozen.sourceOf(path) ?? sourceIn(graph, pathOf(path)) ?? path,
  );
}

const pathOf = (where: string): string => (where.startsWith('file:') ? fileURLToPath(where) : where);

function sourceIn(graph: ModuleGraph, path: string): string | undefined {
  const name = relative(graph.root, path).split(sep).join('/');
  return Object.hasOwn(graph.modules, name) ? name : undefined;
}

function sourceAt(definedAt: string, graph: ModuleGraph, frozen: Frozen): string {
  const path = pathOf(definedAt.replace(/:\d+:\d+$/, ''));
  const module = frozen.sourceOf(path);
  if (module) return join(graph.root, module);
  if (isAbsolute(path)) return realpathSync(path);
  throw new Problem('unknown-code', `The code of the task defined at ${definedAt} is not known.`, {
    hint: 'Define it in a module that the pipeline imports, or give the task a `version`.',
  });
}

/** What tasks are written with is no part of an experiment, neither in our own repository nor where we are installed. */
function frameworkFiles(): (file: string) => boolean {
  const home = realpathSync(packageRoot());
  return (file) => /^(dist\/)?(tasks\/core|cache|pipelines\/core)\//.test(relative(home, file).split(sep).join('/'));
}
