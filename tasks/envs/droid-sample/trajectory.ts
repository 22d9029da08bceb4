import type { WrittenHdf5, WrittenHdf5Dataset } from '../../formats/hdf5/write.ts';
import type { SampleEpisode } from './episode.ts';
import { cameras, folderBelowLab, randomFor } from './facts.ts';
import { integer } from './draws.ts';
import type { Pictures } from './pictures.ts';

/** Of DROID's camera types. */
const [wristType, exteriorType] = [0n, 1n];

/** What `trajectory.h5` of an episode holds. */
export function trajectoryOf(seed: number, episode: SampleEpisode, pictures: Pictures): WrittenHdf5 {
  const { columns, facts, paused, steps, success } = episode;
  const float = (values: Float64Array): WrittenHdf5Dataset => {
    const width = values.length / steps;
    return { shape: width === 1 ? [steps] : [steps, width], values };
  };
  const flag = (isSet: (t: number) => boolean): WrittenHdf5Dataset => {
    return { shape: [steps], values: Uint8Array.from({ length: steps }, (_, t) => Number(isSet(t))) };
  };
  const state = {
    cartesian_position: float(columns.cartesianPosition),
    gripper_position: float(columns.gripperPosition),
    joint_positions: float(columns.jointPosition),
    joint_velocities: float(columns.jointVelocity),
  };
  return {
    attributes: {
      building: facts.building,
      scene_id: BigInt(facts.sceneId),
      user: facts.user,
      current_task: facts.currentTask,
      success,
      failure: !success,
      robot_serial_number: facts.robotSerial,
      time: folderBelowLab(facts, success).split('/').at(-1) ?? '',
      version_number: '1.1',
    },
    datasets: {
      ...under('action', {
        cartesian_position: float(columns.commandedCartesianPosition),
        cartesian_velocity: float(columns.commandedCartesianVelocity),
        gripper_position: float(columns.commandedGripperPosition),
        gripper_velocity: float(columns.commandedGripperVelocity),
        joint_position: float(columns.commandedJointPosition),
        joint_velocity: float(columns.commandedJointVelocity),
        target_cartesian_position: float(columns.commandedCartesianPosition),
        target_gripper_position: float(columns.commandedGripperPosition),
        ...under('robot_state', state),
      }),
      ...under('observation/robot_state', state),
      ...under(
        'observation/camera_type',
        byCamera(facts.serials, (camera) => {
          return {
            shape: [steps],
            values: new BigInt64Array(steps).fill(camera === 'wrist' ? wristType : exteriorType),
          };
        }),
      ),
      ...under(
        'observation/camera_extrinsics',
        byCamera(
          facts.serials,
          (camera) => {
            return float(Float64Array.from(Array.from({ length: steps }, (_, t) => pictures.poseOf(camera, t)).flat()));
          },
          '_left',
        ),
      ),
      ...under('observation/controller_info', {
        controller_on: flag(() => true),
        movement_enabled: flag((t) => paused[t] === 0),
        success: flag((t) => success && t === steps - 1),
        failure: flag((t) => !success && t === steps - 1),
      }),
      'observation/timestamp/skip_action': flag((t) => paused[t] === 1),
      ...under('observation/timestamp/control', timesOf(seed, episode)),
    },
  };
}

function byCamera(
  serials: SampleEpisode['facts']['serials'],
  dataset: (camera: (typeof cameras)[number]) => WrittenHdf5Dataset,
  suffix = '',
): Record<string, WrittenHdf5Dataset> {
  return Object.fromEntries(cameras.map((camera) => [`${serials[camera]}${suffix}`, dataset(camera)]));
}

function under(
  group: string,
  members: Readonly<Record<string, WrittenHdf5Dataset>>,
): Record<string, WrittenHdf5Dataset> {
  return Object.fromEntries(Object.entries(members).map(([name, dataset]) => [`${group}/${name}`, dataset]));
}

/** Milliseconds since 1970; a step takes 1/15 s, give or take. */
function timesOf(seed: number, { index, steps, facts }: SampleEpisode): Record<string, WrittenHdf5Dataset> {
  const random = randomFor(seed, index, 'times');
  const start = new BigInt64Array(steps);
  let now = facts.startMs;
  for (let t = 0; t < steps; t += 1) {
    start[t] = BigInt(now);
    now += 64 + integer(random, 6);
  }
  const after = (milliseconds: bigint): WrittenHdf5Dataset => ({
    shape: [steps],
    values: start.map((time) => time + milliseconds),
  });
  return {
    step_start: after(0n),
    policy_start: after(31n),
    sleep_start: after(33n),
    control_start: after(60n),
    step_end: after(62n),
  };
}
