import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../cache/canonical-json.ts';
import { Problem } from '../cache/problem.ts';
import type { Store } from '../cache/store.ts';
import { type StreamSpec, streamOf } from '../tasks/core/stream.ts';
import type { Item, Output } from './dataflow.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Fact, Failure } from './events.ts';
import type { Change, Executor, Exit } from './executors/executor.ts';
import { claimFolder, endFormerJob } from './fence.ts';
import { ingest, ingestItem } from './ingest.ts';
import { failureOf, judge } from './judge.ts';
import { isWhole } from './known.ts';
import type { Prepared } from './recipes.ts';
import { findReleases } from './releases.ts';
import type { RunLog } from './run-log.ts';
import { type CodeOfRun, type StagedJob, stageJob, workFolder } from './stage.ts';
import { fromStored, toStored } from './values.ts';

/** How often running jobs are looked at for new stream items, in milliseconds. */
const releasePollMs = 200;

/** How one attempt ended: with outputs, or with a failure. */
export interface AttemptEnd {
  readonly outputs?: Readonly<Record<string, Output>>;
  readonly failure?: Failure;
  readonly attempt: number;
  readonly seconds: number;
  /** Relative to the run's folder. */
  readonly log?: string;
}

export interface AttemptTools {
  readonly store: Store;
  readonly code: CodeOfRun;
  readonly run: RunLog;
  readonly executor: Executor;
  readonly diagnostics: Diagnostics;
  readonly emit: (fact: Fact) => void;
  readonly released: (prepared: Prepared, output: string, item: Item) => void;
  readonly ended: (prepared: Prepared, end: AttemptEnd) => void;
}

interface Running {
  readonly job: StagedJob;
  readonly startedAt: number;
  readonly streams: readonly (readonly [string, StreamSpec])[];
  readonly items: Map<string, Item[]>;
  /** Scans of one job never overlap. */
  scan: Promise<void>;
  scanning: boolean;
  broken: Failure | undefined;
}

/** One attempt at a node, from its folder to its outputs in the store; any number at a time. */
export class Attempts {
  readonly #tools: AttemptTools;
  readonly #running = new Map<string, Running>();
  /** The last attempt at each node, until its folder is cleaned. */
  readonly #last = new Map<string, StagedJob>();
  #poll: NodeJS.Timeout | undefined;

