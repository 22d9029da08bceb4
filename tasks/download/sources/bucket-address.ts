import { posix } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { type Checksum, hexOfBase64 } from '../checksums/checksum.ts';

export interface BucketAddress {
  readonly from: string;
  readonly bucket: string;
  /** Without a slash at its end; empty for the whole bucket. */
  readonly prefix: string;
}

export function parseBucketAddress(from: string, scheme: 'gs' | 's3'): BucketAddress {
  const [, bucket, prefix = ''] = /^[a-z0-9]+:\/\/([a-z0-9][a-z0-9._-]+)(?:\/(.*))?$/s.exec(from) ?? [];
  if (bucket !== undefined) return { from, bucket, prefix: prefix.replace(/\/+$/, '') };
  throw new Problem('wrong-address', `"${from}" is not the address of a bucket.`, {
    hint: `Write ${scheme}://BUCKET/FOLDER.`,
  });
}

/**
 * Names of a bucket below a prefix as names of files: `PREFIX/a/b` is `a/b`; the object `PREFIX` itself is its last part.
 * Objects whose name ends in a slash stand for empty folders and are left out.
 */
export function nameBelow(prefix: string, key: string): string | undefined {
  if (key.endsWith('/')) return undefined;
  if (prefix === '') return key;
  if (key === prefix) return posix.basename(key);
  return key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : undefined;
}

/** What Google says of an object's content, which it writes in base 64. Composite objects have no md5. */
export function gsChecksums({
  crc32c,
  md5Hash,
}: {
  crc32c?: string | undefined;
  md5Hash?: string | undefined;
}): Checksum[] {
  return [
    ...(crc32c ? [{ of: 'crc32c' as const, value: hexOfBase64(crc32c) }] : []),
    ...(md5Hash ? [{ of: 'md5' as const, value: hexOfBase64(md5Hash) }] : []),
  ];
}
