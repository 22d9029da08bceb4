import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, Problem } from '../../../cache/problem.ts';
import type { Slot } from './layout.ts';
import type { TrainingState } from './optimizer.ts';
import { decodeTensors, encodeTensors } from './safetensors.ts';
import { flattened, named } from './weights.ts';

/** Names with a dot are no items of the stream, so the state stays in the progress area and is never released. */
const stateFile = '.training-state.safetensors';

const vectors = ['weights', 'average', 'momentum', 'variance'] as const;

/** Saves all that a training needs to go on. The file is whole at any moment: it is written aside and renamed. */
export async function saveState(folder: string, layout: readonly Slot[], state: TrainingState): Promise<void> {
  const tensors = Object.assign({}, ...vectors.map((name) => named(layout, state[name], `${name}.`)));
  const aside = join(folder, `.tmp${stateFile}`);
  await writeFile(aside, encodeTensors({ tensors, metadata: { step: String(state.step) } }));
  await rename(aside, join(folder, stateFile));
}

/** The state that was saved last; undefined when there is none. */
export async function loadState(folder: string, layout: readonly Slot[]): Promise<TrainingState | undefined> {
  const path = join(folder, stateFile);
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined; // nothing was saved yet
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  });
  if (bytes === undefined) return undefined;
  const file = decodeTensors(bytes, path);
  const read = (name: (typeof vectors)[number]): Float32Array => flattened(layout, file, path, `${name}.`);
  return {
    step: Number(file.metadata.step),
    weights: read('weights'),
    average: read('average'),
    momentum: read('momentum'),
    variance: read('variance'),
  };
}
