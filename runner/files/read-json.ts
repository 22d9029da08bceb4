import type { z } from 'zod';
import { readRegular } from '../../cache/regular-file.ts';

/** What a JSON file holds; undefined when there is none, when it is no file or not whole (yet), and when it holds something else. */
export function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readRegular(path))).data;
  } catch {
    return undefined;
  }
}
