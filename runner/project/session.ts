import { join, resolve } from 'node:path';
import { openStore, type Store } from '../../cache/store.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import { applyOverrides, parseOverrides, type Point } from '../../pipelines/core/overrides.ts';
import { withProfile } from '../../pipelines/core/profiles.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { type Loaded, loadPipeline } from './load.ts';
import { findProject } from './project.ts';
import type { Doors } from '../executors/door.ts';
import { loadSite } from '../site/load-site.ts';
import type { Site } from '../site/site.ts';
import type { CodeOfRun } from './code-of-run.ts';
import { graphOf } from './build-graph.ts';

/** A pipeline with its parameters, its graph and the store that it runs against. */
export interface Session {
  readonly store: Store;
  readonly storeRoot: string;
  readonly site: Site;
  readonly loaded: Loaded;
  readonly pipelineName: string;
  /** The project's folder; declared code files are relative to it. */
  readonly root: string;
  readonly points: readonly Point[];
  readonly graph: Graph;
  /** Digests of the source behind a `task(...)` call. */
  readonly codeOf: (definedAt: string) => Readonly<Record<string, string>>;
  /** Where that call stands, for people. */
  readonly placeOf: (definedAt: string) => string;
  /** What workers need to find a body again. */
  readonly code: CodeOfRun;
  close(): Promise<void>;
}

export interface StoreRequest {
  readonly cwd: string;
  /** The executors that come with the program. */
  readonly doors: Doors;
  readonly storeFolder?: string | undefined;
  readonly warn: (message: string) => void;
}

export interface SessionRequest extends StoreRequest {
  /** A pipeline's name or path. */
  readonly name: string;
  readonly overrides: readonly string[];
  readonly profile?: string;
}

export async function openSession({ name, overrides, profile, cwd, ...place }: SessionRequest): Promise<Session> {
  const { store, site } = await openStoreOnly({ cwd, ...place });
  try {
    process.env.STET_HOME ??= packageRoot(); // frozen code cannot find the package by itself
    const loaded = await loadPipeline(name, { cwd, codeFolder: join(store.root, 'code') });
    const { pipeline } = loaded;
    const base = withProfile(pipeline.options.profiles ?? {}, profile);
    const points = applyOverrides(pipeline.params, base, parseOverrides(overrides), name);
    const graph = graphOf(pipeline, points);
    return {
      store,
      storeRoot: store.root,
      site,
      loaded,
      pipelineName: pipeline.pipelineName,
      root: loaded.root,
      points,
      graph,
      codeOf: (definedAt) => loaded.codeOf(definedAt),
      placeOf: (definedAt) => loaded.placeOf(definedAt),
      code: { entry: loaded.frozenEntry, seal: loaded.seal, root: loaded.root, points, graph: graph.digest },
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The store of a place. */
export async function openStoreOnly(request: StoreRequest): Promise<{ store: Store; site: Site }> {
  const { storeRoot, site } = await locateStore(request);
  const store = await openStore(storeRoot, { warn: request.warn, records: site.records });
  return { store, site };
}

/** Where the store of a place lies or would lie: from `--store`, else STET_STORE, else the site file, else `.stet` in the project. */
export async function locateStore({
  cwd,
  doors,
  storeFolder,
}: Omit<StoreRequest, 'warn'>): Promise<{ storeRoot: string; site: Site }> {
  const project = findProject(cwd);
  const site = await loadSite(project.root, doors);
  const given = storeFolder ?? process.env.STET_STORE;
  const storeRoot = given === undefined ? resolve(project.root, site.store ?? '.stet') : resolve(cwd, given);
  return { storeRoot, site };
}
