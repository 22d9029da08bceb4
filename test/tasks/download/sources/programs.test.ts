import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../../../tasks/core/needs.ts';
import { listRemote } from '../../../../tasks/download/sources/open.ts';
import { accessNeeds, type DownloadClient } from '../../../../tasks/download/sources/download-inputs.ts';
import type { Access } from '../../../../tasks/download/sources/source.ts';
import { download } from '../../../../tasks/download/transfer/download.ts';
import { testAccess } from '../../../support/access.ts';
import { GcsServer } from '../../../support/gcs-server.ts';
import { S3Server } from '../../../support/s3-server.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const without = async (name: string): Promise<string | false> => {
  return (await findProgram(name)) === undefined ? `${name} is not installed` : false;
};

test('the real gcloud lists with checksums and copies exact generations', {
  skip: await without('gcloud'),
}, async (t) => {
  const { bucket, access, folder } = await gcs(t);
  const remote = await listRemote('gs://robots/set', { via: 'gcloud', access });
  const plain = await listRemote('gs://robots/set', { via: 'https', access });
  assert.deepEqual(remote.objects, plain.objects);
  await download(remote, folder, { access, parallel: 2 });
  assert.equal(readFileSync(join(folder, 'x y#z.bin'), 'utf8'), 'two');
  bucket.put('set/a', 'changed');
  await assert.rejects(download(remote, `${folder}-2`, { access, parallel: 1 }), {
    code: 'program-failed',
    message: /gcloud could not copy/,
  });
});

test('gsutil lists with checksums and copies exact generations', async (t) => {
  const { access, folder } = await gcs(t);
  const remote = await listRemote('gs://robots/set', { via: 'gsutil', access });
  const plain = await listRemote('gs://robots/set', { via: 'https', access });
  assert.deepEqual(remote.objects, plain.objects);
  await download(remote, folder, { access, parallel: 2 });
  assert.equal(readFileSync(join(folder, 'x y#z.bin'), 'utf8'), 'two');
});

test('a bucket that is not public is read through the program there is', async (t) => {
  const { bucket, access, folder } = await gcs(t, { only: true });
  bucket.isPrivate = true;
  const remote = await listRemote('gs://robots/set', { access });
  assert.equal(remote.transport.type, 'copy');
  assert.equal((await download(remote, folder, { access, parallel: 2 })).files, 2);
});

test('content that a program brings is checked too', async (t) => {
  const { bucket, access, folder } = await gcs(t);
  const remote = await listRemote('gs://robots/set', { via: 'gsutil', access });
  bucket.faults = [{ type: 'wrong-bytes' }, { type: 'wrong-bytes' }];
  await assert.rejects(download(remote, folder, { access, parallel: 1 }), { code: 'checksum-differs' });
});

test('names that a program would read as patterns are refused', async (t) => {
  const { bucket, access, folder } = await gcs(t);
  bucket.put('set/star*', 'x');
  const remote = await listRemote('gs://robots/set', { via: 'gsutil', access });
  await assert.rejects(download(remote, folder, { access, parallel: 1 }), { code: 'unsafe-names', message: /star\*/ });
});

test('the real aws lists and copies what ETags name', { skip: await without('aws') }, async (t) => {
  const bucket = await new S3Server('robots').start(t);
  bucket.put('set/a', 'one');
  bucket.put('set/sub/b c', Buffer.alloc(100_000, 1));
  const home = tempFolder(t);
  const login = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const access = limited({ AWS_ENDPOINT_URL: bucket.url, HOME: home, ...pyenv(), ...login });
  bucket.isPrivate = true;
  const remote = await listRemote('s3://robots/set', { access });
  assert.deepEqual(
    remote.objects.map(({ name, sizeBytes }) => [name, sizeBytes]),
    [
      ['a', 3],
      ['sub/b c', 100_000],
    ],
  );
  const folder = join(home, 'data');
  await download(remote, folder, { access, parallel: 2 });
  assert.deepEqual(readFileSync(join(folder, 'sub/b c')), Buffer.alloc(100_000, 1));
  assert.equal((await download(remote, folder, { access, parallel: 2, checkData: true })).kept, 2);
  bucket.put('set/a', 'two');
  await assert.rejects(download(remote, `${folder}-2`, { access, parallel: 1 }), { code: 'program-failed' });
});

test('the programs that an address needs are looked for before a run', async () => {
  const needed = (from: string, via: DownloadClient): number => accessNeeds({ from, via }).length;
  assert.deepEqual(
    [
      needed('gs://a', 'gcloud'),
      needed('host:/x', 'auto'),
      needed('rsync://h/m', 'auto'),
      needed('/data', 'auto'),
      accessNeeds({ from: 'gs://a', listing: `sha256:${'0'.repeat(64)}` }).length,
    ],
    [1, 1, 1, 0, 0],
  );
});

test('without the network a run that would ask a server is refused, with the name that cannot be reached', async () => {
  const missing = (from: string) => Promise.all(accessNeeds({ from }).map((need) => need.missing({ storeRoot: '/' })));
  assert.deepEqual(await missing('https://no-such-host.invalid/a'), ['no-such-host.invalid cannot be reached']);
  assert.deepEqual(await missing('https://localhost:1/a'), [undefined]);
});

async function gcs(t: TestContext, { only = false } = {}) {
  const bucket = await new GcsServer('robots').start(t);
  bucket.put('set/a', 'one');
  bucket.put('set/x y#z.bin', 'two');
  const home = tempFolder(t);
  mkdirSync(join(home, 'bin'));
  symlinkSync(
    fileURLToPath(new URL('../../../../../test/support/gsutil.cjs', import.meta.url)),
    join(home, 'bin/gsutil'),
  );
  if (only) symlinkSync(process.execPath, join(home, 'bin/node'));
  const path = [join(home, 'bin'), ...(only ? [] : [process.env.PATH ?? ''])].join(delimiter);
  const access = limited({
    PATH: path,
    HOME: home,
    STORAGE_EMULATOR_HOST: bucket.url,
    CLOUDSDK_CONFIG: join(home, 'gcloud'),
    CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE: `${bucket.url}/storage/v1/`,
    CLOUDSDK_AUTH_DISABLE_CREDENTIALS: 'true',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
  });
  return { bucket, access, folder: join(home, 'data') };
}

/** Programs that try to reach the world are ended. */
function limited(env: Record<string, string>): Access {
  return { ...testAccess(env), signal: AbortSignal.timeout(60_000) };
}

/** Where Python programs are shims, they look for their versions. */
function pyenv(): Record<string, string> {
  const root = process.env.PYENV_ROOT;
  return root === undefined ? {} : { PYENV_ROOT: root };
}
