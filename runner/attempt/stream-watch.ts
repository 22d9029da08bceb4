import { join } from 'node:path';
import type { Store } from '../../cache/store.ts';
import { type StreamSpec, streamOf } from '../../tasks/core/stream.ts';
import { workFolder } from '../job/staged-job.ts';
import type { Failure } from '../log/events.ts';
import { isWhole } from '../values/cache-hit.ts';
import type { Item } from '../values/output.ts';
import { fromStored, toStored } from '../values/stored.ts';
import type { ActiveAttempt } from './active-attempt.ts';
import { fileStateOf } from './file-state.ts';
import { ingestItem } from './ingest.ts';
import { noteReleased, readReleased } from './released-ledger.ts';
import { failureOf } from './failure-of.ts';
import { findReleases, type ReadyItem } from './releases.ts';

/** How often a job on another host is looked at, through a file system that many share; in milliseconds. */
const remoteScanMs = 2000;

interface WatchTools {
  readonly store: Store;
  /** An item is in the store, and noted down for those who come later. */
  readonly released: (output: string, item: Item) => void;
  /** Whether nobody else works on the same by now. */
  readonly isOurs: () => boolean;
}

/** Takes the items of one attempt's streams into the store while its job runs. */
export class StreamWatch {
  readonly #attempt: ActiveAttempt;
  readonly #tools: WatchTools;
  readonly #streams: readonly (readonly [string, StreamSpec])[];
  readonly #items = new Map<string, Item[]>();
  /** Where released items lay, by output and key, as far as that is known. */
  readonly #places = new Map<string, Map<string, string | undefined>>();
  /** The state of items that could not be taken, by path. */
  readonly #refused = new Map<string, string>();
  /** Looks never overlap, or both would find the same items. */
  #lastScan: Promise<void> = Promise.resolve();
  #isScanning = false;
  /** Earliest next look, by the monotonic clock, in milliseconds. */
  #scanAt = 0;
  #broken: Failure | undefined;

  constructor(attempt: ActiveAttempt, tools: WatchTools) {
    this.#attempt = attempt;
    this.#tools = tools;
    this.#streams = Object.entries(attempt.job.call.spec.outputs).flatMap(([name, type]) => {
      const stream = streamOf(type);
      return stream ? [[name, stream] as const] : [];
    });
  }

  get isEmpty(): boolean {
    return this.#streams.length === 0;
  }

  /** What was released so far, by output. */
  get items(): ReadonlyMap<string, readonly Item[]> {
    return this.#items;
  }

  /** Why the streams cannot be taken: an item that is broken, or a rule that cannot tell. Its job was told to end. */
  get broken(): Failure | undefined {
    return this.#broken;
  }

  /** Looks for items that became ready, unless it did so just now. */
  look(now: number): void {
    const { executor, copy } = this.#attempt;
    if (this.isEmpty || this.#isScanning || now < this.#scanAt) return;
    // Until its copy is known a job on another host writes nobody knows where.
    if (executor.outlivesDriver && !copy) return;
    this.#isScanning = true;
    this.#scanAt = now + (executor.outlivesDriver ? remoteScanMs : 0);
    this.#lastScan = this.#scan().finally(() => {
      this.#isScanning = false;
    });
  }

  /** Once its job has ended. */
  async lookForTheLastTime(): Promise<void> {
    if (this.isEmpty) return;
    await this.#lastScan;
    // A job that was taken over and is lost was never seen to start.
    if (this.#attempt.executor.outlivesDriver && this.#items.size === 0) this.releaseAgain();
    this.#isScanning = true;
    await this.#scan();
  }

  /** A job that starts from the beginning makes all of its items again. */
  forget(): void {
    this.#items.clear();
    this.#places.clear();
  }

  /** Items that an earlier attempt released are items of this one, also when its program has deleted them since. */
  releaseAgain(): void {
    const path = this.#ledger;
    if (this.isEmpty || path === undefined) return;
    for (const { output, key, value, place } of readReleased(path)) {
      if (this.#items.get(output)?.some((item) => item.key === key)) continue;
      // Lost from the store meanwhile: it is an item again if its program has it still.
      if (!isWhole(this.#tools.store, { outputs: { [output]: value } })) continue;
      this.#release(output, { key, value: fromStored(value) }, place);
    }
  }

  /** Never throws: a broken item, or a rule that cannot tell, ends its job. */
  async #scan(): Promise<void> {
    if (!this.#tools.isOurs()) return;
    try {
      for (const [output, spec] of this.#streams) await this.#takeReady(output, spec);
    } catch (error) {
      this.#broken ??= failureOf(error);
      this.#attempt.executor.cancel(this.#attempt.job);
    }
  }

  async #takeReady(output: string, spec: StreamSpec): Promise<void> {
    const folder = this.#attempt.jobInCopy.out[output] as string;
    for (const ready of await findReleases(folder, spec, this.#placesOf(output))) {
      const item = await this.#take(ready, output, spec);
      if (!item) continue;
      const ledger = this.#ledger;
      if (ledger !== undefined) {
        await noteReleased(ledger, { output, key: item.key, place: ready.place, value: toStored(item.value) });
      }
      this.#release(output, item, ready.place);
    }
  }

  /**
   * None when its program deletes the item meanwhile: trainers keep only their newest checkpoints, and half of one must not
   * be taken for the whole. What fails while it stands still is broken.
   */
  async #take(ready: ReadyItem, output: string, spec: StreamSpec): Promise<Item | undefined> {
    const { jobInCopy, isEnding } = this.#attempt;
    const before = fileStateOf(ready.path);
    if (before === undefined) return undefined;
    try {
      const item = await ingestItem(ready, spec, { job: jobInCopy, store: this.#tools.store, output });
      return fileStateOf(ready.path) === before ? item : undefined;
    } catch (error) {
      const stoodStill = isEnding || this.#refused.get(ready.path) === before;
      if (stoodStill && fileStateOf(ready.path) === before) throw error;
      this.#refused.set(ready.path, before); // looked at again
      return undefined;
    }
  }

  #placesOf(output: string): Map<string, string | undefined> {
    const known = this.#places.get(output) ?? new Map<string, string | undefined>();
    this.#places.set(output, known);
    return known;
  }

  #release(output: string, item: Item, place: string | undefined): void {
    this.#placesOf(output).set(item.key, place);
    this.#items.set(output, [...(this.#items.get(output) ?? []), item]);
    this.#tools.released(output, item);
  }

  /** Where released items are noted down for those who come later. */
  get #ledger(): string | undefined {
    const { job, executor, copy } = this.#attempt;
    if (job.call.spec.onPreempt === 'resume') {
      return join(workFolder(this.#tools.store, job.call.fingerprint), 'released.jsonl');
    }
    return executor.outlivesDriver ? join(copy?.folder ?? job.folder, 'released.jsonl') : undefined;
  }
}
