import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { z } from 'zod';
import { kindOf } from '../../../tasks/core/artifact.ts';
import type { Progress } from '../../../tasks/core/task.ts';
import { readJson } from '../../../tasks/core/task.ts';
import { lerobotDataset } from '../../../tasks/kinds/lerobot-dataset.ts';
import { RolloutSummary, rolloutSummary } from '../../../tasks/kinds/rollout-summary.ts';
import { sizeOf } from '../../../tasks/models/flow/layout.ts';
import { writeCheckpoint } from '../../../tasks/models/flow-policy/checkpoint.ts';
import { layoutFor } from '../../../tasks/models/flow-policy/flow.ts';
import { rolloutPusht } from '../../../tasks/rollout/pusht.ts';
import { runTask } from '../../support/run-task.ts';
import { anyDigest } from '../../support/any-digest.ts';

test('one thread and several give the same bytes', async (t) => {
  const folder = await temporaryFolder(t);
  const policy = await tinyPolicy(folder);
  const outcomes = [];
  for (const cpus of [1, 2]) {
    const { values, out } = await rollOut(policy, join(folder, `cpus-${cpus}`), { cpus });
    outcomes.push({
      files: await bytesOf(out.rollouts),
      summary: await bytesOf(out.summary),
      rate: values.meanMaxReward,
    });
  }
  assert.ok(Object.keys(outcomes[0]?.files ?? {}).length > 6);
  assert.deepEqual(outcomes[0], outcomes[1]);
});

test('the summary tells each episode, and the kind reads it', async (t) => {
  const folder = await temporaryFolder(t);
  const { values, out, reports } = await rollOut(await tinyPolicy(folder), join(folder, 'run'), { cpus: 1 });
  const summary = await readJson(join(out.summary, 'summary.json'), RolloutSummary);
  assert.deepEqual(
    summary.episodes.map(({ seed }) => seed),
    [100000, 100001, 100002, 100003, 100004, 100005],
  );
  assert.ok(summary.episodes.every(({ length }) => length >= 1 && length <= 24));
  assert.deepEqual(await kindOf(rolloutSummary)?.inspect(out.summary), {
    name: 'a test',
    seed: 100000,
    episodes: 6,
    successRate: values.successRate,
    meanMaxReward: values.meanMaxReward,
  });
  assert.deepEqual((await readdir(join(out.summary, 'episodes'))).sort(), ['000.svg', '001.svg']);
  assert.deepEqual(
    reports.map(({ done }) => done),
    [1, 2, 3, 4, 5, 6],
  );
});

test('the rollouts are a LeRobot dataset with the columns of lerobot/pusht', async (t) => {
  const folder = await temporaryFolder(t);
  const { out } = await rollOut(await tinyPolicy(folder), join(folder, 'run'), { cpus: 1 });
  const { episodes } = await readJson(join(out.summary, 'summary.json'), RolloutSummary);
  const facts = (await kindOf(lerobotDataset)?.inspect(out.rollouts)) as z.output<typeof lerobotDataset>['meta'];
  assert.equal(
    facts.total_frames,
    episodes.reduce((sum, { length }) => sum + length, 0),
  );
  assert.deepEqual([facts.fps, facts.total_episodes], [10, 6]);
  assert.deepEqual(facts.features['observation.environment_state']?.shape, [16]);
  assert.deepEqual(facts.features['next.success']?.dtype, 'bool');
});

test('a policy that cannot be read fails the rollout with its own problem, in threads too', async (t) => {
  const folder = await temporaryFolder(t);
  for (const cpus of [1, 2]) {
    await assert.rejects(rollOut(join(folder, 'nowhere'), join(folder, `run-${cpus}`), { cpus }), {
      code: 'file-unreadable',
    });
  }
});

async function rollOut(policyFolder: string, folder: string, { cpus }: { cpus: number }) {
  await mkdir(folder);
  const reports: Progress[] = [];
  const report = (progress: Progress) => void reports.push(progress);
  const { values, out } = await runTask(
    rolloutPusht,
    {
      policy: {
        kind: 'checkpoint',
        digest: anyDigest,
        path: policyFolder,
        meta: { format: 'flow-policy/1', step: 0 },
      },
      episodes: 6,
      seed: 100000,
      maxSteps: 24,
      drawEpisodes: 2,
      backend: 'wasm',
      name: 'a test',
    },
    folder,
    { cpus, report },
  );
  return { values, out, reports };
}

/** A policy with made-up weights. */
async function tinyPolicy(folder: string): Promise<string> {
  const architecture = { obsSteps: 2, horizon: 8, actionSteps: 4, hidden: 8, inner: 8, blocks: 1, timeFeatures: 4 };
  const limits = (width: number) => ({
    min: new Array<number>(width).fill(0),
    max: new Array<number>(width).fill(512),
  });
  const weights = Float32Array.from({ length: sizeOf(layoutFor(architecture)) }, (_, i) => Math.sin(i * i) / 3);
  const path = join(folder, 'policy');
  const config = {
    format: 'flow-policy/1',
    step: 0,
    architecture,
    normalisation: { observation: limits(18), action: limits(2), actionScale: new Array<number>(8).fill(80) },
    flowSteps: 4,
    backend: { backend: 'wasm', tfjs: '4.22.0', patch: 0, dtype: 'float32' },
  } as const;
  await writeCheckpoint(path, config, weights);
  return path;
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  const read = paths.map(
    async (path) => [path.slice(folder.length), (await readFile(path)).toString('base64')] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rollout-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}
