import { z } from 'zod';
import { task } from '../core/task.ts';
import { folder } from '../kinds/folder.ts';
import { networkVariables } from './sources/environment.ts';
import { downloadInputs, accessNeeds } from './sources/download-inputs.ts';

/**
 * A folder (or one file) of a bucket, a hub repository, a web server, a machine or this disk, brought into the store.
 *
 * `from` is gs://BUCKET/FOLDER, s3://BUCKET/FOLDER, hf://datasets/OWNER/NAME@REVISION, https://…, rsync://HOST/MODULE/PATH,
 * HOST:PATH or a path. What counts is what is listed there: names, sizes, checksums. Files are checked as they arrive; an
 * ended download goes on where it was.
 */
export const downloadFolder = task({
  name: 'download-folder',
  version: '1', // what arrives is pinned by the listing, whatever code brings it
  inputs: { from: z.string().min(1), ...downloadInputs },
  outputs: { folder },
  cwd: () => process.cwd(), // a relative path is the user's
  secrets: networkVariables(),
  needs: accessNeeds,
  onPreempt: 'resume',
  observe: async (inputs) => (await import('./sources/look.ts')).lookAt(inputs),
  run: async (inputs, out, attempt) => {
    const { bring } = await import('./transfer/bring.ts');
    await bring(inputs, { to: out.folder, attempt });
    return { folder: out.folder };
  },
});

/** Files of web servers by their addresses, in a folder of the store. One with a digest is asked for only when it is fetched. */
export const downloadFiles = task({
  name: 'download-files',
  version: '1',
  inputs: {
    files: z
      .array(
        z.object({
          url: z.url({ protocol: /^https?$/ }),
          /** By default the last part of the address. */
          name: z.string().min(1).optional(),
          digest: z
            .string()
            .regex(/^sha256:[0-9a-f]{64}$/)
            .optional(),
        }),
      )
      .min(1),
    parallel: downloadInputs.parallel,
  },
  outputs: { folder },
  secrets: networkVariables(),
  onPreempt: 'resume',
  observe: async ({ files }) => {
    const { listLinks } = await import('./sources/https.ts');
    const { listingDigest } = await import('./sources/listing.ts');
    const { planAccess } = await import('./sources/open.ts');
    const unknown = files.filter(({ digest }) => digest === undefined);
    return unknown.length === 0
      ? {}
      : { listing: listingDigest((await listLinks(unknown, 'the web', planAccess())).objects) };
  },
  run: async ({ files, parallel }, out, { signal, report }) => {
    const { listLinks } = await import('./sources/https.ts');
    const { jobAccess } = await import('./sources/open.ts');
    const { download } = await import('./transfer/download.ts');
    const access = jobAccess(signal);
    await download(await listLinks(files, 'the web', access), out.folder, { access, parallel, report });
    return { folder: out.folder };
  },
});
