import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** Of a client's frame: a mask and at most eight bytes of length stand before its content. */
const mostHeaderBytes = 14;

/** How often frames that take long are looked for, in milliseconds. */
const lookMs = 1000;

export interface HeldLimits {
  /** Bytes of frames that have not come whole, and of those that wait to be answered, over all connections. */
  readonly maxHeldBytes: number;
  /** So long a frame may take to come, in seconds. */
  readonly frameSeconds: number;
}

interface Held {
  /** Of the frame that is coming. */
  coming: number;
  /** When its first byte came, by the monotonic clock; undefined while none is coming. */
  since: number | undefined;
  /** Of frames that came whole and wait. */
  readonly waiting: () => number;
}

/**
 * Bounds what clients make the server hold: whoever sends half of a frame and no more, or many frames at once, is cut off, and
 * nobody else notices.
 */
export class HeldBytes {
  readonly #limits: HeldLimits;
  readonly #clients = new Map<WebSocket, Held>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: HeldLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#cutSlow(), lookMs);
    this.#timer.unref();
  }

  /** `waiting` are the bytes of its frames that came and are not answered. */
  watch(client: WebSocket, socket: Socket, waiting: () => number): void {
    const held: Held = { coming: 0, since: undefined, waiting };
    this.#clients.set(client, held);
    const came = (bytes: number): void => {
      held.coming = Math.max(0, held.coming - bytes - mostHeaderBytes);
      if (held.coming === 0) held.since = undefined;
    };
    // Before the frame is read: what is read at once is not held.
    socket.prependListener('data', (chunk: Buffer) => {
      held.coming += chunk.length;
      held.since ??= performance.now();
      this.#cutLargest();
    });
    client.on('message', (frame: Buffer) => came(frame.length));
    client.on('ping', (content) => came(content.length));
    client.on('pong', (content) => came(content.length));
    client.on('close', () => this.#clients.delete(client));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Too much in all: who holds most of it goes. */
  #cutLargest(): void {
    let total = 0;
    let most = 0;
    let largest: WebSocket | undefined;
    for (const [client, { coming, waiting }] of this.#clients) {
      const bytes = coming + waiting();
      total += bytes;
      if (bytes <= most) continue;
      most = bytes;
      largest = client;
    }
    if (total > this.#limits.maxHeldBytes && largest) this.#cut(largest, 'This server holds too many bytes already.');
  }

  #cutSlow(): void {
    const { frameSeconds } = this.#limits;
    const earliest = performance.now() - frameSeconds * 1000;
    for (const [client, { since }] of this.#clients) {
      if (since !== undefined && since < earliest) this.#cut(client, `A frame must come within ${frameSeconds} s.`);
    }
  }

  #cut(client: WebSocket, why: string): void {
    this.#clients.delete(client);
    client.close(policyViolation, why);
    client.terminate(); // it would go on sending
  }
}

const policyViolation = 1008;
