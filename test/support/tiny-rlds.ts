import { type DeclaredFeature, type EpisodeValues, writeRlds } from '../../tasks/formats/rlds/write.ts';

/** A dataset in DROID's layout with a few features, two shards and an image that must never be read. */
export const tinyFeatures: Readonly<Record<string, DeclaredFeature>> = {
  'episode_metadata/file_path': { dtype: 'string' },
  'episode_metadata/recording_folderpath': { dtype: 'string' },
  'steps/action_dict/joint_velocity': { dtype: 'float64', shape: [7] },
  'steps/observation/wrist_image_left': { dtype: 'image', shape: [180, 320, 3] },
  'steps/is_last': { dtype: 'bool' },
  'steps/language_instruction': { dtype: 'string' },
};

export function tinyEpisode(seed: number, steps: number, imageBytes = 2_000): EpisodeValues {
  const numbers = Array.from({ length: 7 * steps }, (_, i) => Math.fround(Math.sin(seed * 31 + i)));
  return {
    'steps/observation/wrist_image_left': {
      bytes: Array.from({ length: steps }, (_, t) => Buffer.alloc(imageBytes, t % 251)),
    },
    'steps/language_instruction': { bytes: Array.from({ length: steps }, () => (seed % 2 ? '' : 'wipe the table')) },
    'episode_metadata/file_path': { bytes: [`gs://x/success/${seed}/trajectory.h5`] },
    'steps/action_dict/joint_velocity': { float: numbers },
    'steps/is_last': { int: Array.from({ length: steps }, (_, t) => (t === steps - 1 ? 1 : 0)) },
    'episode_metadata/recording_folderpath': { bytes: [`gs://x/success/${seed}/recordings/MP4`] },
  };
}

export async function writeTiny(folder: string, shards: readonly EpisodeValues[][], packed = true): Promise<void> {
  await writeRlds(folder, { name: 'droid_101', version: '0.0.1', features: tinyFeatures, shards, packed });
}
