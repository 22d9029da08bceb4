import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pino from 'pino';
import type { z } from 'zod';
import type { NodeRecord } from '../../cache/records.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { buildGraph } from '../../pipelines/core/graph.ts';
import { coordinate } from '../../runner/drive/coordinator.ts';
import type { Event, EventOf } from '../../runner/log/events.ts';
import type { Executor } from '../../runner/executors/executor.ts';
import { LocalExecutor } from '../../runner/executors/local/local.ts';
import { builtIn } from '../../runner/site/registry.ts';
import { makePlan, type Plan } from '../../runner/plan/plan.ts';
import { createRun, openLog } from '../../runner/log/run-log.ts';
import type { Session } from '../../runner/project/session.ts';
import type { Readiness } from '../../tasks/core/spec.ts';
import { type Resources, service, task } from '../../tasks/core/task.ts';
import { only } from './only.ts';
import { type Puppet, PuppetStage } from './puppet.ts';

const puppetProcess = new URL('../../../test/support/puppet-process.cjs', import.meta.url);

export interface RunOptions {
  jobs?: number;
  until?: string;
  force?: string[];
  failFast?: boolean;
  gpus?: number[];
  cpus?: number;
  /** Between telling a job to stop and killing it. */
  graceMs?: number;
  /** What stands between the engine and the executor. */
  handOn?: (executor: Executor) => Executor;
}

interface PuppetOptions {
  onPreempt?: 'restart' | 'resume';
  code?: readonly string[];
  env?: Record<string, string>;
  secrets?: readonly string[];
  inherits?: readonly string[];
  resources?: Resources;
  observe?: (inputs: never) => Promise<unknown>;
  cwd?: () => string;
}

/** A whole engine in a folder of its own: real store, real processes, steered by the test. */
export class Rig {
  readonly folder: string;
  readonly stage: PuppetStage;
  readonly #stores: Store[] = [];
  readonly #runs: RigRun[] = [];
  #name = 'rig';

  static async start(t: TestContext, folder = mkdtempSync(join(tmpdir(), 'rig-'))): Promise<Rig> {
    const rig = new Rig(folder, await PuppetStage.open());
    t.after(() => rig.close());
    return rig;
  }

  private constructor(folder: string, stage: PuppetStage) {
    this.folder = folder;
    this.stage = stage;
  }

  /** A task whose program is a puppet of that name; its arguments are its plain inputs. */
  puppet<I extends Readonly<Record<string, z.ZodType>>, O extends Readonly<Record<string, z.ZodType>>>(
    name: string,
    inputs: I,
    outputs: O,
    more: PuppetOptions = {},
  ) {
    return task<I, O>({
      name,
      inputs,
      outputs,
      ...(more as object),
      command: (given, out) => [
        process.execPath,
        puppetPath(),
        this.stage.socket,
        name,
        ...Object.entries(out as Record<string, string>).map(([key, path]) => `out:${key}=${path}`),
        ...Object.entries(given as Record<string, unknown>).map(([key, value]) => `${key}=${shown(value)}`),
      ],
    });
  }

  /** A service whose program is a puppet of that name. */
  server<I extends Readonly<Record<string, z.ZodType>>>(
    name: string,
    inputs: I,
    ready: Readiness = { http: '/healthz', withinSeconds: 10 },
    more: { resources?: Resources; env?: Record<string, string>; secrets?: readonly string[] } = {},
  ) {
    return service<I>({
      name,
      inputs,
      ready,
      ...more,
      command: (given, port) => [
        process.execPath,
        puppetPath(),
        this.stage.socket,
        name,
        `port=${port}`,
        ...Object.entries(given as Record<string, unknown>).map(([key, value]) => `${key}=${shown(value)}`),
      ],
    });
  }

  started(name: string): Promise<Puppet> {
    return this.stage.started(name);
  }

  async session(build: () => unknown): Promise<Session> {
    const store = await openStore(join(this.folder, 'store'), { warn: (message) => this.warnings.push(message) });
    this.#stores.push(store);
    const graph = buildGraph(build());
    return {
      store,
      storeRoot: store.root,
      site: { local: {}, doors: builtIn },
      loaded: undefined as never, // nothing here comes from a file
      pipelineName: this.#name,
      root: this.folder,
      points: [{ label: '', params: {} }],
      graph,
      codeOf: () => ({}),
      placeOf: (at) => at,
      code: { entry: '', root: this.folder, points: [], graph: graph.digest },
      close: () => store.close(),
    };
  }

  readonly warnings: string[] = [];

  async records(): Promise<NodeRecord[]> {
    const store = await this.store();
    const records: NodeRecord[] = [];
    for await (const record of store.records.all()) records.push(record);
    return records;
  }

