import { z } from 'zod';

/** How a conversion keeps images: one MP4 for each camera and episode, or a PNG for each frame in the data files. */
export const imageStorage = z.enum(['video', 'image']);
export type ImageStorage = z.output<typeof imageStorage>;

export const videoCodec = z.enum(['av1', 'h264']);

/** Format of a LeRobot dataset; openpi reads v2.1. */
export const datasetVersion = z.enum(['v2.1', 'v3.0']);
