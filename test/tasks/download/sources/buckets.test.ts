import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listingDigest, selectObjects } from '../../../../tasks/download/sources/listing.ts';
import { listRemote } from '../../../../tasks/download/sources/open.ts';
import { parseS3Listing } from '../../../../tasks/download/sources/s3-listing.ts';
import type { Access } from '../../../../tasks/download/sources/source.ts';
import { download } from '../../../../tasks/download/transfer/download.ts';
import { testAccess } from '../../../support/access.ts';
import { GcsServer } from '../../../support/gcs-server.ts';
import { S3Server } from '../../../support/s3-server.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const digestAt = async (from: string, access: Access): Promise<string> =>
  listingDigest((await listRemote(from, { access })).objects);

test('a bucket is listed page by page, sorted, with sizes and checksums', async (t) => {
  const bucket = await new GcsServer('robots').start(t);
  for (const name of ['set/b', 'set/a/1', 'set/A', 'other']) bucket.put(name, '123456789');
  bucket.pageSize = 1;
  const { objects } = await listRemote('gs://robots/set/', {
    access: testAccess({ STORAGE_EMULATOR_HOST: bucket.url.slice(7) }),
  });
  assert.deepEqual(
    objects.map(({ name }) => name),
    ['A', 'a/1', 'b'],
  );
  assert.deepEqual(objects[0]?.checksums, [
    { of: 'crc32c', value: 'e3069283' },
    { of: 'md5', value: '25f9e794323b453885f5181f1b624d0b' },
  ]);
});

test('one object is a folder with one file', async (t) => {
  const bucket = await new GcsServer('robots').start(t);
  bucket.put('notes/annotations.json', '{}');
  const access = testAccess({ STORAGE_EMULATOR_HOST: bucket.url });
  const { objects } = await listRemote('gs://robots/notes/annotations.json', { access });
  assert.deepEqual(
    objects.map(({ name }) => name),
    ['annotations.json'],
  );
});

test('a listing counts content, and generations only where checksums are weak', async (t) => {
  const bucket = await new GcsServer('robots').start(t);
  const access = testAccess({ STORAGE_EMULATOR_HOST: bucket.url });
  const digest = (): Promise<string> => digestAt('gs://robots', access);
  bucket.put('a', 'one');
  const first = await digest();
  bucket.put('a', 'one');
  assert.equal(await digest(), first);
  bucket.put('a', 'two');
  assert.notEqual(await digest(), first);
  bucket.composite = true;
  const composite = await digest();
  bucket.put('a', 'two');
  assert.notEqual(await digest(), composite);
});

test('globs choose by whole names', async (t) => {
  const bucket = await new GcsServer('robots').start(t);
  for (const name of ['meta/info.json', 'data/1.parquet', 'data/deep/2.parquet']) bucket.put(name, name);
  const remote = await listRemote('gs://robots', { access: testAccess({ STORAGE_EMULATOR_HOST: bucket.url }) });
  const names = (choice: object): string[] => selectObjects(remote, choice).objects.map(({ name }) => name);
  assert.deepEqual(names({ include: ['data/*'] }), ['data/1.parquet']);
  assert.deepEqual(names({ exclude: ['**/*.parquet'] }), ['meta/info.json']);
  assert.throws(() => names({ include: ['*.mp4'] }), { code: 'nothing-there', message: /None of the 3 files/ });
});

test('a private bucket is named with what to do, and read with a token that no message holds', async (t) => {
  const bucket = await new GcsServer('robots').start(t);
  bucket.put('a', 'x');
  bucket.isPrivate = true;
  const env = { STORAGE_EMULATOR_HOST: bucket.url, PATH: '/nonexistent' };
  await assert.rejects(listRemote('gs://robots', { access: testAccess(env) }), {
    code: 'access-denied',
    hint: /gcloud auth login/,
  });
  const access = testAccess({ ...env, GOOGLE_OAUTH_ACCESS_TOKEN: 'secret-token' });
  assert.equal((await listRemote('gs://robots', { access })).objects.length, 1);
  assert.equal(bucket.authorizations.at(-1), 'Bearer secret-token');
});

