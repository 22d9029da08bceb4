import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Artifact, isArtifact, kindOf } from '../../tasks/core/artifact.ts';
import type { Attempt, Shape, TaskSpecOf } from '../../tasks/core/spec.ts';
import { anyDigest } from './any-digest.ts';

/** Files as an input of a task: described by their kind, with a digest that counts for nothing. */
export async function artifactAt<K extends string, M>(
  type: { parse: (value: unknown) => Artifact<K, M> },
  path: string,
) {
  const kind = kindOf(type);
  if (!kind) throw new Error('not a kind');
  const value = { kind: kind.name, digest: anyDigest, path, meta: kind.meta.parse(await kind.inspect(path)) };
  if (!isArtifact(value)) throw new Error('not an artifact');
  return type.parse(value);
}

/**
 * Runs a task's body in this process, as `attempt` says: gives what it returned, and the paths of its outputs, which lie in a
 * new folder below `folder`.
 */
export async function runTask<I extends Shape, O extends Shape>(
  { spec }: { spec: TaskSpecOf<I, O> },
  inputs: z.input<z.ZodObject<I>>,
  folder: string,
  attempt: Partial<Attempt> = {},
) {
  if (!spec.run) throw new Error(`${spec.name} has no body`);
  const place = mkdtempSync(join(folder, `${spec.name}-`));
  const out = Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, join(place, name)])) as {
    [K in keyof O]: string;
  };
  const { signal } = new AbortController();
  const alone: Attempt = { resuming: false, scratch: place, cpus: 1, signal, report: () => {} };
  const values = await spec.run(z.object(spec.inputs).parse(inputs), out, { ...alone, ...attempt });
  return { out, values };
}