  constructor(tools: AttemptTools) {
    this.#tools = tools;
    tools.executor.onChange((change) => this.#onChange(change));
  }

  get running(): number {
    return this.#running.size;
  }

  /** The intent is on record before anything is done. */
  async start(prepared: Prepared, { attempt, reason }: { attempt: number; reason: string }): Promise<void> {
    const { store, run, code, executor, emit, diagnostics } = this.#tools;
    const { instance, spec, fingerprint } = prepared;
    const place = freePlace(run.folder, instance.address, attempt);
    const { address, label } = instance;
    emit({ type: 'node-queued', address, label, task: spec.name, fingerprint, attempt, reason, job: place });

    const work = spec.onPreempt === 'resume' ? workFolder(store, fingerprint) : undefined;
    if (work) await endFormerJob(work);
    const job = stageJob(prepared, {
      store,
      folder: join(run.folder, place),
      id: place,
      attempt,
      code,
      token: tokenOf(prepared, attempt),
    });
    const streams = Object.entries(spec.outputs).flatMap(([name, type]) => {
      const stream = streamOf(type);
      return stream ? [[name, stream] as const] : [];
    });
    const running: Running = {
      job,
      startedAt: performance.now(),
      streams,
      items: new Map(),
      scan: Promise.resolve(),
      scanning: false,
      broken: undefined,
    };
    this.#running.set(address, running);
    this.#last.set(address, job);
    if (work && job.resuming) this.#releaseAgain(running, work);
    else if (work) rmSync(join(work, 'released.jsonl'), { force: true });
    diagnostics.info({ address, fingerprint, folder: place, resuming: job.resuming }, 'submit');
    try {
      executor.submit(job);
    } catch (error) {
      this.#running.delete(address);
      throw error;
    }
    if (streams.length > 0) this.#poll ??= setInterval(() => this.#scanAll(), releasePollMs);
  }

  releasedBy(address: string): ReadonlyMap<string, readonly Item[]> {
    return this.#running.get(address)?.items ?? new Map();
  }

  /** Inputs that the job wrote to, or that changed where they lie. */
  changedInputs({ instance }: Prepared): string[] {
    const job = this.#last.get(instance.address);
    return (job?.inputFolders ?? []).flatMap((folder) => this.#tools.store.changedInputs(folder));
  }

  /** Removes what a finished node no longer needs; its log and scripts stay. */
  clean(prepared: Prepared): void {
    const job = this.#last.get(prepared.instance.address);
    if (!job) return;
    this.#last.delete(prepared.instance.address);
    const left = [...Object.values(job.out), ...job.inputFolders];
    for (const path of prepared.spec.run ? [...left, join(job.folder, 'scratch')] : left) {
      rmSync(path, { recursive: true, force: true });
    }
    if (prepared.spec.onPreempt === 'resume') {
      rmSync(workFolder(this.#tools.store, prepared.fingerprint), { recursive: true, force: true });
    }
  }

  cancelAll(how: { now: boolean }): void {
    for (const { job } of this.#running.values()) this.#tools.executor.cancel(job, how);
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    await this.#tools.executor.close();
  }

  #onChange(change: Change): void {
    const job = change.job as StagedJob;
    const { address } = job.prepared.instance;
    const running = this.#running.get(address);
    if (!running) return;
    if (change.type === 'started') {
      if (job.prepared.spec.onPreempt === 'resume' && change.pid !== undefined) {
        claimFolder(workFolder(this.#tools.store, job.prepared.fingerprint), change.pid);
      }
      const pid = change.pid === undefined ? {} : { pid: change.pid };
      this.#tools.emit({ type: 'node-started', address, attempt: job.attempt, host: change.host, ...pid });
      return;
    }
    if (change.type !== 'exited') return;
    void this.#finish(running, change.exit).then((end) => {
      this.#running.delete(address);
      if (this.#running.size === 0) {
        clearInterval(this.#poll);
        this.#poll = undefined;
      }
      this.#tools.diagnostics.info(
        { address, exit: change.exit, seconds: end.seconds, failure: end.failure?.code },
        'ended',
      );
      this.#tools.ended(job.prepared, end);
    });
  }

  async #finish(running: Running, exit: Exit): Promise<AttemptEnd> {
    const { job } = running;
    const end = {
      attempt: job.attempt,
      seconds: (performance.now() - running.startedAt) / 1000,
      log: `${job.id}/log.txt`,
    };
    if (running.streams.length > 0) {
      await running.scan;
      running.scanning = true; // the last look is this one's: a second at the same time would find everything twice
      await this.#scan(running);
    }
    const failure = running.broken ?? judge(job, exit);
    if (failure) return { ...end, failure };
    try {
      return { ...end, outputs: await ingest(job, this.#tools.store, running.items) };
    } catch (error) {
      if (!Problem.is(error)) this.#tools.diagnostics.error({ err: error }, 'ingest');
      return { ...end, failure: failureOf(error) };
    }
  }

  #scanAll(): void {
    for (const running of this.#running.values()) {
      if (running.streams.length === 0 || running.scanning) continue;
      running.scanning = true;
      running.scan = this.#scan(running).finally(() => {
        running.scanning = false;
      });
    }
  }

  /** Never throws: a broken item, or a rule that cannot tell, ends its job. */
  async #scan(running: Running): Promise<void> {
    try {
      await this.#takeReleases(running);
    } catch (error) {
      running.broken ??= failureOf(error);
      this.#tools.executor.cancel(running.job);
    }
  }

  async #takeReleases(running: Running): Promise<void> {
    for (const [output, spec] of running.streams) {
      const folder = running.job.out[output] as string;
      const seen = new Set((running.items.get(output) ?? []).map(({ key }) => key));
      for (const found of await findReleases(folder, spec, seen)) {
        try {
          this.#release(
            running,
            output,
            await ingestItem(found, spec, { job: running.job, store: this.#tools.store, output }),
          );
        } catch (error) {
          if (existsSync(found.path)) throw error; // else its program deleted it meanwhile: it never was an item
        }
      }
    }
  }

  #release(running: Running, output: string, item: Item): void {
    const { prepared } = running.job;
    running.items.set(output, [...(running.items.get(output) ?? []), item]);
    const digest = (item.value as { digest?: string } | null)?.digest;
    const { address } = prepared.instance;
    if (prepared.spec.onPreempt === 'resume') {
      const line = JSON.stringify({ output, key: item.key, value: toStored(item.value) });
      appendFileSync(join(workFolder(this.#tools.store, prepared.fingerprint), 'released.jsonl'), `${line}\n`);
    }
    this.#tools.emit({ type: 'item-released', address, output, key: item.key, ...(digest ? { digest } : {}) });
    this.#tools.released(prepared, output, item);
  }

  /** Items that an earlier attempt released are items of this one, also when its program has deleted them since. */
  #releaseAgain(running: Running, work: string): void {
    const path = join(work, 'released.jsonl');
    const released = readReleased(path);
    if (released.length > 0) appendFileSync(path, '\n'); // ends a line that a killed driver left torn
    for (const { output, key, value } of released) {
      if (!isWhole(this.#tools.store, { outputs: { [output]: value } })) continue; // lost from the store meanwhile: it is an item again if its program has it still
      const item = { key, value: fromStored(value) };
      running.items.set(output, [...(running.items.get(output) ?? []), item]);
      const { address } = running.job.prepared.instance;
      const digest = (item.value as { digest?: string } | null)?.digest;
      this.#tools.emit({ type: 'item-released', address, output, key, ...(digest ? { digest } : {}) });
      this.#tools.released(running.job.prepared, output, item);
    }
  }
}

function readReleased(path: string): { output: string; key: string; value: Json }[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as { output: string; key: string; value: Json }];
      } catch {
        return []; // the driver was killed while it wrote this line: the item is found again
      }
    });
}

/** A folder for an attempt that no earlier driver of the same run has used. */
function freePlace(runFolder: string, address: string, attempt: number): string {
  const name = address
    .replace(/\[(.*)\]$/, '.$1')
    .replace(/[^A-Za-z0-9._~,-]/g, '_')
    .slice(0, 100);
  const isPlain = /^[A-Za-z0-9._~,[\]-]{1,100}$/.test(address);
  const plain = isPlain ? name : `${name}-${shortDigest(address)}`;
  for (let number = attempt; ; number += 1) {
    const place = join('jobs', `${plain}.${number}`);
    if (!existsSync(join(runFolder, place))) return place;
  }
}

/** A name for an attempt that was never used before, in plain characters. */
function tokenOf({ spec, fingerprint }: Prepared, attempt: number): string {
  const nonce = randomBytes(4).toString('hex');
  return `${spec.name}.${fingerprint.slice('sha256:'.length, 'sha256:'.length + 12)}.${attempt}.${nonce}`;
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
