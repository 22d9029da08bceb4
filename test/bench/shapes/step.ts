import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { artifact, task } from '../../../tasks/core/task.ts';

const note = artifact('note', {
  meta: z.object({ size: z.int() }),
  inspect: async (path) => ({ size: (await stat(path)).size }),
});

/** Writes its number into a file. */
export const step = task({
  name: 'step',
  inputs: { n: z.int(), after: z.array(note).default([]) },
  outputs: { file: note },
  command: ({ n }, out) => ['/bin/sh', '-c', 'echo "$1" > "$2"', 'sh', String(n), out.file],
});

/** Puts files together into one. */
export const gather = task({
  name: 'gather',
  inputs: { files: z.array(note) },
  outputs: { file: note },
  command: ({ files }, out) => ['/bin/sh', '-c', 'echo "$1" > "$2"', 'sh', String(files.length), out.file],
});
