import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** What a JSON file holds; undefined when there is none, when it is not whole (yet), and when it holds something else. */
export function readJson<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
