import { join } from 'node:path';
import type { Digest } from '../../cache/digest.ts';
import type { NodeRecord } from '../../cache/records.ts';
import { recipeDifference } from '../../cache/recipe.ts';
import { messageOf } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import type { Event } from '../log/events.ts';
import { listRuns, readEvents } from '../log/run-log.ts';

/** How many earlier runs are looked at for what a node was before. */
const runsLookedAt = 5;

interface Earlier {
  readonly fingerprint: Digest;
  outcome: 'known' | 'failed' | 'unfinished';
}

/** What nodes were in earlier runs of the same pipeline: the other half of every "why". */
export class History {
  readonly #store: Store;
  readonly #pipeline: string;
  readonly #except: string | undefined;
  readonly #seconds = new Map<string, number>();
  #byAddress: Map<string, Earlier[]> | undefined;

  constructor(store: Store, pipeline: string, except?: string) {
    this.#store = store;
    this.#pipeline = pipeline;
    this.#except = except;
  }

  /** Why a node has to run, in words. */
  async reason(call: KeyedCall): Promise<string> {
    const { instance, fingerprint, recipe } = call;
    const earlier = this.#runs().get(instance.address) ?? [];
    const same = earlier.find((run) => run.fingerprint === fingerprint);
    if (same?.outcome === 'failed') return 'it failed before';
    if (same?.outcome === 'unfinished') return 'it did not end before';
    if (same) return 'its result is no longer in the store';
    const before = (await this.before(call)) ?? (await this.#elsewhere(call));
    if (!before) return earlier.length > 0 ? 'it has no earlier result' : 'it never ran before';
    const differences = inFewWords(recipeDifference(before.recipe, recipe));
    return differences.length > 0 ? differences.join('; ') : 'its result is no longer in the store';
  }

  /** The newest result of the node under another recipe. */
  async before({ instance }: Pick<KeyedCall, 'instance'>): Promise<NodeRecord | undefined> {
    for (const { fingerprint } of this.#runs().get(instance.address) ?? []) {
      const record = await this.#store.records.get(fingerprint);
      if (record) return record;
    }
    return undefined;
  }

  /** The newest result of the task, when a node of the same name gave it: in another pipeline, or longer ago. */
  async #elsewhere({ instance, recipe }: KeyedCall): Promise<NodeRecord | undefined> {
    const newest = await this.#store.records.newest(recipe.task);
    const record = newest && (await this.#store.records.get(newest));
    return record?.provenance.node === instance.label && record.provenance.run !== this.#except ? record : undefined;
  }

  /** How long a node took the last time that it ran, in seconds. */
  secondsOf(address: string): number | undefined {
    this.#runs();
    return this.#seconds.get(address);
  }

  /** Newest first. Read once, and only when something has to run. */
  #runs(): Map<string, Earlier[]> {
    this.#byAddress ??= this.#read();
    return this.#byAddress;
  }

  #read(): Map<string, Earlier[]> {
    const found = new Map<string, Earlier[]>();
    let looked = 0;
    for (const run of listRuns(this.#store.root).reverse()) {
      if (run === this.#except) continue;
      const events = this.#eventsOf(run);
      const first = events.find((event) => event.type === 'run-started');
      if (first?.pipeline !== this.#pipeline) continue;
      const inRun = new Map<string, Earlier>();
      for (const event of events) {
        // What a person's word stood for was never its own.
        if (event.type === 'node-cached' && !event.accepted)
          inRun.set(event.address, { fingerprint: event.fingerprint as Digest, outcome: 'known' });
        if (event.type === 'node-queued')
          inRun.set(event.address, { fingerprint: event.fingerprint as Digest, outcome: 'unfinished' });
        const known = 'address' in event ? inRun.get(event.address) : undefined;
        if (event.type === 'node-finished' && known) known.outcome = 'known';
        if (event.type === 'node-finished' && !this.#seconds.has(event.address))
          this.#seconds.set(event.address, event.seconds);
        if (event.type === 'node-failed' && known && event.failure.code !== 'cancelled') known.outcome = 'failed';
      }
      for (const [address, entry] of inRun) found.set(address, [...(found.get(address) ?? []), entry]);
      looked += 1;
      if (looked === runsLookedAt) break;
    }
    return found;
  }

  /** A run that cannot be read explains nothing, and stops nothing. */
  #eventsOf(run: string): Event[] {
    try {
      return readEvents(join(this.#store.root, 'runs', run));
    } catch (error) {
      this.#store.warn(`Run ${run} cannot be read, and is left out: ${messageOf(error)}`);
      return [];
    }
  }
}

/** A command mostly repeats its inputs, so it is told only when they do not explain it; of many changed files a few. */
export function inFewWords(lines: readonly string[]): string[] {
  const explained = lines.some((line) => line.startsWith('input '));
  const told = explained ? lines.filter((line) => !line.startsWith('command changed')) : [...lines];
  const ofCode = told.filter((line) => line.startsWith('code of '));
  if (ofCode.length <= 3) return told;
  const others = told.filter((line) => !line.startsWith('code of '));
  return [...others, ...ofCode.slice(0, 2), `${ofCode.length - 2} more files of its code changed`];
}
