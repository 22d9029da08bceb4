import type { BackendName } from '../../models/backend-name.ts';
import { readConfig } from '../../models/arm-policy/checkpoint.ts';
import { armWidth } from '../../models/arm-policy/frames.ts';
import { loadArmPolicy } from '../../models/arm-policy/policy.ts';
import type { Servable } from './servable.ts';

/** A policy for DROID's arm: the keys, and the empty metadata, of openpi's DROID configurations. Images are passed over. */
export async function armPolicy(folder: string, backend: BackendName): Promise<Servable> {
  const { step, architecture, actionSpace } = await readConfig(folder);
  return {
    contract: {
      title: `arm-policy/1, step ${step}, ${actionSpace}`,
      metadata: new Map(),
      keys: [
        { name: 'observation/joint_position', shapes: [[armWidth - 1]], meaning: 'radians' },
        { name: 'observation/gripper_position', shapes: [[1], []], meaning: '0 open to 1 closed' },
      ],
      actionShape: [architecture.horizon, armWidth],
    },
    load: async () => {
      const policy = await loadArmPolicy(folder, { backend });
      return { act: policy.act, dispose: policy.dispose };
    },
  };
}
