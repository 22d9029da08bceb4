import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { refuseFailure, startFfmpeg } from './ffmpeg.ts';
import { refusePointer } from './refuse-pointer.ts';

export interface VideoFacts {
  /** Canonical name: `av1`, `h264`, `hevc`, `mpeg4`. */
  readonly codec: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  readonly fps: number;
  readonly frameCount: number;
  /** Of the container: what LeRobot takes as the length of an episode inside a shared file. */
  readonly durationSeconds: number;
  readonly hasAudio: boolean;
}

const VideoStream = z.object({
  codec_type: z.literal('video'),
  codec_name: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  pix_fmt: z.string(),
  avg_frame_rate: z.string(),
  nb_frames: z.string().optional(),
  nb_read_packets: z.string().optional(),
});
const Probed = z.object({
  streams: z.array(z.looseObject({ codec_type: z.string().optional() })),
  format: z.object({ duration: z.string().optional() }),
});

/** What ffprobe says of the first video in a file. */
export async function probeVideo(path: string): Promise<VideoFacts> {
  await refusePointer(path);
  const fromIndex = await probe(path, []);
  return fromIndex.frameCount > 0 ? fromIndex : await probe(path, ['-count_packets']); // not every container counts
}

async function probe(path: string, extra: readonly string[]): Promise<VideoFacts> {
  const args = ['-v', 'error', '-print_format', 'json', '-show_streams', '-show_format', ...extra, path];
  const ended = await startFfmpeg('ffprobe', args, { stdin: 'ignore' });
  refuseFailure('ffprobe', path, ended);
  try {
    return factsOf(Probed.parse(JSON.parse(ended.stdout)));
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new Problem('video-damaged', `Cannot tell what video ${path} holds: ${what}`, { cause });
  }
}

function factsOf({ streams, format }: z.infer<typeof Probed>): VideoFacts {
  const stream = streams.find(({ codec_type }) => codec_type === 'video');
  if (!stream) throw new Error('it has no video stream');
  const video = VideoStream.parse(stream);
  const [frames = 0, seconds = 1] = video.avg_frame_rate.split('/').map(Number);
  return {
    codec: video.codec_name,
    width: video.width,
    height: video.height,
    pixelFormat: video.pix_fmt,
    fps: frames / (seconds || 1),
    frameCount: Number(video.nb_frames ?? video.nb_read_packets ?? 0),
    durationSeconds: Number(format.duration ?? 0),
    hasAudio: streams.some(({ codec_type }) => codec_type === 'audio'),
  };
}

/** The `info` of a video feature in LeRobot's `info.json`. `channels` by pixel format: grey ones have one. */
export function lerobotVideoInfo(facts: VideoFacts) {
  return {
    'video.height': facts.height,
    'video.width': facts.width,
    'video.codec': facts.codec,
    'video.pix_fmt': facts.pixelFormat,
    'video.is_depth_map': false,
    'video.fps': Math.trunc(facts.fps),
    'video.channels': facts.pixelFormat.startsWith('gray') ? 1 : 3,
    has_audio: facts.hasAudio,
  };
}
