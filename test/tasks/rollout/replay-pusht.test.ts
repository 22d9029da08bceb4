import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { replayPusht } from '../../../tasks/rollout/replay-pusht.ts';
import { runTask } from '../../support/run-task.ts';
import { anyDigest } from '../../support/any-digest.ts';

test('the 206 recorded demonstrations play as people recorded them', async (t) => {
  const { values, report } = await replay(t);
  assert.ok(values.medianPositionError < 1e-4, `median ${values.medianPositionError} units`);
  assert.ok(values.worstPositionError < 0.01, `worst ${values.worstPositionError} units`);
  assert.ok(values.medianAngleError < 1e-6, `median ${values.medianAngleError} rad`);
  assert.ok(values.worstCoverageError < 0.005, `worst ${values.worstCoverageError}`);
  assert.equal(report.episodes.length, 206);
  // Started from the seed that people's own runs started from, all that is left is the recording's single precision.
  assert.ok(Math.max(...report.fromSeedAtEnd.position) < 1e-4);
  assert.ok(Math.max(...report.fromSeedAtEnd.angle) < 1e-6);
  assert.ok(Math.max(...report.oneStep.pusher) < 1e-4);
  assert.ok(Math.max(...report.oneStep.position) < 0.1);
});

interface Report {
  readonly episodes: readonly unknown[];
  readonly fromSeedAtEnd: { readonly position: readonly number[]; readonly angle: readonly number[] };
  readonly oneStep: { readonly position: readonly number[]; readonly pusher: readonly number[] };
}

async function replay(t: { after: (clean: () => Promise<void>) => void }) {
  const folder = await mkdtemp(join(tmpdir(), 'replay-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(packageRoot(), 'samples/pusht/pusht_cchi_v7_replay.zarr');
  const store = { kind: 'zarr-store', digest: anyDigest, path, meta: { arrays: {} } } as const;
  const { values, out } = await runTask(replayPusht, { replay: store }, folder);
  const report = JSON.parse(await readFile(join(out.errors, 'errors.json'), 'utf8')) as Report;
  return { values, report };
}
