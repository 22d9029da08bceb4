import { scanTree, treeDigest } from '../../../cache/tree.ts';
import { describeBackend } from '../../models/backend/open-backend.ts';
import type { BackendName } from '../../models/backend-name.ts';
import { readCheckpoint } from '../../models/flow-policy/checkpoint.ts';
import { actionWidth } from '../../models/flow-policy/features.ts';
import { loadPolicy } from '../../models/flow-policy/policy.ts';
import type { Servable } from './servable.ts';

/** PushT's policy: keys named after the columns of its dataset, with a slash as openpi's have. */
export async function flowPolicy(folder: string, backend: BackendName): Promise<Servable> {
  const { config } = await readCheckpoint(folder);
  const { obsSteps, actionSteps } = config.architecture;
  const digest = treeDigest(await scanTree(folder)); // what the store calls it too
  return {
    contract: {
      title: `flow-policy/1, step ${config.step}`,
      metadata: new Map<string, string | number>([
        ['format', config.format],
        ['step', config.step],
        ['checkpoint', digest],
        ['backend', JSON.stringify(await describeBackend(backend))],
        ['observation_steps', obsSteps],
        ['action_steps', actionSteps],
      ]),
      keys: [
        { name: 'observation/state', shapes: [[obsSteps, 2]], meaning: 'the pusher x, y, oldest first' },
        { name: 'observation/environment_state', shapes: [[obsSteps, 16]], meaning: "the tee's 8 corners x, y" },
      ],
      actionShape: [actionSteps, actionWidth],
    },
    load: async () => {
      const policy = await loadPolicy(folder, { backend });
      return {
        act: (rows, noiseSeeds) =>
          Float64Array.from(policy.act(framesOf(rows, obsSteps), noiseSeeds.length, noiseSeeds)),
        dispose: policy.dispose,
      };
    },
  };
}

/** Rows hold all pusher positions, then all corners; the policy sees frame by frame: pusher, corners, pusher, corners. */
function framesOf(rows: Float64Array, obsSteps: number): Float32Array {
  const frames = new Float32Array(rows.length);
  const width = obsSteps * 18;
  for (let from = 0; from < rows.length; from += width) {
    for (let step = 0; step < obsSteps; step += 1) {
      frames.set(rows.subarray(from + 2 * step, from + 2 * (step + 1)), from + 18 * step);
      const corners = from + 2 * obsSteps + 16 * step;
      frames.set(rows.subarray(corners, corners + 16), from + 18 * step + 2);
    }
  }
  return frames;
}
