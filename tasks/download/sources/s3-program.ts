import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type BucketAddress, nameBelow } from './bucket-address.ts';
import { sortedByName } from './listing.ts';
import { parseJson } from './parse-json.ts';
import { runProgram } from './programs.ts';
import type { Access, Remote } from './source.ts';

const Listed = z.object({
  Contents: z.array(z.object({ Key: z.string(), Size: z.number(), ETag: z.string() })).nullish(),
});

/**
 * By the `aws` program, with whatever login it finds. ETags are generations only: of objects that are encrypted with a key,
 * as private ones often are, they are no md5, and the listing does not tell which are.
 */
export async function listByAws({ from, bucket, prefix }: BucketAddress, access: Access): Promise<Remote> {
  const list = ['s3api', 'list-objects-v2', '--bucket', bucket, '--prefix', prefix, '--output', 'json'];
  const env = { ...access.env, AWS_PAGER: '' }; // version 2 would wait for somebody to leave the pager
  const text = await runProgram('aws', list, { ...access, env, purpose: `list ${from}` });
  const { Contents } = text.trim() === '' ? { Contents: [] } : parseJson(text, Listed, from);
  const objects = (Contents ?? []).flatMap(({ Key, Size, ETag }) => {
    const name = nameBelow(prefix, Key);
    const generation = ETag.replaceAll('"', '');
    return name === undefined ? [] : [{ name, sizeBytes: Size, checksums: [], generation, address: Key }];
  });
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'copy',
      copy: async (wanted, { folder, signal, arrived }) => {
        for (const object of wanted) {
          const to = join(folder, object.name);
          await mkdir(dirname(to), { recursive: true });
          const args = ['s3api', 'get-object', '--bucket', bucket, '--key', object.address];
          // The program itself checks the checksum that S3 keeps, and the content's ETag is the listed one.
          const exact = ['--if-match', object.generation ?? '', '--checksum-mode', 'ENABLED', to];
          await runProgram('aws', [...args, ...exact], { ...access, env, signal, purpose: `copy ${object.name}` });
          await arrived(object);
        }
      },
    },
  };
}
