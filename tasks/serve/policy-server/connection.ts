import type { WebSocket } from 'ws';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { decodeMap } from '../../formats/msgpack-numpy/decode.ts';
import { encode } from '../../formats/msgpack-numpy/encode.ts';
import { ndarray } from '../../formats/msgpack-numpy/numbers.ts';
import { Float, type WireMap, type WireValue } from '../../formats/msgpack-numpy/values.ts';
import type { Contract } from '../policies/servable.ts';
import { readNoiseSeed, readNumbers } from '../policies/request.ts';
import type { Batcher } from './batcher.ts';
import type { Metrics } from './metrics.ts';

export interface ConnectionTools {
  readonly contract: Contract;
  readonly batcher: Batcher;
  readonly metrics: Metrics;
  /** Told of failures that are no fault of the request. */
  readonly onFailure: (error: unknown) => void;
  readonly pingSeconds: number;
  /** Bytes that a client may send ahead of the replies. */
  readonly maxBytesAhead: number;
}

/** As websockets 15, on which openpi's server runs. */
const internalError = { code: 1011, reason: 'Internal server error. Traceback included in previous frame.' } as const;
/** Problems of the policy, not of a request. */
const failures = ['policy-crashed', 'policy-lost'];
const goingAway = 1001;
const tryAgainLater = 1013;
/**
 * Far above any observation, whose arrays are one value each: frames are read between those of others, and what is in one
 * decides how long they wait.
 */
const observationLimits = { maxValues: 1 << 14, maxKeys: 512, maxDepth: 32 };
/** Frames that a client may send ahead of the replies. Those of openpi send none. */
const mostAhead = 64;

/**
 * One client: the metadata first, then one reply for each frame, in order. What is wrong with a frame is told in a text
 * frame, and the connection is closed, as openpi's server does.
 */
export class Connection {
  readonly #socket: WebSocket;
  readonly #tools: ConnectionTools;
  /** Frames that wait for the one before them to be answered. */
  readonly #ahead: { readonly frame: Buffer; readonly arrived: number }[] = [];
  /** Bytes of the frame that is being answered. */
  #answering = 0;
  #isBusy = false;
  #isClosing = false;
  #isDraining = false;
  /** When the server began to wait for the frame that is answered next. */
  #waitingSince = performance.now();
  #previousTotalMs: number | undefined;

  constructor(socket: WebSocket, tools: ConnectionTools) {
    this.#socket = socket;
    this.#tools = tools;
    keepAlive(socket, tools.pingSeconds);
    socket.on('error', () => {}); // its end follows, and the client is told why by the close frame
    socket.on('message', (frame: Buffer, isBinary: boolean) => this.#take(frame, isBinary));
    socket.send(encode(tools.contract.metadata));
  }

  /** Of frames that came and are not answered. */
  get bytesWaiting(): number {
    return this.#ahead.reduce((sum, { frame }) => sum + frame.length, this.#answering);
  }

  /** Answers what has come so far, then says goodbye. */
  drain(): void {
    this.#isDraining = true;
    if (!this.#isBusy) this.#sayGoodbye();
  }

  #take(frame: Buffer, isBinary: boolean): void {
    if (this.#isClosing || this.#isDraining) return;
    if (!isBinary) return this.#refuse(new Problem('text-frame', 'A text frame came; observations are binary frames.'));
    const bytes = this.bytesWaiting - this.#answering + frame.length;
    if (this.#ahead.length >= mostAhead || bytes > this.#tools.maxBytesAhead) {
      const problem = new Problem('too-far-ahead', `${this.#ahead.length} frames are unanswered already.`, {
        hint: 'Send a frame when the reply to the last has come.',
      });
      return this.#refuse(problem, { code: tryAgainLater, reason: 'Too far ahead.' });
    }
    this.#ahead.push({ frame, arrived: performance.now() });
    if (!this.#isBusy) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#ahead.shift(); next && this.#isListening(); next = this.#ahead.shift()) {
      try {
        this.#answering = next.frame.length;
        await this.#answer(next.frame, next.arrived);
      } catch (error) {
        this.#fail(error);
      } finally {
        this.#answering = 0;
      }
    }
    this.#isBusy = false;
    if (this.#isDraining) this.#sayGoodbye();
  }

  async #answer(frame: Buffer, arrived: number): Promise<void> {
    const { contract, batcher, metrics } = this.#tools;
    const request = decodeMap(frame, observationLimits);
    const began = performance.now();
    const { actions, inferMs } = await batcher.submit(readNumbers(request, contract.keys), readNoiseSeed(request));
    if (!this.#isListening()) return; // it left while its request was inferred
    const timing = new Map([['infer_ms', new Float(performance.now() - began)]]);
    if (this.#previousTotalMs !== undefined) timing.set('prev_total_ms', new Float(this.#previousTotalMs));
    await this.#send(replyOf(ndarray(actions, contract.actionShape), inferMs, timing));
    const now = performance.now();
    metrics.requestDone(now - arrived);
    this.#previousTotalMs = now - this.#waitingSince;
    this.#waitingSince = now;
  }

  #isListening(): boolean {
    return !this.#isClosing && this.#socket.readyState === this.#socket.OPEN;
  }

  #send(reply: WireMap): Promise<void> {
    return new Promise((resolve) => {
      // When it cannot be sent the connection has ended, which is no failure of the request.
      this.#socket.send(encode(reply), () => resolve());
    });
  }

  #fail(error: unknown): void {
    if (!this.#isListening()) return;
    if (!Problem.is(error) || failures.includes(error.code)) this.#tools.onFailure(error);
    if (Problem.is(error) && error.code === 'queue-full') {
      this.#refuse(error, { code: tryAgainLater, reason: 'The queue is full.' });
    } else this.#refuse(error);
  }

  #refuse(error: unknown, { code, reason }: { code: number; reason: string } = internalError): void {
    this.#isClosing = true;
    this.#tools.metrics.requestFailed(Problem.is(error) ? error.code : 'internal');
    this.#socket.send(traceback(error));
    this.#socket.close(code, reason);
  }

  #sayGoodbye(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.close(goingAway, 'The server is shutting down.');
  }
}

function replyOf(actions: WireValue, inferMs: number, timing: WireMap): WireMap {
  return new Map<string, WireValue>([
    ['actions', actions],
    ['policy_timing', new Map([['infer_ms', new Float(inferMs)]])],
    ['server_timing', timing],
  ]);
}

/** Shaped like the last lines of Python's, which is what clients of openpi show. Places of our source are not told. */
function traceback(error: unknown): string {
  const { code, hint } = Problem.is(error) ? error : { code: 'internal', hint: undefined };
  const message = Problem.is(error) ? messageOf(error) : 'The server failed; its log says how.';
  return `Traceback (most recent call last):\n${code}: ${message}${hint ? `\n  try: ${hint}` : ''}\n`;
}

/** Pings; a client that answers none for as long again is gone. */
function keepAlive(socket: WebSocket, seconds: number): void {
  let isAnswered = true;
  const timer = setInterval(() => {
    if (!isAnswered) {
      socket.close(1011, 'keepalive ping timeout');
      socket.terminate();
      return;
    }
    isAnswered = false;
    socket.ping();
  }, seconds * 1000);
  socket.on('pong', () => (isAnswered = true));
  socket.on('close', () => clearInterval(timer));
}
