import { z } from 'zod';
import { pipeline, range } from '../../../pipelines/core/pipeline.ts';
import { task, uncounted } from '../../../tasks/core/task.ts';

/** Waits for a lock: a thousand that look for a file now and then would be a load of their own. */
const wait = task({
  name: 'wait',
  inputs: { n: z.int(), gate: uncounted(z.string()) },
  outputs: { waited: z.int() },
  command: ({ n, gate }, out) => [
    '/bin/sh',
    '-c',
    'flock --shared "$2" true; echo "$1" > "$3"',
    'sh',
    String(n),
    gate,
    out.waited,
  ],
});

/** Jobs that run until they are let go. */
export default pipeline('waiting', { n: z.int().positive(), gate: z.string() }, ({ n, gate }) => ({
  waited: range(n).map((i) => wait({ n: i, gate }).waited),
}));
