const droid = { stateFeatures: ['joint_position', 'gripper_position'], actionFeature: 'actions', deltaMask: [] };
const aloha = { stateFeatures: ['observation.state'], actionFeature: 'action', aloha: 'pi', horizon: 50 } as const;
const libero = { stateFeatures: ['state'], actionFeature: 'actions', batchSize: 32 };

/** Six joints relative to the observed state and a gripper that is absolute. */
const arm = [true, true, true, true, true, true, false];
const twoArms = [...arm, ...arm];

/**
 * What `lerobotStats` must be given for a configuration of openpi that reads LeRobot data, by its name
 * (src/openpi/training/config.py at commit 15a9616, as it resolves there).
 *
 *     lerobotStats({ dataset, ...openpiStatsSettings.pi05_droid_finetune })
 */
export const openpiStatsSettings = {
  pi05_droid_finetune: { ...droid, horizon: 16, batchSize: 32 },
  pi0_aloha_sim: { ...aloha, deltaMask: [], batchSize: 32 },
  pi0_aloha_pen_uncap: { ...aloha, deltaMask: twoArms, batchSize: 32 },
  pi05_aloha_pen_uncap: { ...aloha, deltaMask: twoArms, batchSize: 64 },
  pi0_libero: { ...libero, deltaMask: arm, horizon: 50 },
  pi0_libero_low_mem_finetune: { ...libero, deltaMask: arm, horizon: 50 },
  pi0_fast_libero: { ...libero, deltaMask: arm, horizon: 10 },
  pi0_fast_libero_low_mem_finetune: { ...libero, deltaMask: arm, horizon: 10 },
  pi05_libero: { ...libero, deltaMask: [], horizon: 10, batchSize: 256 },
} as const;
