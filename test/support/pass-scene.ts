import type { TestContext } from 'node:test';
import { openStore, type Store } from '../../cache/store.ts';
import { buildGraph, type Graph } from '../../pipelines/core/graph.ts';
import { Journal } from '../../runner/drive/journal.ts';
import { Leases } from '../../runner/drive/leases.ts';
import { Losses } from '../../runner/drive/losses.ts';
import { Pass } from '../../runner/drive/pass.ts';
import type { KeyedCall } from '../../runner/keys/keyed-call.ts';
import { Recipes } from '../../runner/keys/recipes.ts';
import type { Event, EventOf } from '../../runner/log/events.ts';
import { createRun, openLog, type RunLog } from '../../runner/log/run-log.ts';
import { History } from '../../runner/plan/history.ts';
import { tempFolder } from './temp-folder.ts';

/** One pass of a run that nobody drives: its store, log, leases and keyed calls are real. */
export class PassScene {
  readonly store: Store;
  readonly graph: Graph;
  readonly log: RunLog;
  readonly pass: Pass;
  readonly journal: Journal;
  readonly losses: Losses;
  readonly leases: Leases;
  readonly recipes: Recipes;
  readonly history: History;
  readonly events: Event[] = [];
  readonly #calls = new Map<string, KeyedCall>();

  /** In a store of its own, or in that of another run. */
  static async open(t: TestContext, wanted: unknown, how: PassOptions = {}): Promise<PassScene> {
    const store = how.beside?.store ?? (await openStore(tempFolder(t)));
    const scene = new PassScene(store, wanted, how);
    t.after(async () => {
      scene.leases.releaseAll();
      scene.log.close();
      if (!how.beside) await store.close();
    });
    return scene;
  }

  private constructor(store: Store, wanted: unknown, { secondsOf = () => undefined }: PassOptions) {
    const { run } = createRun(store.root);
    this.store = store;
    this.graph = buildGraph(wanted);
    this.log = openLog(store.root, run);
    this.pass = new Pass(this.graph, undefined, secondsOf);
    this.journal = new Journal(this.log, (event) => this.events.push(event));
    this.losses = new Losses((message) => this.journal.warn(message));
    this.leases = new Leases(store.root, run);
    this.recipes = new Recipes({ root: store.root, codeOf: () => ({}), placeOf: (at) => at });
    this.history = new History(store, 'scene', run);
  }

  /** The call at an address, which has all its inputs by now. */
  async call(address: string): Promise<KeyedCall> {
    for (const instance of this.pass.dataflow.takeReady()) {
      this.#calls.set(instance.address, await this.recipes.key(instance));
    }
    const call = this.#calls.get(address);
    if (call) return call;
    throw new Error(`nothing is ready at ${address}, only at ${[...this.#calls.keys()].join(', ')}`);
  }

  /** The events so far, as `node-failed train`. */
  get told(): string[] {
    return this.events.map((event) => ('address' in event ? `${event.type} ${event.address}` : event.type));
  }

  /** The last event of a type. */
  last<T extends Event['type']>(type: T): EventOf<T> {
    const found = this.events.findLast((event) => event.type === type);
    if (found) return found as EventOf<T>;
    throw new Error(`there was no ${type}, only ${this.told.join(', ')}`);
  }
}

interface PassOptions {
  /** Another run at the same store. */
  readonly beside?: PassScene;
  /** How long nodes took before. */
  readonly secondsOf?: (address: string) => number | undefined;
}
