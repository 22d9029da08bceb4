import { Problem } from '../../../cache/problem.ts';
import type { Answer } from '../http/client.ts';
import { findProgram } from '../../core/needs.ts';
import { refuseOtherStatus } from '../http/refusals.ts';
import { type Checksum, type ChecksumKind, hexOfBase64 } from '../checksums/checksum.ts';
import { inParallel } from '../pacing/parallel.ts';
import { patiently } from '../pacing/retry.ts';
import { type BucketAddress, nameBelow, parseBucketAddress } from './bucket-address.ts';
import { sortedByName } from './listing.ts';
import { readRange } from './ranged-read.ts';
import { parseS3Listing, type S3Page, type S3Row } from './s3-listing.ts';
import { listByAws } from './s3-program.ts';
import type { Access, Remote, RemoteObject } from './source.ts';

/** `https` asks the bucket itself; `aws` is Amazon's program, logged in as the user is. `auto` is https, then the program. */
export const s3Clients = ['auto', 'https', 'aws'] as const;
export type S3Client = (typeof s3Clients)[number];

/**
 * A folder or object of an S3 bucket, `s3://BUCKET/PREFIX`.
 *
 * Public buckets are read over HTTPS, others through the `aws` program. AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL names another
 * server; AWS_REGION the region, which else is found by asking.
 */
export async function listS3(from: string, via: S3Client, access: Access): Promise<Remote> {
  const address = parseBucketAddress(from, 's3');
  if (via === 'aws') return listByAws(address, access);
  try {
    return await byHttps(address, access);
  } catch (error) {
    if (via === 'https' || !Problem.is(error) || error.code !== 'access-denied') throw error;
    if (await findProgram('aws', access.env.PATH)) return listByAws(address, access);
    throw new Problem('access-denied', `${from} is not public, and aws is not on PATH to log in with.`, {
      hint: 'Install the AWS command line and run `aws configure` or `aws sso login`.',
      cause: error,
    });
  }
}

async function byHttps(address: BucketAddress, access: Access): Promise<Remote> {
  const { from, prefix } = address;
  const endpoint = await endpointOf(address, access);
  const rows: S3Row[] = [];
  const seen = new Set<string>();
  for (let token: string | undefined; ; ) {
    const page = await listPage(endpoint, address, token, access);
    rows.push(...page.rows);
    token = page.next;
    if (token === undefined) break;
    if (seen.has(token)) throw new Problem('wrong-answer', `The listing of ${from} goes in circles.`);
    seen.add(token);
  }
  const objects: RemoteObject[] = [];
  const below = rows.flatMap((row) => {
    const name = nameBelow(prefix, row.key);
    return name === undefined ? [] : [{ ...row, name }];
  });
  await inParallel(below, 8, async ({ key, name, sizeBytes, etag, algorithms }) => {
    const checksums =
      isMd5(etag) || algorithms.length === 0 ? md5Of(etag) : await askChecksums(keyUrl(endpoint, key), name, access);
    objects.push({ name, sizeBytes, checksums, generation: etag, address: key });
  });
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'stream',
      read: (object, { offset, signal }) =>
        readRange(object, {
          http: access.http,
          url: keyUrl(endpoint, object.address),
          headers: { 'if-match': `"${object.generation}"` },
          offset,
          signal,
        }),
    },
  };
}

/** The bucket's own address, by path: names with dots have no certificate. A wrong region is answered with the right one. */
async function endpointOf({ bucket, from }: BucketAddress, { env, http, signal, patience }: Access): Promise<string> {
  const own = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  if (own) return `${own.replace(/\/+$/, '')}/${bucket}`;
  const at = (region: string): string => `https://s3.${region}.amazonaws.com/${bucket}`;
  const assumed = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  const region = await patiently(
    async () => {
      const answer = await http.open(at(assumed), { method: 'HEAD', signal });
      answer.body.destroy();
      return String(answer.headers['x-amz-bucket-region'] ?? assumed);
    },
    { what: `asking for the region of ${from}`, patience, signal },
  );
  return at(region);
}

function listPage(
  endpoint: string,
  { from, prefix }: BucketAddress,
  token: string | undefined,
  access: Access,
): Promise<S3Page> {
  const url = new URL(endpoint);
  url.searchParams.set('list-type', '2');
  url.searchParams.set('prefix', prefix);
  url.searchParams.set('encoding-type', 'url');
  if (token !== undefined) url.searchParams.set('continuation-token', token);
  return patiently(
    async () => {
      const { answer, text } = await access.http.text(url, { signal: access.signal });
      refuseOtherStatus(answer, [200], from);
      return parseS3Listing(text, from);
    },
    { what: `listing ${from}`, patience: access.patience, signal: access.signal },
  );
}

/** The ETag of an object that came in one part is its md5; of one in several parts, or encrypted with a key, it is not. */
export function md5Of(etag: string): Checksum[] {
  return isMd5(etag) ? [{ of: 'md5', value: etag }] : [];
}

function isMd5(etag: string): boolean {
  return /^[0-9a-f]{32}$/.test(etag);
}

const headers: Readonly<Record<string, ChecksumKind>> = {
  'x-amz-checksum-sha256': 'sha256',
  'x-amz-checksum-crc32c': 'crc32c',
  'x-amz-checksum-crc64nvme': 'crc64nvme',
  'x-amz-checksum-crc32': 'crc32',
  'x-amz-checksum-sha1': 'sha1',
};

async function askChecksums(url: URL, name: string, { http, signal, patience }: Access): Promise<Checksum[]> {
  const ask = async (): Promise<Answer> => {
    const answer = await http.open(url, { method: 'HEAD', headers: { 'x-amz-checksum-mode': 'ENABLED' }, signal });
    answer.body.resume();
    refuseOtherStatus(answer, [200], name);
    return answer;
  };
  const answer = await patiently(ask, { what: `asking for the checksum of ${name}`, patience, signal });
  // A checksum of the parts' checksums says nothing of a file in one piece.
  if (answer.headers['x-amz-checksum-type'] === 'COMPOSITE') return [];
  return Object.entries(headers).flatMap(([header, of]) => {
    const value = answer.headers[header];
    return typeof value === 'string' && !value.includes('-') ? [{ of, value: hexOfBase64(value) }] : [];
  });
}

function keyUrl(endpoint: string, key: string): URL {
  return new URL(`${endpoint}/${key.split('/').map(encodeURIComponent).join('/')}`);
}
