import { join } from 'node:path';
import { resourcesOf } from '../../runner/keys/keyed-call.ts';
import { stageJob } from '../../runner/job/stage.ts';
import { type StagedJob, workFolder } from '../../runner/job/staged-job.ts';
import type { PassScene } from './pass-scene.ts';

/** The first attempt at a call of a pass, staged in its folder; nothing starts it. */
export async function stagedIn(scene: PassScene, address: string, { isRemote = false } = {}): Promise<StagedJob> {
  const { store, log, graph } = scene;
  const call = await scene.call(address);
  const id = join('jobs', `${address}.1`);
  const folder = join(log.folder, id);
  const isShared = call.spec.onPreempt === 'resume';
  return stageJob(call, {
    store,
    folder,
    outFolder: isShared ? join(workFolder(store, call.fingerprint), 'out') : folder,
    id,
    token: `${address}.1`,
    attempt: 1,
    code: { entry: '', root: store.root, points: [], graph: graph.digest },
    isRemote,
    resources: resourcesOf(call),
  });
}
