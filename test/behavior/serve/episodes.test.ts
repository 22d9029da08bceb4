import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { readJson } from '../../../tasks/core/task.ts';
import { checkpoint } from '../../../tasks/kinds/checkpoint.ts';
import { RolloutSummary } from '../../../tasks/kinds/rollout-summary.ts';
import { trainAndSave } from '../../../tasks/models/flow-policy/train-and-save.ts';
import { rolloutPusht } from '../../../tasks/rollout/pusht.ts';
import { rollOutLanes } from '../../../tasks/rollout/pusht/lanes.ts';
import { rolloutServed } from '../../../tasks/rollout/served.ts';
import { pythonWith } from '../../support/python.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { startServed } from '../../support/served.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinySettings, writeTinyDemonstrations } from '../../tasks/train/tiny-training.ts';

const episodes = { episodes: 6, seed: 300, maxSteps: 40, drawEpisodes: 1, name: 'tiny' };
const seeds = [300, 301, 302, 303, 304, 305];
const folder = tempFolder({ after: (remove) => after(remove as () => void) });
let policy: string;

before(async () => {
  const data = await writeTinyDemonstrations(folder);
  const quiet = { report: () => {}, signal: new AbortController().signal };
  const saved = await trainAndSave({ ...data, folder: join(folder, 'training') }, tinySettings, quiet);
  policy = saved.at(-1) as string;
});

test('a policy that is asked over the wire gives the very episodes that it gives in process', async (t) => {
  const { url } = await startServed(t, [policy]);
  const served = (await runTask(rolloutServed, { ...episodes, server: { url }, connections: 3 }, folder)).out;
  const here = (
    await runTask(rolloutPusht, { ...episodes, policy: await artifactAt(checkpoint, policy), backend: 'wasm' }, folder)
  ).out;
  for (const output of ['rollouts', 'summary'] as const) {
    const files = await bytesOf(here[output]);
    assert.ok(Object.keys(files).length > 1);
    assert.deepEqual(await bytesOf(served[output]), files);
  }
  const summary = await readJson(join(served.summary, 'summary.json'), RolloutSummary);
  assert.deepEqual(
    summary.episodes.map(({ seed }) => seed),
    seeds,
  );
});

test('a client in Python, written from the description of the protocol, plays the very same episodes', async (t) => {
  const python = pythonWith(['websockets', 'msgpack', 'numpy']);
  if (python === undefined) return t.skip('no Python with websockets, msgpack and numpy');
  const { url } = await startServed(t, [policy, '--api-key-env', 'KEY'], { KEY: 'sesame' });
  const root = packageRoot();
  const env = [process.execPath, join(root, 'dist/test/support/pusht-program.js'), String(episodes.maxSteps)];
  const client = join(root, 'test/python/policy_client.py');
  const { stdout } = await execa(python, [client, url, ...env, ...seeds.map(String)], {
    env: { POLICY_KEY: 'sesame', no_proxy: '127.0.0.1' },
    timeout: 120_000,
  });
  const { done } = JSON.parse(stdout) as { done: { seed: number; actions: number[] }[] };

  const expected = [];
  const job = { policyFolder: policy, backend: 'wasm', seeds, maxSteps: episodes.maxSteps } as const;
  for await (const { seed, length, success, maxReward, actions } of rollOutLanes(job, 1)) {
    expected.push({ seed, length, success, maxReward, actions: [...actions] });
  }
  assert.deepEqual(
    done,
    expected.sort((a, b) => a.seed - b.seed),
  );
});

test('a client in Python sees openpi’s keys, and an error as openpi’s clients do', async (t) => {
  const python = pythonWith(['websockets', 'msgpack', 'numpy']);
  if (python === undefined) return t.skip('no Python with websockets, msgpack and numpy');
  const { url } = await startServed(t, [policy]);
  const client = join(packageRoot(), 'test/python/policy_client.py');
  const { stdout } = await execa(python, [client, url, '--once'], { env: { no_proxy: '127.0.0.1' }, timeout: 120_000 });
  const [reply, refusal] = stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(reply, { shape: [2, 2], keys: ['actions', 'policy_timing', 'server_timing'] });
  assert.match(refusal?.error as string, /Traceback[\s\S]*"observation\/state" is missing/);
});

async function bytesOf(path: string): Promise<Record<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const read = files.sort().map(async (file) => [file.slice(path.length), (await readFile(file)).toString('base64')]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, string>;
}
