import { Problem } from '../../../cache/problem.ts';
import { nearest } from '../../core/nearest.ts';
import { type Features, featureOf } from './features.ts';
import type { Episode } from './read-record.ts';

/** Features of DROID, by the names in records. Positions in radians, gripper from 0 (open) to 1 (closed), 15 Hz. */
export const droid = {
  filePath: 'episode_metadata/file_path',
  recordingFolder: 'episode_metadata/recording_folderpath',
  /** [7] each. */
  jointPosition: 'steps/observation/joint_position',
  commandedJointPosition: 'steps/action_dict/joint_position',
  commandedJointVelocity: 'steps/action_dict/joint_velocity',
  /** [1] each. */
  gripperPosition: 'steps/observation/gripper_position',
  commandedGripperPosition: 'steps/action_dict/gripper_position',
  language: ['', '_2', '_3'].map((suffix) => `steps/language_instruction${suffix}`),
} as const;

export const jointCount = 7;

/** Refuses datasets of another shape, with all that is wrong at once. */
export function refuseOtherShape(features: Features, asked: readonly string[]): void {
  const wrong = asked.flatMap((name) => {
    const feature = features.get(name);
    if (!feature) {
      const close = nearest(name, [...features.keys()]);
      return [`it has no ${name}${close ? ` (the nearest is ${close})` : ''}`];
    }
    const width = widthOf(name);
    const shape = featureOf(features, name).shape;
    const valueCount = shape.reduce((product, length) => product * length, 1);
    return valueCount === width ? [] : [`${name} has ${valueCount} values for each step, not ${width}`];
  });
  if (wrong.length === 0) return;
  throw new Problem(
    'not-droid',
    `The dataset does not have DROID's features:\n${wrong.map((line) => `  ${line}`).join('\n')}`,
    { hint: 'Statistics of other features: droid-prepare with features={state:[NAME],actions:[NAME]}.' },
  );
}

function widthOf(name: string): number {
  return /joint_(position|velocity)$/.test(name) ? jointCount : 1;
}

/** openpi's name of an episode: `<recording_folderpath>--<file_path>`, byte for byte as in the record. */
export function episodeKey(episode: Episode): string {
  return `${textOf(episode, droid.recordingFolder)}--${textOf(episode, droid.filePath)}`;
}

/** Only the path tells success from failure; openpi wants `.*success.*` to match all of it. */
export function isSuccess(filePath: string): boolean {
  return filePath.includes('success') && !filePath.includes('\n');
}

/** A byte string of an episode as text: the first, when there is one for each step. */
export function textOf(episode: Episode, name: string): string {
  const bytes = episode.bytes[name]?.[0] ?? new Uint8Array();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const { record, shard, offset } = episode;
    throw new Problem('not-utf8', `Record ${record} of ${shard}, from byte ${offset}: "${name}" is not UTF-8.`, {
      cause,
    });
  }
}

/** Releases by the name inside, which is not the folder's. */
const releases: Readonly<Record<string, string>> = { droid_101: '1.0.1', r2d2_faceblur: '1.0.0' };

/** Throws `wrong-release` where another release is needed, for example the one that a list of ranges was made from. */
export function refuseOtherRelease(info: { name: string; version: string }, needed: string, why: string): void {
  const release = releases[info.name];
  if (release === needed) return;
  const is = release === undefined ? 'no release of DROID that is known' : `DROID ${release}`;
  throw new Problem(
    'wrong-release',
    `${why} DROID ${needed}; the dataset is ${is} ("${info.name}", ${info.version} inside).`,
    { hint: hintFor(release, needed) },
  );
}

function hintFor(release: string | undefined, needed: string): string {
  if (release === undefined) return 'Leave out `release`, and ranges that were made from a release.';
  const fetch = `Fetch gs://gresearch/robotics/droid/${needed}`;
  return needed === '1.0.1' ? `${fetch}: it also has the instructions that ${release} lacks.` : `${fetch}.`;
}
