import { WebSocket } from 'ws';

/** A client that knows nothing of policies: it sends and sees frames. */
export class RawClient {
  readonly socket: WebSocket;
  readonly #frames: (Buffer | string)[] = [];
  readonly #closed: Promise<{ code: number; reason: string }>;
  #asleep: (() => void)[] = [];

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, { headers, perMessageDeflate: true });
    this.socket.on('error', () => {});
    this.socket.on('message', (frame: Buffer, isBinary: boolean) => {
      this.#frames.push(isBinary ? frame : frame.toString());
      this.#wake();
    });
    this.#closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
  }

  /** Connected, the metadata read. */
  static async open(url: string): Promise<RawClient> {
    const client = new RawClient(url);
    await client.next();
    return client;
  }

  async next(): Promise<Buffer | string> {
    while (this.#frames.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the connection closed without a frame');
      await new Promise<void>((resolve) => this.#asleep.push(resolve));
    }
    return this.#frames.shift() as Buffer | string;
  }

  #wake(): void {
    for (const wake of this.#asleep.splice(0)) wake();
  }

  closed(): Promise<{ code: number; reason: string }> {
    return this.#closed;
  }
}
