import { join } from 'node:path';
import type { Store } from '../../cache/store.ts';
import type { StreamSpec } from '../../tasks/core/stream.ts';
import type { Fact } from '../log/events.ts';
import { fileStateOf } from './file-state.ts';
import { ingestItem } from './ingest.ts';
import { noteReleased, readReleased } from './released-ledger.ts';
import { failureOf } from './judge.ts';
import { isWhole } from '../values/cache-hit.ts';
import type { Item } from '../values/output.ts';
import type { KeyedCall } from '../keys/recipes.ts';
import { type Found, findReleases } from './releases.ts';
import { type ActiveAttempt, settled } from './active-attempt.ts';
import { workFolder } from '../job/stage.ts';
import { fromStored, toStored } from '../values/stored.ts';

/** How often a job on another host is looked at, through a file system that many share; in milliseconds. */
const remoteScanMs = 2000;

export interface StreamTools {
  readonly store: Store;
  readonly emit: (fact: Fact) => void;
  readonly released: (call: KeyedCall, output: string, item: Item) => void;
}

/** Takes the items of streams into the store while their jobs run. */
export class StreamWatch {
  readonly #tools: StreamTools;

  constructor(tools: StreamTools) {
    this.#tools = tools;
  }

  /** Looks at running jobs for items that became ready. */
  scanAll(all: Iterable<ActiveAttempt>): void {
    const now = performance.now();
    for (const running of all) {
      if (running.streams.length === 0 || running.scanning || now < running.scanAt) continue;
      // Until its copy is known a job on another host writes nobody knows where.
      if (running.executor.outlivesDriver && !running.copy) continue;
      running.scanning = true;
      running.scanAt = now + (running.executor.outlivesDriver ? remoteScanMs : 0);
      running.scan = this.scan(running).finally(() => {
        running.scanning = false;
      });
    }
  }

  /** Never throws: a broken item, or a rule that cannot tell, ends its job. */
  async scan(running: ActiveAttempt): Promise<void> {
    try {
      await this.#takeReleases(running);
    } catch (error) {
      running.broken ??= failureOf(error);
      running.executor.cancel(running.job);
    }
  }

  async #takeReleases(running: ActiveAttempt): Promise<void> {
    for (const [output, spec] of running.streams) {
      const folder = settled(running).out[output] as string;
      const seen = new Set((running.items.get(output) ?? []).map(({ key }) => key));
      for (const found of await findReleases(folder, spec, seen)) {
        const item = await this.#takeItem(running, { output, spec, found });
        if (item) this.#release(running, output, item);
      }
    }
  }

  /**
   * None when its program deletes the item meanwhile: trainers keep only their newest checkpoints, and half of one must not
   * be taken for the whole. What fails while it stands still is broken.
   */
  async #takeItem(
    running: ActiveAttempt,
    { output, spec, found }: { output: string; spec: StreamSpec; found: Found },
  ): Promise<Item | undefined> {
    const before = fileStateOf(found.path);
    if (before === undefined) return undefined;
    try {
      const item = await ingestItem(found, spec, { job: settled(running), store: this.#tools.store, output });
      return fileStateOf(found.path) === before ? item : undefined;
    } catch (error) {
      const stoodStill = running.isEnding || running.failed.get(found.path) === before;
      if (stoodStill && fileStateOf(found.path) === before) throw error;
      running.failed.set(found.path, before); // looked at again
      return undefined;
    }
  }

  #release(running: ActiveAttempt, output: string, item: Item): void {
    const { call } = running.job;
    running.items.set(output, [...(running.items.get(output) ?? []), item]);
    const digest = (item.value as { digest?: string } | null)?.digest;
    const { address } = call.instance;
    const ledger = this.#ledgerOf(running);
    if (ledger !== undefined) {
      noteReleased(ledger, { output, key: item.key, value: toStored(item.value) });
    }
    this.#tools.emit({ type: 'item-released', address, output, key: item.key, digest });
    this.#tools.released(call, output, item);
  }

  /** Where released items are noted down for those who come later. */
  #ledgerOf({ job, executor, copy }: ActiveAttempt): string | undefined {
    if (job.call.spec.onPreempt === 'resume') {
      return join(workFolder(this.#tools.store, job.call.fingerprint), 'released.jsonl');
    }
    return executor.outlivesDriver ? join(copy?.folder ?? job.folder, 'released.jsonl') : undefined;
  }

  /** Items that an earlier attempt released are items of this one, also when its program has deleted them since. */
  releaseAgain(running: ActiveAttempt): void {
    const path = this.#ledgerOf(running);
    if (path === undefined) return;
    for (const { output, key, value } of readReleased(path)) {
      if (running.items.get(output)?.some((item) => item.key === key)) continue;
      if (!isWhole(this.#tools.store, { outputs: { [output]: value } })) continue; // lost from the store meanwhile: it is an item again if its program has it still
      const item = { key, value: fromStored(value) };
      running.items.set(output, [...(running.items.get(output) ?? []), item]);
      const { address } = running.job.call.instance;
      const digest = (item.value as { digest?: string } | null)?.digest;
      this.#tools.emit({ type: 'item-released', address, output, key, digest });
      this.#tools.released(running.job.call, output, item);
    }
  }
}
