import { WebSocket } from 'ws';
import { Problem } from '../../../cache/problem.ts';

/** One connection to a policy server, on which frames are exchanged in turn. */
export interface Link {
  /** The frame that the server sent first. */
  readonly first: Buffer;
  isOpen(): boolean;
  /** Sends a frame and gives the answer: a text when the server could not do it. Throws `server-lost`, `server-silent`. */
  exchange(frame: Uint8Array, timeoutSeconds: number): Promise<Buffer | string>;
  close(): Promise<void>;
}

/** How long closing in good order may take. */
const closeSeconds = 2;

/** Connects, and waits for the server's first frame. Throws `server-lost` where nobody answers yet, else `server-refuses`. */
export async function openLink(
  url: string,
  { apiKey, timeoutSeconds }: { apiKey: string | undefined; timeoutSeconds: number },
): Promise<Link> {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: 0, // as openpi's client
    handshakeTimeout: timeoutSeconds * 1000,
    headers: apiKey === undefined ? undefined : { Authorization: `Api-Key ${apiKey}` },
  });
  const frames = new Frames(socket, url);
  const first = await frames.next(timeoutSeconds);
  if (typeof first === 'string') throw new Problem('server-refuses', `${url} greets with a text: ${first}`);
  return {
    first,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    async exchange(frame, within) {
      if (socket.readyState !== WebSocket.OPEN) throw lost(url, 'the connection is closed');
      socket.send(frame);
      return frames.next(within);
    },
    close: () => closed(socket),
  };
}

/** The frames that come, one at a time. */
class Frames {
  readonly #socket: WebSocket;
  readonly #url: string;
  readonly #arrived: (Buffer | string)[] = [];
  #ended: Problem | undefined;
  #wake: () => void = () => {};

  constructor(socket: WebSocket, url: string) {
    this.#socket = socket;
    this.#url = url;
    const end = (problem: Problem): void => {
      this.#ended ??= problem;
      this.#wake();
    };
    socket.on('message', (frame: Buffer, isBinary: boolean) => {
      this.#arrived.push(isBinary ? frame : frame.toString('utf8'));
      this.#wake();
    });
    socket.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0;
      const words = `it answered with HTTP status ${status}`;
      request.destroy();
      // Who is shutting down, or stands in front of one that starts, is worth another try.
      if (status >= 502 && status <= 504) return end(lost(url, words));
      const hint = status === 401 ? { hint: 'Give the key that the server was started with.' } : {};
      end(new Problem('server-refuses', `${url} is no policy server for us: ${words}.`, hint));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(problemOf(error, url)));
    socket.on('close', (code, reason) => end(lost(url, `closed with ${code} ${reason.toString('utf8')}`.trim())));
  }

  /** The next frame. After too long a silence the connection is of no more use: its answers would be those of before. */
  async next(timeoutSeconds: number): Promise<Buffer | string> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#socket.terminate();
      this.#wake();
    }, timeoutSeconds * 1000);
    try {
      while (true) {
        const frame = this.#arrived.shift();
        if (frame !== undefined) return frame;
        if (isLate) throw new Problem('server-silent', `${this.#url} did not answer within ${timeoutSeconds} s.`);
        if (this.#ended) throw this.#ended;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function problemOf(error: NodeJS.ErrnoException, url: string): Problem {
  const isAbsent = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(error.code ?? '');
  if (isAbsent || error.message === 'Opening handshake has timed out')
    return lost(url, error.message || 'nobody answers');
  return new Problem('server-refuses', `${url} cannot be used: ${error.message}.`, { cause: error });
}

function lost(url: string, what: string): Problem {
  return new Problem('server-lost', `The policy server at ${url} is not there: ${what}.`, {
    hint: 'Start it: pipeline serve CHECKPOINT',
  });
}

async function closed(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => socket.terminate(), closeSeconds * 1000);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.close(1000);
  });
}
