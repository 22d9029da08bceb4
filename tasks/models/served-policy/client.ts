import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../../cache/problem.ts';
import { decodeMap } from '../../formats/msgpack-numpy/decode.ts';
import { encode } from '../../formats/msgpack-numpy/encode.ts';
import type { WireMap } from '../../formats/msgpack-numpy/values.ts';
import { type Link, openLink } from './link.ts';

/** A policy somewhere else, as openpi's clients see it. */
export interface ServedPolicy {
  /** Actions, and whatever else the policy gives, for one observation. */
  infer(observation: WireMap): Promise<WireMap>;
  /** A new episode begins. */
  reset(): void;
}

export interface ClientOptions {
  /** `ws://host:port`; a host alone is taken as openpi's client takes it. */
  readonly url: string;
  /** Sent as `Authorization: Api-Key <key>`. */
  readonly apiKey?: string;
  /** Between attempts to connect; 5 as in openpi's client. */
  readonly retrySeconds?: number;
  /** How long a server may take to come up, or to come back when it is lost. openpi's client waits for ever. */
  readonly patienceSeconds?: number;
  /** How long one answer may take. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Attempts at one observation before a server that goes away with each of them is given up. */
const mostAttempts = 3;

/**
 * A client of openpi's protocol. It waits for the server to come up; when the connection is lost it connects again and sends
 * the observation again, which is safe: a server keeps nothing of it.
 */
export class PolicyClient implements ServedPolicy {
  readonly #options: ClientOptions;
  #link: Link;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: ClientOptions, link: Link) {
    this.#options = options;
    this.#link = link;
  }

  /** Throws `server-lost` when nobody answers in time, `server-refuses` when the wrong server answers. */
  static async connect(options: ClientOptions): Promise<PolicyClient> {
    return new PolicyClient(options, await connect(options));
  }

  /** What the server said first; empty for openpi's DROID configurations. */
  get metadata(): WireMap {
    return decodeMap(this.#link.first);
  }

  /** One at a time: later calls wait. Throws `policy-refuses` with what the server said, `server-silent`, `server-lost`. */
  infer(observation: WireMap): Promise<WireMap> {
    const frame = encode(observation);
    const answer = this.#last.then(() => this.#ask(frame));
    this.#last = answer.catch(() => {}); // whoever asked is told
    return answer;
  }

  /** Nothing is sent: servers of this protocol know no episodes. */
  reset(): void {}

  close(): Promise<void> {
    return this.#link.close();
  }

  async #ask(frame: Uint8Array): Promise<WireMap> {
    const { timeoutSeconds = 60 } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!this.#link.isOpen()) this.#link = await connect(this.#options);
        return replyOf(await this.#link.exchange(frame, timeoutSeconds));
      } catch (error) {
        if (!Problem.is(error) || error.code !== 'server-lost' || attempt === mostAttempts) throw error;
      }
    }
  }
}

function replyOf(answer: Buffer | string): WireMap {
  if (typeof answer !== 'string') return decodeMap(answer);
  throw new Problem('policy-refuses', `The policy server could not do it:\n${answer.trimEnd()}`);
}

async function connect(options: ClientOptions): Promise<Link> {
  const { retrySeconds = 5, patienceSeconds = 60, timeoutSeconds = 60, apiKey, signal } = options;
  const url = addressOf(options.url);
  const attempts = Math.max(1, Math.ceil(patienceSeconds / retrySeconds));
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await openLink(url, { apiKey, timeoutSeconds });
    } catch (error) {
      if (!Problem.is(error) || error.code !== 'server-lost' || attempt >= attempts) throw error;
      await sleep(retrySeconds * 1000, undefined, { signal });
    }
  }
}

/** An address that starts with `ws` is taken as it is, and any other as a host. */
function addressOf(address: string): string {
  const url = address.startsWith('ws') ? address : `ws://${address.replace(/^http:\/\//, '')}`;
  if (URL.canParse(url)) return url;
  throw new Problem('wrong-address', `"${address}" is no address of a policy server.`, { hint: 'ws://127.0.0.1:8000' });
}
