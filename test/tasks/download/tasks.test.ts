import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { GcsServer } from '../../support/gcs-server.ts';
import { HubServer } from '../../support/hub-server.ts';
import { droidFolder } from '../../support/openpi-golden.ts';
import { WebServer } from '../../support/web-server.ts';

const size = 3_000_000;

test('a download that is killed half-way fetches only the rest, and then nothing', async (t) => {
  const { bucket, project, run, env } = await scene(t, downloads("downloadFolder({ from: 'gs://robots/set' }).folder"));
  for (const name of ['a', 'b', 'c']) bucket.put(`set/${name}`, Buffer.alloc(size, name));
  bucket.bytesPerSecond = 4_000_000;
  const child = project.start(['run', 'fetch'], env);
  await eventually('more than one of the three files has come', () => bucket.bytesServed >= 1.2 * size);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await eventually('nothing is sent any more', () => bucket.sending === 0);
  const before = bucket.bytesServed;
  assert.ok(before < 3 * size, `${before} bytes before it was killed`);

  bucket.bytesPerSecond = Infinity;
  const { code, stdout, stderr } = await run();
  assert.equal(code, 0, stdout + stderr);
  // What was on its way, and up to 1 MiB that each of three connections had gathered, comes twice.
  assert.ok(bucket.bytesServed - 3 * size < 3 * 1.5e6, `${bucket.bytesServed} bytes for ${3 * size}`);
  assert.ok(bucket.bytesServed - before < 3 * size, 'the rest only');
  const reads = bucket.reads().length;
  assert.match((await run()).stdout, /is known/);
  assert.equal(bucket.reads().length, reads);
});

test('another content at the source is another result; the same content is not', async (t) => {
  const { bucket, run } = await scene(t, downloads("downloadFolder({ from: 'gs://robots/set' }).folder"));
  bucket.put('set/a', 'one');
  assert.equal((await run()).code, 0);
  bucket.put('set/a', 'one');
  assert.match((await run()).stdout, /is known/);
  bucket.put('set/a', 'two');
  assert.doesNotMatch((await run()).stdout, /is known/);
});

test('a pinned listing asks nothing of the network, and refuses what is no longer so', async (t) => {
  const { bucket, project, run } = await scene(t, downloads("downloadFolder({ from: 'gs://robots/set' }).folder"));
  bucket.put('set/a', 'one');
  assert.equal((await run()).code, 0);
  const [, pin = ''] = /listing: '(sha256:[0-9a-f]{64})'/.exec(logOf(project)) ?? [];
  project.pipeline('fetch', downloads(`downloadFolder({ from: 'gs://robots/set', listing: '${pin}' }).folder`));
  assert.equal((await run()).code, 0);
  const asked = bucket.requests.length;
  assert.match((await run()).stdout, /is known/);
  assert.equal(bucket.requests.length, asked);
  project.pipeline(
    'fetch',
    downloads(`downloadFolder({ from: 'gs://robots/set', listing: 'sha256:${'0'.repeat(64)}' }).folder`),
  );
  assert.match((await run()).stdout, /no longer holds what was pinned/);
});

test('a dataset comes to lie in the folder of the user, and is used there', async (t) => {
  const { bucket, project, run } = await scene(
    t,
    downloads("downloadRlds({ from: 'gs://robots/droid/1.0.1', to: 'data/droid/1.0.1', release: '1.0.1' }).dataset"),
  );
  for (const name of readdirSync(droidFolder)) bucket.put(`droid/1.0.1/${name}`, readFileSync(join(droidFolder, name)));
  const first = await run();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  const folder = join(project.folder, 'data/droid/1.0.1');
  assert.deepEqual(readdirSync(folder).sort(), readdirSync(droidFolder).sort());
  assert.match((await run()).stdout, /is known/);
  const [shard = ''] = readdirSync(folder).filter((name) => name.includes('tfrecord'));
  rmSync(join(folder, shard));
  const reads = bucket.reads().length;
  assert.equal((await run()).code, 0);
  assert.equal(bucket.reads().length, reads + 1, 'only what was missing');
});

test('raw episodes lie below lab, outcome and date, beside the annotations', async (t) => {
  const [root, date] = ['gs://robots/droid_raw/1.0.1', 'TRI/success/2023-05-14'];
  const { bucket, project, run } = await scene(
    t,
    downloads(`downloadRaw({ from: '${root}/${date}', annotations: '${root}/notes.json', to: 'raw' }).folder`),
  );
  bucket.put(`droid_raw/1.0.1/${date}/Sun_May_14_15:30:58_2023/trajectory.h5`, 'x');
  bucket.put('droid_raw/1.0.1/notes.json', '{}');
  const { code, stdout } = await run();
  assert.equal(code, 0, stdout);
  assert.ok(existsSync(join(project.folder, 'raw', date, 'Sun_May_14_15:30:58_2023/trajectory.h5')));
  assert.equal(readFileSync(join(project.folder, 'raw/notes.json'), 'utf8'), '{}');
});

test('a dataset of the hub at a commit is planned without a request, and its token is in no file of the store', async (t) => {
  const hub = await new HubServer('datasets', 'unitree/g1').start(t);
  const source = new URL('../../../../test/data/lerobot-v21-unitree-g1/', import.meta.url);
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (/\.(jsonl?|parquet)$/.test(name)) hub.put(name, readFileSync(new URL(name, source)));
  }
  hub.token = 'hf_very-secret';
  const project = new CliProject(t);
  const call = `fetchDataset({ repo: 'unitree/g1', revision: '${hub.commit}', include: ['meta/**', 'data/**'] }).dataset`;
  project.pipeline('fetch', downloads(call));
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_very-secret' };
  const { code, stdout } = await project.run(['run', 'fetch'], env);
  assert.equal(code, 0, stdout + logOf(project));
  const asked = hub.requests.length;
  assert.match((await project.run(['run', 'fetch'], env)).stdout, /is known/);
  assert.equal(hub.requests.length, asked);
  for (const entry of readdirSync(project.folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'latin1');
    assert.ok(!text.includes('hf_very-secret'), entry.name);
  }
});

test('files with digests are planned without a request', async (t) => {
  const web = await new WebServer().start(t);
  web.put('a', 'content');
  const digest = 'sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';
  const project = new CliProject(t);
  project.pipeline(
    'fetch',
    downloads(`downloadFiles({ files: [{ url: '${web.url}/a', digest: '${digest}' }] }).folder`),
  );
  const { code, stdout } = await project.run(['run', 'fetch']);
  assert.equal(code, 0, stdout);
  const asked = web.requests.length;
  assert.match((await project.run(['run', 'fetch'])).stdout, /is known/);
  assert.equal(web.requests.length, asked);
});

/** A pipeline that wants one result. */
function downloads(call: string): string {
  return `
import { downloadFiles, downloadFolder } from 'stet/tasks/download/bucket';
import { downloadRaw, downloadRlds } from 'stet/tasks/download/droid';
import { fetchDataset } from 'stet/tasks/download/hub';
void [downloadFiles, downloadFolder, downloadRaw, downloadRlds, fetchDataset];
export default pipeline('fetch', {}, () => ({ it: ${call} }));
`;
}

async function scene(t: TestContext, text: string) {
  const bucket = await new GcsServer('robots').start(t);
  const project = new CliProject(t);
  project.pipeline('fetch', text);
  const env = { STORAGE_EMULATOR_HOST: bucket.url };
  return { bucket, project, env, run: () => project.run(['run', 'fetch'], env) };
}

/** Logs of all jobs. */
function logOf({ folder }: CliProject): string {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('log.txt'));
  return found.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}
