import { Problem } from '../../cache/problem.ts';
import { imageFacts } from '../formats/image/image-facts.ts';
import { Shard } from '../formats/tfrecord/shard.ts';
import type { VideoCodec } from '../formats/video/encode.ts';
import type { CameraFrames } from './camera-frames.ts';
import type { ImageStorage } from './image-storage.ts';
import { digestRecord, type SpanInShard } from './rlds-digests.ts';
import type { RldsMapping } from './rlds-mapping.ts';
import { readMapped } from './rlds-record.ts';
import { writePart } from './write-part.ts';

export interface RldsEpisode {
  readonly record: string;
  readonly task: string;
  readonly mapping: RldsMapping;
  readonly images: ImageStorage;
  readonly codec: VideoCodec;
  readonly shard: { readonly path: string };
  readonly place: SpanInShard;
}

export async function writeRldsEpisode(path: string, episode: RldsEpisode, scratch: string): Promise<void> {
  const { task, mapping, images, codec, place } = episode;
  const shard = new Shard(episode.shard.path);
  try {
    refuseOtherRecord(shard, episode);
    const { steps, numbers, readImages } = readMapped(shard, place, mapping);
    const cameras = Object.fromEntries(
      Object.keys(mapping.images).map((name) => [name, cameraOf(name, readImages(name))]),
    );
    const { fps, robotType } = mapping;
    await writePart(path, { task, length: steps, fps, robotType, cameras, numbers }, { images, codec, scratch });
  } finally {
    shard.close();
  }
}

/** `place` is only where the record was: what is there now must still be that record. */
function refuseOtherRecord(shard: Shard, { record, place }: RldsEpisode): void {
  const framing = 12;
  const fits = place.start + place.length + 4 <= shard.size;
  const recordThere = fits
    ? digestRecord(shard, { shard: shard.name, offset: place.start - framing, ...place })
    : 'nothing: it ends before';
  if (recordThere === record) return;
  throw new Problem(
    'record-changed',
    `Record ${place.record} of ${shard.name} should be ${record}; there is ${recordThere}.`,
    { hint: 'The dataset changed since it was listed: run again.' },
  );
}

function cameraOf(name: string, files: readonly Uint8Array[]): CameraFrames {
  const facts = files.map((file, step) => imageFacts(file, `Image ${step} of "${name}"`));
  const [first, ...others] = facts;
  const differingIndex = others.findIndex(({ of, width, height }) => {
    return of !== first?.of || width !== first.width || height !== first.height;
  });
  if (first !== undefined && differingIndex < 0) {
    const { of, width, height } = first;
    return { size: { width, height }, length: files.length, files, of };
  }
  throw new Problem(
    'images-differ',
    `Image ${differingIndex + 1} of "${name}" has another size or format than the first.`,
  );
}
