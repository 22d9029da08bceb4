import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32c } from '../../tasks/formats/tfrecord/crc32c.ts';
import { type Held, ObjectServer } from './object-server.ts';

/** Google Cloud Storage's JSON API, as far as listing and reading go: pages, generations, ranges, crc32c and md5. */
export class GcsServer extends ObjectServer {
  readonly bucket: string;
  /** Without md5, as composite objects are. */
  composite = false;
  /** Refuses whoever shows no token. */
  isPrivate = false;

  constructor(bucket: string) {
    super();
    this.bucket = bucket;
  }

  protected override isRead(request: string): boolean {
    return request.includes('alt=media');
  }

  protected override async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isPrivate && request.headers.authorization === undefined) return void response.writeHead(401).end('{}');
    const path = url.pathname.replace(/^\/download/, '');
    const root = `/storage/v1/b/${this.bucket}`;
    if (path === root) return this.page(response, JSON.stringify({ kind: 'storage#bucket', name: this.bucket }), json);
    if (path === `${root}/o`) return this.#list(url, response);
    if (!path.startsWith(`${root}/o/`)) return void response.writeHead(404, json).end('{}');
    const name = decodeURIComponent(path.slice(root.length + 3));
    const held = this.objects.get(name);
    const asked = url.searchParams.get('generation');
    if (!held || (asked && asked !== String(held.generation))) return void response.writeHead(404, json).end('{}');
    if (url.searchParams.get('alt') !== 'media')
      return this.page(response, JSON.stringify(this.#item(name, held)), json);
    const sums = this.#item(name, held);
    await this.content(name, held, request, response, {
      'x-goog-generation': String(held.generation),
      'x-goog-hash': `crc32c=${sums.crc32c}`,
    });
  }

  #list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    const start = Number(url.searchParams.get('pageToken') ?? 0);
    const items = names
      .slice(start, start + this.pageSize)
      .map((name) => this.#item(name, this.objects.get(name) as Held));
    const next = start + this.pageSize < names.length ? { nextPageToken: String(start + this.pageSize) } : {};
    this.page(response, JSON.stringify({ kind: 'storage#objects', ...next, items }), json);
  }

  #item(name: string, { bytes, generation }: Held) {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32c(bytes));
    const md5Hash = createHash('md5').update(bytes).digest('base64');
    return {
      kind: 'storage#object',
      id: `${this.bucket}/${name}/${generation}`,
      name,
      bucket: this.bucket,
      generation: String(generation),
      metageneration: '1',
      contentType: 'application/octet-stream',
      size: String(bytes.length),
      crc32c: crc.toString('base64'),
      ...(this.composite ? {} : { md5Hash }),
      updated: '2024-01-01T00:00:00.000Z',
      timeCreated: '2024-01-01T00:00:00.000Z',
      etag: `CJ${generation}`,
      storageClass: 'STANDARD',
      mediaLink: `${this.url}/download/storage/v1/b/${this.bucket}/o/${encodeURIComponent(name)}?generation=${generation}&alt=media`,
    };
  }
}

const json = { 'content-type': 'application/json; charset=UTF-8' };
