import { z } from 'zod';
import { pipeline, range } from '../../../pipelines/core/pipeline.ts';
import { task, uncounted } from '../../../tasks/core/task.ts';

/** Waits until a file is there; looks every few seconds, so that a thousand of them leave the machine its breath. */
const wait = task({
  name: 'wait',
  inputs: { n: z.int(), gate: uncounted(z.string()) },
  outputs: { waited: z.int() },
  command: ({ n, gate }, out) => [
    '/bin/sh',
    '-c',
    'while [ ! -e "$2" ]; do sleep 3; done; echo "$1" > "$3"',
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
