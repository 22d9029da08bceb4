import { z } from 'zod';
import { Transient } from '../pacing/retry.ts';

/** A page of a listing through its schema. One that was cut off on its way is worth asking for again. */
export function parseJson<S extends z.ZodType>(text: string, schema: S, from: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Transient(`a page of the listing of ${from} is cut off or no JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Transient(`a page of the listing of ${from} has another shape:\n${z.prettifyError(parsed.error)}`);
}
