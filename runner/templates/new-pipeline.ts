/** Where a new pipeline finds the framework: the module specifiers of the three things it imports from it. */
export interface Imports {
  readonly pipeline: string;
  readonly task: string;
  readonly folder: string;
}

/** The text of a new pipeline that runs at once: two small tasks, the second needs the first. */
export function newPipeline(name: string, { pipeline, task, folder }: Imports): string {
  return `import { z } from 'zod';
import { pipeline } from '${pipeline}';
import { task } from '${task}';
import { folder } from '${folder}';

/** TypeScript: writes \`count\` numbers, one file each. */
const makeNumbers = task({
  name: 'make-numbers',
  inputs: { count: z.int().positive(), seed: z.int() },
  outputs: { numbers: folder },
  run: async ({ count, seed }, out, attempt) => {
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(out.numbers);
    for (let i = 0; i < count; i += 1) {
      const name = String(i).padStart(4, '0');
      await writeFile(\`\${out.numbers}/\${name}.txt\`, \`\${(i * 7919 + seed) % 100}\\n\`);
      attempt.report({ done: i + 1, total: count, unit: 'numbers' });
    }
    return { numbers: out.numbers };
  },
});

/** A program: any argument list will do, in any language. It writes its output where it is told to. */
const sortNumbers = task({
  name: 'sort-numbers',
  inputs: { numbers: folder },
  outputs: { sorted: folder },
  command: ({ numbers }, out) => ['sh', '-c', 'mkdir "$2" && sort -n "$1"/*.txt > "$2/sorted.txt"', 'sh', numbers.path, out.sorted],
});

export default pipeline(
  '${name}',
  {
    count: z.int().positive().default(20).describe('how many numbers'),
    seed: z.int().default(1).describe('where they start'),
  },
  ({ count, seed }) => {
    const { numbers } = makeNumbers({ count, seed });
    const { sorted } = sortNumbers({ numbers });
    return { sorted };
  },
  {
    description: 'Two small steps to start from.',
    profiles: { quick: { count: 3 } },
  },
);
`;
}
