import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

export interface Held {
  bytes: Buffer;
  generation: number;
}

/** What goes wrong with one answer; each is used up by one request. */
export type Fault =
  | { type: 'status'; status: number; headers?: Record<string, string> }
  /** The connection breaks after so many bytes of the content. */
  | { type: 'drop'; afterBytes: number }
  /** Nothing moves after so many bytes. */
  | { type: 'stall'; afterBytes: number }
  /** One bit of the content is flipped. */
  | { type: 'wrong-bytes' }
  /** The whole content comes although a part was asked for. */
  | { type: 'no-range' };

/** The part that all object stores on loopback share: objects with generations, ranges, faults, and counting. */
export abstract class ObjectServer {
  readonly objects = new Map<string, Held>();
  /** For the next requests of content, first come, first served. */
  faults: Fault[] = [];
  /** For the next requests of a page: a status, or the page cut in its middle. */
  listFaults: (number | 'cut')[] = [];
  /** Content in chunks of 64 KiB, so many a second for each connection. */
  bytesPerSecond = Infinity;
  pageSize = 1000;
  /** Bytes of content sent, and each request as `METHOD path?query`. */
  bytesServed = 0;
  /** Answers whose content is on its way. */
  sending = 0;
  readonly requests: string[] = [];
  /** Of the requests. */
  readonly authorizations: (string | undefined)[] = [];
  /** Called before content is sent. */
  onContent: (name: string) => void = () => {};
  #server: Server | undefined;
  #generation = 1000;

  async start(t: Pick<TestContext, 'after'>): Promise<this> {
    const server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      this.authorizations.push(request.headers.authorization);
      Promise.resolve(this.answer(new URL(request.url ?? '/', this.url), request, response)).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return this;
  }

  get url(): string {
    if (!this.#server) throw new Error('the server is not started');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(name: string, bytes: Buffer | string): void {
    this.objects.set(name, { bytes: Buffer.from(bytes), generation: (this.#generation += 1) });
  }

  reads(): string[] {
    return this.requests.filter((request) => this.isRead(request));
  }

  protected abstract answer(url: URL, request: IncomingMessage, response: ServerResponse): void | Promise<void>;
  protected abstract isRead(request: string): boolean;

  protected page(response: ServerResponse, body: string, headers: Record<string, string>): void {
    const fault = this.listFaults.shift();
    if (typeof fault === 'number') return void response.writeHead(fault).end();
    const text = fault === 'cut' ? body.slice(0, body.length / 2) : body;
    response.writeHead(200, headers).end(text);
  }

  protected async content(
    name: string,
    { bytes }: Held,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string> = {},
  ): Promise<void> {
    this.onContent(name);
    const fault = request.method === 'HEAD' ? undefined : this.faults.shift();
    if (fault?.type === 'status') return void response.writeHead(fault.status, fault.headers).end();
    const [, from, to] =
      fault?.type === 'no-range' ? [] : (/^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []);
    const start = Number(from ?? 0);
    const end = to ? Math.min(Number(to) + 1, bytes.length) : bytes.length;
    if (from !== undefined && start >= bytes.length && bytes.length > 0) return void response.writeHead(416).end();
    const part = Buffer.from(bytes.subarray(start, end));
    if (fault?.type === 'wrong-bytes' && part.length > 0)
      part[part.length >> 1] = (part[part.length >> 1] as number) ^ 1;
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': String(part.length),
      'accept-ranges': 'bytes',
      ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
      ...headers,
    });
    if (request.method === 'HEAD') return void response.end();
    const stop =
      fault?.type === 'drop' || fault?.type === 'stall' ? Math.min(fault.afterBytes, part.length) : part.length;
    this.sending += 1;
    await this.#send(response, part.subarray(0, stop)).finally(() => (this.sending -= 1));
    if (fault?.type === 'drop') response.destroy();
    else if (fault?.type !== 'stall') response.end();
  }

  async #send(response: ServerResponse, bytes: Buffer): Promise<void> {
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    for (let at = 0; at < bytes.length && !response.destroyed; at += 65_536) {
      const chunk = bytes.subarray(at, at + 65_536);
      await Promise.race([closed, new Promise<void>((resolve) => response.write(chunk, () => resolve()))]);
      this.bytesServed += chunk.length;
      if (this.bytesPerSecond < Infinity) await delay((chunk.length / this.bytesPerSecond) * 1000);
    }
  }
}
