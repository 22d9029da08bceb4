import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { type BucketAddress, gsChecksums, nameBelow } from './bucket-address.ts';
import { parseJson } from './parse-json.ts';
import { runProgram } from './programs.ts';
import type { Access, CopyTarget, RemoteObject, Transport } from './source.ts';

const Listed = z.array(
  z.object({
    name: z.string(),
    size: z.number(),
    generation: z.string(),
    crc32c_hash: z.string().nullish(),
    md5_hash: z.string().nullish(),
  }),
);

/** By `gcloud storage objects list`, logged in as the user is. */
export async function listByGcloud({ from, bucket, prefix }: BucketAddress, access: Access): Promise<RemoteObject[]> {
  const fields = 'json(name,size,generation,crc32c_hash,md5_hash)';
  // "PREFIX**" is the object PREFIX, all below PREFIX/, and strangers such as PREFIX-old, which `nameBelow` leaves out.
  const args = ['storage', 'objects', 'list', `gs://${bucket}/${plain(prefix, from)}**`, `--format=${fields}`];
  const text = await runProgram('gcloud', args, { ...access, purpose: `list ${from}` });
  return parseJson(text, Listed, from).flatMap(({ name: key, size, generation, crc32c_hash, md5_hash }) => {
    const name = nameBelow(prefix, key);
    const sums = { crc32c: crc32c_hash ?? undefined, md5Hash: md5_hash ?? undefined };
    return name === undefined
      ? []
      : [{ name, sizeBytes: size, generation, checksums: gsChecksums(sums), address: key }];
  });
}

/** By `gsutil ls -L`, whose text has a block for each object. */
export async function listByGsutil({ from, bucket, prefix }: BucketAddress, access: Access): Promise<RemoteObject[]> {
  const args = ['ls', '-L', `gs://${bucket}/${plain(prefix, from)}**`];
  return parseGsutil(await runProgram('gsutil', args, { ...access, purpose: `list ${from}` }), {
    from,
    bucket,
    prefix,
  });
}

export function copyByGcloud(address: BucketAddress, access: Access): Transport {
  return copyingEach(address, (from, to, signal) => {
    return runProgram('gcloud', ['storage', 'cp', from, to], { ...access, signal, purpose: `copy ${from}` });
  });
}

export function copyByGsutil(address: BucketAddress, access: Access): Transport {
  return copyingEach(address, (from, to, signal) => {
    return runProgram('gsutil', ['-q', 'cp', from, to], { ...access, signal, purpose: `copy ${from}` });
  });
}

type Copy = (from: string, to: string, signal: AbortSignal) => Promise<unknown>;

function copyingEach({ from, bucket }: BucketAddress, copyObject: Copy): Transport {
  const copy = async (objects: readonly RemoteObject[], { folder, signal, arrived }: CopyTarget): Promise<void> => {
    for (const object of objects) {
      const to = join(folder, object.name);
      await mkdir(dirname(to), { recursive: true });
      await copyObject(`gs://${bucket}/${plain(object.address, from)}#${object.generation ?? ''}`, to, signal);
      await arrived(object);
    }
  };
  return { type: 'copy', copy };
}

/** Both programs read wildcards in names, and know no way to quote them. */
function plain(key: string, from: string): string {
  if (!/[*?[\]]/.test(key)) return key;
  throw new Problem('unsafe-names', `${from}: gcloud and gsutil would read "${key}" as a pattern.`, {
    hint: 'Leave it out with exclude, or read the bucket over https with GOOGLE_OAUTH_ACCESS_TOKEN.',
  });
}

function parseGsutil(text: string, { from, bucket, prefix }: BucketAddress): RemoteObject[] {
  const start = `gs://${bucket}/`;
  const objects: RemoteObject[] = [];
  for (const block of text.split(/\n(?=gs:\/\/)/)) {
    const lines = block.split('\n');
    const head = lines[0] ?? '';
    if (!head.startsWith(start) || !head.endsWith(':')) continue; // the total at the end
    const key = head.slice(start.length, -1);
    const name = nameBelow(prefix, key);
    if (name === undefined) continue;
    const field = (label: string): string | undefined => {
      return lines
        .find((line) => line.trim().startsWith(`${label}:`))
        ?.trim()
        .slice(label.length + 1)
        .trim();
    };
    const [size, generation] = [field('Content-Length'), field('Generation')];
    if (size === undefined || generation === undefined) {
      throw new Problem('wrong-answer', `gsutil's listing of ${from} has no length or generation for ${key}.`);
    }
    const checksums = gsChecksums({ crc32c: field('Hash (crc32c)'), md5Hash: field('Hash (md5)') });
    objects.push({ name, sizeBytes: Number(size), generation, checksums, address: key });
  }
  return objects;
}
