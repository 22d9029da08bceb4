import { setTimeout as delay } from 'node:timers/promises';
import type { Readiness, Scheme } from '../../tasks/core/spec.ts';
import type { Failure } from '../log/events.ts';
import { isForeign } from './port-owner.ts';
import { isListening, type Ports } from './ports.ts';
import { becomesReady, readinessInWords } from './readiness.ts';

/** Ports that others took before the program could listen there. */
const mostConflicts = 5;
/** A server that dies may be seen to do so a little after the consumer that it takes with it, in milliseconds. */
const dyingMs = 300;
/** Between telling a server to end and killing it, in milliseconds. */
const usualGraceMs = 10_000;

/** How a server is told, killed, and how its end is known: as a job of an executor, or as a child of this process. */
export interface ServerProcess {
  /** Its process group, once that is known. */
  readonly group: number | undefined;
  /** A file with what it prints, and nothing that an earlier start did. */
  readonly log: string;
  /** Why it ended; nothing that it started runs by then. */
  readonly ended: Promise<Failure>;
  /** Asks it to end by itself. */
  tell(): void;
  /** Ends it, with all that it started. */
  kill(): void;
}

/** What became of a server, told at once. `stopped`: what was told to end, or was given up, has ended. */
export type ServerMove =
  | { readonly type: 'up'; readonly loan: Loan }
  | { readonly type: 'stopped'; readonly seconds: number }
  | { readonly type: 'died' | 'failed'; readonly failure: Failure; readonly log?: string; readonly seconds: number };

/** From one start to its end. */
interface Start {
  readonly process: ServerProcess;
  readonly port: number;
  readonly url: string;
  readonly startedAt: number;
  /** Nobody waits for it to be ready any more. */
  readonly settled: AbortController;
  /** Its end is known, and was told. */
  readonly over: Promise<void>;
  /** Why it is made to end, where its own end would not tell. */
  failure?: Failure;
  /** Of what it died while it was up. */
  death?: string;
}

/** A server as a consumer has it: one start of it. */
export type Loan = Readonly<Pick<Start, 'url' | 'process' | 'over' | 'death'>>;

export interface ServerLifeOptions {
  readonly ready: Readiness;
  readonly scheme: Scheme;
  /** So often it is due again when it does not come up; conflicts over its port do not count. */
  readonly retries?: number | undefined;
  readonly ports: Ports;
  readonly graceMs?: number;
  readonly moved: (move: ServerMove) => void;
}

/**
 * A server, over all of its starts:
 *
 *           start              ready         stop               ended
 *     down ───────▶ starting ────────▶ up ─────────▶ stopping ─────────▶ down
 *                    ▲  │ │                              ▲
 *              start │  │ └─────────── stop ─────────────┘
 *                    │  ├──ended, and no tries are left──▶ failed
 *     down ◀──────── due ◀──ended, from starting and up
 *            stop
 *
 * Its owner says `start`, `stop` and `giveUp`, which leads to `failed` from everywhere. Whether it is ready and that it ended is
 * seen here, and nobody else moves it. What is due its owner starts when there is room for it.
 */
export class ServerLife {
  readonly #options: ServerLifeOptions;
  #phase: 'down' | 'starting' | 'up' | 'stopping' | 'due' | 'failed' = 'down';
  #current: Start | undefined;
  #attempt = 0;
  #conflicts = 0;
  #failures = 0;

  constructor(options: ServerLifeOptions) {
    this.#options = options;
  }

  get phase() {
    return this.#phase;
  }

  /** How often it was started. */
  get attempt(): number {
    return this.#attempt;
  }

  /** What a consumer gets; undefined when nothing of it runs. */
  get loan(): Loan | undefined {
    return this.#current;
  }

