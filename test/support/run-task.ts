import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { type Artifact, isArtifact, kindOf } from '../../tasks/core/artifact.ts';

/** Files as an input of a task: described by their kind, with a digest that counts for nothing. */
export async function artifactAt<K extends string, M>(
  type: { parse: (value: unknown) => Artifact<K, M> },
  path: string,
) {
  const kind = kindOf(type);
  if (!kind) throw new Error('not a kind');
  const value = { kind: kind.name, digest: 'sha256:0', path, meta: kind.meta.parse(await kind.inspect(path)) };
  if (!isArtifact(value)) throw new Error('not an artifact');
  return type.parse(value);
}

interface Runnable {
  readonly spec: { readonly name: string; readonly outputs: object; readonly run?: unknown };
}
type Body = (inputs: unknown, out: Record<string, string>, attempt: object) => Promise<Record<string, string>>;

/** Runs a task's body in this process and gives what it returns; outputs lie in a new folder below `folder`. */
export async function runTask(task: Runnable, inputs: object, folder: string): Promise<Record<string, string>> {
  const place = mkdtempSync(join(folder, `${task.spec.name}-`));
  const out = Object.fromEntries(Object.keys(task.spec.outputs).map((name) => [name, join(place, name)]));
  const attempt = { resuming: false, scratch: place, cpus: 1, signal: new AbortController().signal, report: () => {} };
  return (task.spec.run as Body)(inputs, out, attempt);
}
