import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { artifact, Problem } from '../../tasks/core/task.ts';

/** A file of text: its meta is its length, and what holds `broken` is none. */
export const textKind = artifact('text', {
  meta: z.object({ length: z.int() }),
  inspect: async (path) => {
    const text = readFileSync(path, 'utf8');
    if (text.includes('broken')) throw new Problem('no-text', 'it says that it is broken', { hint: 'Write another.' });
    return { length: text.length };
  },
});