  /** Starts it on a port of its own: `begin` gets that and counts from 1. When it throws, the server is down, and that is thrown. */
  async start(begin: (port: number, attempt: number) => ServerProcess): Promise<void> {
    const { ports, scheme } = this.#options;
    const port = await ports.take();
    this.#attempt += 1;
    this.#phase = 'starting';
    try {
      const process = begin(port, this.#attempt);
      const over = process.ended.then((failure) => this.#ended(current, failure));
      const url = `${scheme}://127.0.0.1:${port}`;
      const current: Start = { url, process, over, port, startedAt: performance.now(), settled: new AbortController() };
      this.#current = current;
      void this.#awaitReady(current);
    } catch (error) {
      ports.release(port);
      this.#phase = 'down';
      throw error;
    }
  }

  /** Tells it to end, and kills it after the grace time, or at once when `now`. Resolves when nothing of it runs any more. */
  async stop({ now = false }: { now?: boolean } = {}): Promise<void> {
    const isTold = this.#phase === 'stopping' || this.#phase === 'failed';
    if (this.#current) {
      if (!isTold) this.#phase = 'stopping';
      if (!isTold || now) this.#end(this.#current, { now });
      await this.#current.over;
    } else if (this.#phase === 'due') {
      this.#phase = 'down';
      this.#options.moved({ type: 'stopped', seconds: 0 });
    }
  }

  /** Ends it for good. */
  giveUp(failure: Failure): void {
    if (this.#phase === 'failed') return;
    if (this.#current) this.#current.death = failure.message;
    void this.stop();
    this.#phase = 'failed';
    this.#options.moved({ type: 'failed', failure, log: this.#current?.process.log, seconds: 0 });
  }

  /**
   * Of what it died under a consumer that has failed: who has an answer here is not to blame. What does not listen any more
   * counts as dead, and is killed.
   */
  async deathOf(loan: Loan): Promise<string | undefined> {
    if (loan.death === undefined) await Promise.race([loan.over, delay(dyingMs)]);
    const current = this.#current;
    if (current === loan && this.#phase === 'up' && !(await isListening(current.port))) {
      current.failure = { code: 'silent', message: 'It did not listen any more.' };
      this.#end(current, { now: true });
      await current.over;
    }
    return loan.death;
  }

  async #awaitReady(current: Start): Promise<void> {
    const { process, port, settled } = current;
    const { ready, moved } = this.#options;
    const isUp = await becomesReady(ready, { port, log: process.log, signal: settled.signal });
    if (settled.signal.aborted) return; // its end tells the rest
    const isConflict = isUp && process.group !== undefined && isForeign(port, process.group);
    if (isUp && !isConflict) {
      this.#phase = 'up';
      moved({ type: 'up', loan: current });
      return;
    }
    current.failure = isConflict ? portTaken(port) : notReady(ready);
    this.#end(current, { now: isConflict });
  }

  async #ended(current: Start, seen: Failure): Promise<void> {
    const { port, process, settled, startedAt, failure = seen } = current;
    const { ports, retries = 0, moved } = this.#options;
    settled.abort();
    const seconds = (performance.now() - startedAt) / 1000;
    const isConflict = this.#phase === 'starting' && (failure.code === 'port-taken' || (await isListening(port)));
    const end = { log: process.log, failure, seconds };
    this.#current = undefined;
    ports.release(port);
    if (this.#phase === 'stopping' || this.#phase === 'failed') {
      if (this.#phase === 'stopping') this.#phase = 'down';
      moved({ type: 'stopped', seconds });
    } else if (this.#phase === 'up') {
      current.death = failure.message;
      this.#phase = 'due';
      moved({ type: 'died', ...end });
    } else if (isConflict && this.#conflicts < mostConflicts) {
      this.#conflicts += 1;
      this.#phase = 'due';
      moved({ type: 'failed', ...end, failure: portTaken(port) });
    } else {
      this.#phase = this.#failures < retries ? 'due' : 'failed';
      this.#failures += 1;
      moved({ type: 'failed', ...end });
    }
  }

  #end({ process, settled, over }: Start, { now }: { now: boolean }): void {
    settled.abort();
    if (now) return process.kill();
    process.tell();
    const killing = setTimeout(() => process.kill(), this.#options.graceMs ?? usualGraceMs);
    void over.then(() => clearTimeout(killing));
  }
}

function portTaken(port: number): Failure {
  return { code: 'port-taken', message: `Port ${port} was taken by another program before it could listen there.` };
}

function notReady(ready: Readiness): Failure {
  const message = `It was not ready within ${ready.withinSeconds} s: ${readinessInWords(ready)}.`;
  return { code: 'not-ready', message };
}

/** The failure of a consumer that its server took with it. `log`: where it stands what that said. */
export function serviceDied(label: string, { death, log }: { death: string; log: string }): Required<Failure> {
  const message = `The service ${label} died while it was used: ${death}`;
  return { code: 'service-died', message, hint: `What it said: ${log}` };
}