  async closeStores(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.close();
  }

  async store(): Promise<Store> {
    const store = await openStore(join(this.folder, 'store'));
    this.#stores.push(store);
    return store;
  }

  async plan(build: () => unknown): Promise<Plan> {
    return makePlan(await this.session(build));
  }

  async run(build: () => unknown, options: RunOptions = {}): Promise<RigRun> {
    const session = await this.session(build);
    const { run } = createRun(session.storeRoot);
    const log = openLog(session.storeRoot, run);
    const { cpus = 4, gpus = [] } = options;
    const capacity = { cpus, memoryGb: 64, gpus, gpuType: undefined, jobs: options.jobs ?? 4 };
    const { graceMs, handOn: _, ...how } = options;
    const executor = new LocalExecutor(capacity, graceMs === undefined ? {} : { graceMs });
    const rigRun = new RigRun(session, {
      ...how,
      run: log,
      executors: only(options.handOn?.(executor) ?? executor),
      diagnostics: pino({ level: 'silent' }),
      resumed: false,
    });
    this.#runs.push(rigRun);
    return rigRun;
  }

  /** Ends whatever a failed test has left running. */
  async close(): Promise<void> {
    for (const run of this.#runs) {
      run.stop();
      run.kill();
    }
    this.stage.close();
    await Promise.allSettled(this.#runs.map((run) => run.ended()));
    await this.closeStores();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type CoordinateOptions = Parameters<typeof coordinate>[1];

export class RigRun {
  readonly events: Event[] = [];
  readonly folder: string;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #done: Promise<void>;
  readonly #waiting: { matches: (event: Event) => boolean; resolve: (event: Event) => void }[] = [];

  constructor(session: Session, options: Omit<CoordinateOptions, 'signal' | 'kill'>) {
    this.folder = options.run.folder;
    const events = coordinate(session, { ...options, signal: this.#stop.signal, kill: this.#kill.signal });
    this.#done = this.#follow(events).finally(() => options.run.close());
    this.#done.catch(() => {}); // seen by ended()
  }

  /** The first event of a type (of a node, when given), past or to come. */
  async saw<T extends Event['type']>(type: T, address?: string): Promise<EventOf<T>> {
    const matches = (event: Event): boolean =>
      event.type === type && (address === undefined || ('address' in event && event.address === address));
    const past = this.events.find(matches);
    if (past) return past as EventOf<T>;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`waited 10 s for ${type} ${address ?? ''}; saw ${this.told()}`)),
        10_000,
      );
      this.#waiting.push({
        matches,
        resolve: (event) => {
          clearTimeout(timer);
          resolve(event as EventOf<T>);
        },
      });
    });
  }

  async ended(): Promise<EventOf<'run-finished'>> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited 10 s for the run to end; saw ${this.told()}`)), 10_000);
    });
    await Promise.race([this.#done, late]).finally(() => clearTimeout(timer));
    return this.events.at(-1) as EventOf<'run-finished'>;
  }

  stop(): void {
    this.#stop.abort();
  }
  kill(): void {
    this.#kill.abort();
  }

  /** The addresses of events of one type, in order. */
  of(type: Event['type']): string[] {
    return this.events.flatMap((event) => (event.type === type && 'address' in event ? [event.address] : []));
  }

  told(): string {
    return this.events.map((event) => `${event.type}${'address' in event ? ` ${event.address}` : ''}`).join(', ');
  }

  async #follow(events: AsyncGenerator<Event>): Promise<void> {
    for await (const event of events) {
      this.events.push(event);
      for (const waiting of this.#waiting.filter(({ matches }) => matches(event))) waiting.resolve(event);
    }
  }
}

export function puppetPath(): string {
  const here = new URL('./puppet-process.cjs', import.meta.url);
  return import.meta.url.endsWith('.ts') ? here.pathname : puppetProcess.pathname;
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return 'path' in value ? String(value.path) : JSON.stringify(value);
}

/** The port that a puppet was told to listen on. */
export function portOf(puppet: Puppet): number {
  return Number(puppet.args.find((arg) => arg.startsWith('port='))?.slice('port='.length));
}

/** The path of an output as a puppet was told. */
export function outOf(puppet: Puppet, output: string): string {
  return puppet.args.find((arg) => arg.startsWith(`out:${output}=`))?.slice(`out:${output}=`.length) ?? '';
}

/** Writes a puppet's outputs as JSON, then ends it well. */
export async function finish(puppet: Puppet, outputs: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, value] of Object.entries(outputs)) await puppet.write(outOf(puppet, name), JSON.stringify(value));
  puppet.exit();
}
