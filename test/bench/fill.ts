import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Dataflow } from '../../runner/dataflow/dataflow.ts';
import type { Output } from '../../runner/values/output.ts';
import type { KeyedCall } from '../../runner/keys/keyed-call.ts';
import { Recipes } from '../../runner/keys/recipes.ts';
import type { Session } from '../../runner/project/session.ts';
import { storedOutput } from '../../runner/values/stored.ts';

/**
 * Puts every result of one of the shapes into the store without starting a job: ten thousand processes would take
 * minutes. Returns the files of the results, as they lie in the store.
 */
export async function fill(session: Session): Promise<string[]> {
  const recipes = new Recipes(session);
  const dataflow = new Dataflow(session.graph);
  const files: string[] = [];
  for (let ready = dataflow.takeReady(); ready.length > 0; ready = dataflow.takeReady()) {
    for (const instance of ready) {
      const prepared = await recipes.key(instance);
      const { outputs, path } = await keep(session, prepared, files.length);
      files.push(path);
      dataflow.finish(instance.address, outputs);
    }
  }
  return files;
}

async function keep(
  { store }: Session,
  { fingerprint, recipe, instance }: KeyedCall,
  n: number,
): Promise<{ outputs: Record<string, Output>; path: string }> {
  const file = join(store.root, 'tmp', 'filled');
  rmSync(file, { force: true });
  writeFileSync(file, `${n}\n`);
  const { digest, size } = await store.putTree(file, { how: 'move' });
  const outputs = { file: { value: { kind: 'note', digest, path: '', size, meta: { size } } } };
  const now = new Date().toISOString();
  await store.records.set({
    format: 1,
    fingerprint,
    recipe,
    outputs: { file: storedOutput(outputs.file) },
    provenance: {
      run: 'fill',
      node: instance.label,
      host: 'bench',
      startedAt: now,
      finishedAt: now,
      seconds: 0,
      attempts: 1,
    },
  });
  const [entry] = store.readTree(digest)?.entries ?? [];
  if (entry?.kind !== 'file') throw new Error(`${file} was not kept`);
  return { outputs, path: store.blobs.pathOf(entry.digest) };
}
