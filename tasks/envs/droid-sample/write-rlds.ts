import { jpegEncoder } from '../../formats/jpeg/encode.ts';
import { type EpisodeValues, writeRlds } from '../../formats/rlds/write.ts';
import type { Attempt } from '../../core/spec.ts';
import { type SampleEpisode, simulate } from './episode.ts';
import { type Camera, cameras, randomFor } from './facts.ts';
import { amplitudeFor, Grain } from './grain.ts';
import { Pictures } from './pictures.ts';
import { droidFeatures, pictureSize, valuesOf } from './rlds-values.ts';

export interface SampleRlds {
  readonly episodes: number;
  /** Control steps of an episode on average. */
  readonly meanSteps: number;
  readonly shards: number;
  /** About, for each picture. */
  readonly imageBytes?: number | undefined;
  readonly seed: number;
}

/** Writes a TFDS folder in the shape of DROID 1.0.1. Memory is that of one episode. */
export async function writeSampleRlds(
  folder: string,
  plan: SampleRlds,
  { signal, report }: Pick<Attempt, 'signal' | 'report'>,
): Promise<void> {
  const encode = pictureEncoder(plan);
  const shards = Array.from({ length: plan.shards }, (_, shard) => episodesOf(shard));
  await writeRlds(folder, { name: 'droid_101', version: '0.0.1', features: droidFeatures, shards });

  function* episodesOf(shard: number): Generator<EpisodeValues> {
    const first = Math.floor((shard * plan.episodes) / plan.shards);
    const end = Math.floor(((shard + 1) * plan.episodes) / plan.shards);
    for (let index = first; index < end; index += 1) {
      signal.throwIfAborted();
      const episode = simulate({ ...plan, index });
      yield valuesOf(episode, encode(episode));
      report({ done: index + 1, total: plan.episodes, unit: 'episodes' });
    }
  }
}

const quality = 85;

/** Gives a function from an episode to the JPEGs of all its steps. A picture in which nothing moved is the one before. */
function pictureEncoder({ seed, meanSteps, imageBytes }: SampleRlds) {
  const encode = jpegEncoder(quality);
  const grain = imageBytes === undefined ? undefined : grainFor(imageBytes);

  return (episode: SampleEpisode): Readonly<Record<Camera, readonly Buffer[]>> => {
    const pictures = new Pictures(seed, episode, pictureSize);
    const jpegs: Record<Camera, Buffer[]> = { exterior1: [], exterior2: [], wrist: [] };
    for (const camera of cameras) {
      for (const [t, { unchanged }] of episode.moments.entries()) {
        const before = jpegs[camera].at(-1);
        jpegs[camera].push(unchanged && before ? before : take(pictures, camera, t, grain));
      }
    }
    return jpegs;
  };

  function take(pictures: Pictures, camera: Camera, t: number, added: Grain | undefined): Buffer {
    const canvas = pictures.draw(camera, t);
    added?.addTo(canvas, t);
    return encode(canvas);
  }

  function grainFor(bytes: number): Grain {
    const grainOf = (amplitude: number): Grain => {
      const pictureBytes = 3 * pictureSize.width * pictureSize.height;
      return new Grain(randomFor(seed, -1, 'look'), { pictureBytes, amplitude });
    };
    const pictures = new Pictures(seed, simulate({ seed, meanSteps, index: 0 }), pictureSize);
    const amplitude = amplitudeFor(bytes, (tried) => {
      const sizes = cameras.map((camera) => take(pictures, camera, 0, grainOf(tried)).length);
      return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    });
    return grainOf(amplitude);
  }
}
