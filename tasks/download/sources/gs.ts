import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { findProgram } from '../../core/needs.ts';
import { refuseOtherStatus } from '../http/refusals.ts';
import { patiently } from '../pacing/retry.ts';
import { type BucketAddress, gsChecksums, nameBelow, parseBucketAddress } from './bucket-address.ts';
import { copyByGcloud, copyByGsutil, listByGcloud, listByGsutil } from './gs-programs.ts';
import { sortedByName } from './listing.ts';
import { parseJson } from './parse-json.ts';
import { readRange } from './ranged-read.ts';
import type { Access, Remote, RemoteObject } from './source.ts';

/** `https` asks the bucket itself; the programs log in as the user does. `auto` is https, then the first program there is. */
export const gsClients = ['auto', 'https', 'gcloud', 'gsutil'] as const;
export type GsClient = (typeof gsClients)[number];

/**
 * A Google Cloud Storage folder or object, `gs://BUCKET/PREFIX`.
 *
 * Public buckets are read over the JSON API, with the token of GOOGLE_OAUTH_ACCESS_TOKEN where it is set; others through
 * `gcloud storage` or `gsutil`. STORAGE_EMULATOR_HOST names another server.
 */
export async function listGs(from: string, via: GsClient, access: Access): Promise<Remote> {
  const address = parseBucketAddress(from, 'gs');
  if (via === 'gcloud') return byGcloud(address, access);
  if (via === 'gsutil') return byGsutil(address, access);
  try {
    return await byHttps(address, access);
  } catch (error) {
    if (via === 'https' || !Problem.is(error) || error.code !== 'access-denied') throw error;
    if (await findProgram('gcloud', access.env.PATH)) return byGcloud(address, access);
    if (await findProgram('gsutil', access.env.PATH)) return byGsutil(address, access);
    throw new Problem(
      'access-denied',
      `${from} is not public, and neither gcloud nor gsutil is on PATH to log in with.`,
      {
        hint: 'Install the Google Cloud CLI and run `gcloud auth login`, or set GOOGLE_OAUTH_ACCESS_TOKEN.',
        cause: error,
      },
    );
  }
}

const Page = z.object({
  nextPageToken: z.string().optional(),
  items: z
    .array(
      z.object({
        name: z.string(),
        size: z.string().regex(/^\d+$/),
        generation: z.string(),
        crc32c: z.string().optional(),
        md5Hash: z.string().optional(),
      }),
    )
    .default([]),
});

async function byHttps(address: BucketAddress, access: Access): Promise<Remote> {
  const { from, bucket, prefix } = address;
  const base = apiBase(access.env);
  const token = access.env.GOOGLE_OAUTH_ACCESS_TOKEN;
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const objects: RemoteObject[] = [];
  const seen = new Set<string>();
  for (let pageToken = ''; ; ) {
    const url = new URL(`${base}/storage/v1/b/${bucket}/o`);
    url.searchParams.set('prefix', prefix);
    url.searchParams.set('maxResults', '1000');
    url.searchParams.set('fields', 'nextPageToken,items(name,size,generation,crc32c,md5Hash)');
    if (pageToken !== '') url.searchParams.set('pageToken', pageToken);
    const page = await patiently(
      async () => {
        const { answer, text } = await access.http.text(url, { headers, signal: access.signal });
        refuseOtherStatus(answer, [200], from);
        return parseJson(text, Page, from);
      },
      { what: `listing ${from}`, patience: access.patience, signal: access.signal },
    );
    for (const { name: key, size, generation, crc32c, md5Hash } of page.items) {
      const name = nameBelow(prefix, key);
      if (name === undefined) continue;
      objects.push({
        name,
        sizeBytes: Number(size),
        checksums: gsChecksums({ crc32c, md5Hash }),
        generation,
        address: key,
      });
    }
    pageToken = page.nextPageToken ?? '';
    if (pageToken === '') break;
    if (seen.has(pageToken)) throw new Problem('wrong-answer', `The listing of ${from} goes in circles.`);
    seen.add(pageToken);
  }
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'stream',
      read: (object, { offset, signal }) => {
        const url = new URL(`${base}/storage/v1/b/${bucket}/o/${encodeURIComponent(object.address)}`);
        url.searchParams.set('alt', 'media');
        url.searchParams.set('generation', object.generation ?? '');
        return readRange(object, { http: access.http, url, headers, offset, signal });
      },
    },
  };
}

function apiBase(env: Access['env']): string {
  const emulator = env.STORAGE_EMULATOR_HOST;
  if (!emulator) return 'https://storage.googleapis.com';
  return (emulator.includes('://') ? emulator : `http://${emulator}`).replace(/\/+$/, '');
}

async function byGcloud(address: BucketAddress, access: Access): Promise<Remote> {
  const objects = await listByGcloud(address, access);
  return { from: address.from, objects: sortedByName(objects), transport: copyByGcloud(address, access) };
}

async function byGsutil(address: BucketAddress, access: Access): Promise<Remote> {
  const objects = await listByGsutil(address, access);
  return { from: address.from, objects: sortedByName(objects), transport: copyByGsutil(address, access) };
}