test('an S3 bucket is listed and read, with every kind of name', async (t) => {
  const bucket = await new S3Server('robots').start(t);
  const names = ['set/a b&c+d.bin', 'set/ü/x.bin', 'set/plain%20.bin'];
  for (const name of names) bucket.put(name, `content of ${name}`);
  bucket.pageSize = 1;
  const access = testAccess({ AWS_ENDPOINT_URL: bucket.url });
  const folder = join(tempFolder(t), 'data');
  const done = await download(await listRemote('s3://robots/set', { access }), folder, { access, parallel: 2 });
  assert.equal(done.files, 3);
  for (const name of names) assert.equal(readFileSync(join(folder, name.slice(4)), 'utf8'), `content of ${name}`);
});

test('an ETag is taken for an md5 only when the object came in one part', async (t) => {
  const bucket = await new S3Server('robots').start(t);
  for (const name of ['one', 'parts']) bucket.put(name, '123456789');
  bucket.multipart.add('parts');
  const access = testAccess({ AWS_ENDPOINT_URL: bucket.url });
  const sums = async () => (await listRemote('s3://robots', { access })).objects.map(({ checksums }) => checksums);
  const md5 = [{ of: 'md5', value: '25f9e794323b453885f5181f1b624d0b' }];
  assert.deepEqual(await sums(), [md5, [{ of: 'crc64nvme', value: 'ae8b14860a799888' }]]);
  bucket.hasChecksums = false;
  assert.deepEqual(await sums(), [md5, []]);
});

test('an S3 object without checksum is known by a hash that was learned when it came', async (t) => {
  const bucket = await new S3Server('robots').start(t);
  bucket.put('parts', Buffer.alloc(200_000, 3));
  bucket.multipart.add('parts');
  bucket.hasChecksums = false;
  bucket.faults = [{ type: 'drop', afterBytes: 100_000 }];
  const access = testAccess({ AWS_ENDPOINT_URL: bucket.url });
  const folder = join(tempFolder(t), 'data');
  const fetch = async () =>
    download(await listRemote('s3://robots', { access }), folder, { access, parallel: 1, checkData: true });
  await fetch();
  assert.equal((await fetch()).kept, 1);
});

test('an S3 object that changed after it was listed is refused', async (t) => {
  const bucket = await new S3Server('robots').start(t);
  bucket.put('a', 'before');
  const access = testAccess({ AWS_ENDPOINT_URL: bucket.url });
  const remote = await listRemote('s3://robots', { access });
  bucket.put('a', 'after!');
  await assert.rejects(download(remote, join(tempFolder(t), 'data'), { access, parallel: 1 }), {
    code: 'source-changed',
  });
});

test('a private S3 bucket is named with what to do', async (t) => {
  const bucket = await new S3Server('robots').start(t);
  bucket.isPrivate = true;
  const access = testAccess({ AWS_ENDPOINT_URL: bucket.url, PATH: '/nonexistent' });
  await assert.rejects(listRemote('s3://robots', { access }), { code: 'access-denied', hint: /aws configure/ });
});

test('what is no S3 listing is worth another try, wherever it was cut', async (t) => {
  const bucket = await new S3Server('robots').start(t);
  bucket.put('a', 'x');
  const response = await fetch(`${bucket.url}/robots?list-type=2&encoding-type=url`);
  const whole = await response.text();
  assert.equal(parseS3Listing(whole, 's3://robots').rows.length, 1);
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => parseS3Listing(whole.slice(0, length), 's3://robots'), { name: 'Error' });
  }
  assert.throws(() => parseS3Listing('<!DOCTYPE html><html></html>', 's3://robots'));
});
