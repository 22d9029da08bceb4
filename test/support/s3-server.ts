import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc64nvme } from '../../tasks/download/checksums/crc64nvme.ts';
import { type Held, ObjectServer } from './object-server.ts';

/** S3's REST API by path, as far as listing and reading go: ListObjectsV2 in XML, HEAD with checksums, If-Match, ranges. */
export class S3Server extends ObjectServer {
  readonly bucket: string;
  /** Names of objects that came in several parts: their ETag is no md5. */
  readonly multipart = new Set<string>();
  /** Whether S3 kept a checksum of the objects that came in parts. */
  hasChecksums = true;
  isPrivate = false;

  constructor(bucket: string) {
    super();
    this.bucket = bucket;
  }

  protected override isRead(request: string): boolean {
    return request.startsWith('GET ') && !request.includes('list-type=2');
  }

  protected override async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isPrivate && request.headers.authorization === undefined)
      return void response.writeHead(403, xml).end(denied);
    if (url.searchParams.get('list-type') === '2') return this.#list(url, response);
    const name = decodeURIComponent(url.pathname.slice(this.bucket.length + 2));
    const held = this.objects.get(name);
    if (!held) return void response.writeHead(404, xml).end(denied);
    const match = request.headers['if-match'];
    const etag = this.#etag(name, held);
    if (match !== undefined && match.replaceAll('"', '') !== etag) return void response.writeHead(412, xml).end(denied);
    const asksSum = request.headers['x-amz-checksum-mode'] === 'ENABLED';
    await this.content(name, held, request, response, {
      etag: `"${etag}"`,
      ...(asksSum ? this.#checksum(name, held) : {}),
    });
  }

  #list(url: URL, response: ServerResponse): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    const start = Number(url.searchParams.get('continuation-token') ?? 0);
    const end = start + this.pageSize;
    const encoded = url.searchParams.get('encoding-type') === 'url';
    const rows = names.slice(start, end).map((name) => {
      const held = this.objects.get(name) as Held;
      const key = encoded ? encodeURIComponent(name).replaceAll('%20', '+') : escaped(name);
      const sum =
        this.multipart.has(name) && this.hasChecksums ? '<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>' : '';
      const etag = `&quot;${this.#etag(name, held)}&quot;`;
      return `<Contents><Key>${key}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>${etag}</ETag>${sum}<Size>${held.bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
    });
    const isCut = end < names.length;
    const next = isCut ? `<NextContinuationToken>${end}</NextContinuationToken>` : '';
    this.page(
      response,
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${this.bucket}</Name><Prefix>${escaped(prefix)}</Prefix>${next}<KeyCount>${rows.length}</KeyCount><MaxKeys>1000</MaxKeys>${encoded ? '<EncodingType>url</EncodingType>' : ''}<IsTruncated>${isCut}</IsTruncated>${rows.join('')}</ListBucketResult>`,
      xml,
    );
  }

  #etag(name: string, { bytes }: Held): string {
    const md5 = createHash('md5').update(bytes).digest('hex');
    return this.multipart.has(name) ? `${createHash('md5').update(md5).digest('hex')}-2` : md5;
  }

  #checksum(name: string, { bytes }: Held): Record<string, string> {
    if (!this.multipart.has(name) || !this.hasChecksums) return {};
    const crc = Buffer.alloc(8);
    crc.writeBigUInt64BE(crc64nvme(bytes));
    return { 'x-amz-checksum-crc64nvme': crc.toString('base64'), 'x-amz-checksum-type': 'FULL_OBJECT' };
  }
}

const xml = { 'content-type': 'application/xml' };
const denied = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>';

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
