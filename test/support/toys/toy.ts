import { z } from 'zod';
import { pipeline } from '../../../pipelines/core/pipeline.ts';
import { stream, task } from '../../../tasks/core/task.ts';
import { folder } from '../../../tasks/kinds/folder.ts';

/** Writes `count` numbered files, one after the other. */
const count = task({
  name: 'count',
  inputs: { count: z.int().positive(), from: z.int().default(0) },
  outputs: { numbers: stream(z.object({ n: z.int() })), all: folder },
  run: async (inputs, out, attempt) => {
    const { mkdir, rename, writeFile } = await import('node:fs/promises');
    await mkdir(out.numbers, { recursive: true });
    await mkdir(out.all);
    for (let i = 0; i < inputs.count; i += 1) {
      await writeFile(`${attempt.scratch}/n`, JSON.stringify({ n: inputs.from + i }));
      await rename(`${attempt.scratch}/n`, `${out.numbers}/${i}`);
      await writeFile(`${out.all}/${i}.txt`, `${inputs.from + i}\n`);
      attempt.report({ done: i + 1, total: inputs.count, unit: 'numbers' });
    }
    return { numbers: [], all: out.all };
  },
});

const square = task({
  name: 'square',
  inputs: { number: z.object({ n: z.int() }) },
  outputs: { squared: z.int() },
  run: async ({ number }) => ({ squared: number.n * number.n }),
});

const sum = task({
  name: 'sum',
  inputs: { squares: z.array(z.int()), all: folder },
  outputs: { total: z.int(), list: folder },
  command: ({ squares, all }, out) => [
    'sh',
    '-c',
    'cp -r "$1" "$2" && total=0 && shift 3 && for n in "$@"; do total=$((total + n)); done && echo "$total" > "$0"',
    out.total,
    all.path,
    out.list,
    '-',
    ...squares.map(String),
  ],
});

export default pipeline('toy', { count: z.int().default(3), from: z.int().default(1) }, ({ count: n, from }) => {
  const { numbers, all } = count({ count: n, from });
  return sum({ squares: numbers.each((number) => square({ number }).squared), all });
});
