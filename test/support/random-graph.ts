import fc from 'fast-check';
import { z } from 'zod';
import { type Ref, stream, task } from '../../tasks/core/task.ts';

const int = z.int();
const script = (line: string, out: string): string[] => ['sh', '-c', line, out];
export const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);

export const add = task({
  name: 'add',
  inputs: { all: z.array(int), salt: int },
  outputs: { n: int },
  command: ({ all, salt }, out) => script(`echo ${(sum(all) + salt) % 7} > "$0"`, out.n),
});
export const twice = task({
  name: 'twice',
  inputs: { n: int, salt: int },
  outputs: { n: int },
  command: ({ n, salt }, out) => script(`echo ${(2 * n + salt) % 11} > "$0"`, out.n),
});
const list = task({
  name: 'list',
  inputs: { n: int, salt: int },
  outputs: { items: z.array(int) },
  command: ({ n, salt }, out) => script(`echo "[${listOf(n, salt)}]" > "$0"`, out.items),
});
const flow = task({
  name: 'flow',
  inputs: { n: int, salt: int },
  outputs: { items: stream(int) },
  command: ({ n, salt }, out) =>
    script(
      `mkdir -p "$0"; i=8; for v in ${listOf(n, salt).join(' ')}; do echo $v > "$0/.x"; mv "$0/.x" "$0/$i"; i=$((i + 1)); done`,
      out.items,
    ),
});

export function listOf(n: number, salt: number): number[] {
  return Array.from({ length: (n + salt) % 4 }, (_, i) => n + i);
}

/** One node of a random graph; `from` and `lists` choose among the values and lists made before it. */
export type Step =
  | { kind: 'add'; from: number[]; salt: number }
  | { kind: 'twice'; from: number; salt: number }
  | { kind: 'list' | 'flow'; from: number; salt: number }
  | { kind: 'each'; list: number; salt: number; filtered: boolean; outer: boolean }
  | { kind: 'gather'; list: number; salt: number };

export const index = fc.nat(1000);
export const salt = fc.nat(3);
export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), from: fc.array(index, { maxLength: 3 }), salt }),
  fc.record({ kind: fc.constant('twice' as const), from: index, salt }),
  fc.record({ kind: fc.constantFrom('list' as const, 'flow' as const), from: index, salt }),
  fc.record({ kind: fc.constant('each' as const), list: index, salt, filtered: fc.boolean(), outer: fc.boolean() }),
  fc.record({ kind: fc.constant('gather' as const), list: index, salt }),
);

export const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

/** The graph as an author would write it. */
export function build(steps: readonly Step[]): unknown {
  const values: Ref<number>[] = [];
  const lists: Ref<number[]>[] = [];
  for (const one of steps) {
    if (one.kind === 'add')
      values.push(add({ all: one.from.flatMap((at) => pick(values, at) ?? []), salt: one.salt }).n);
    if (one.kind === 'twice') values.push(twice({ n: pick(values, one.from) ?? 1, salt: one.salt }).n);
    if (one.kind === 'list') lists.push(list({ n: pick(values, one.from) ?? 1, salt: one.salt }).items);
    if (one.kind === 'flow') lists.push(flow({ n: pick(values, one.from) ?? 1, salt: one.salt }).items);
    const over = 'list' in one ? pick(lists, one.list) : undefined;
    if (one.kind === 'gather' && over) values.push(add({ all: over, salt: one.salt }).n);
    if (one.kind !== 'each' || !over) continue;
    const some = one.filtered ? over.filter((n) => n % 2 === 0) : over;
    const beside = one.outer ? values[0] : undefined;
    lists.push(
      some.each((n) => (beside ? add({ all: [n, beside], salt: one.salt }).n : twice({ n, salt: one.salt }).n)),
    );
  }
  return { values, lists };
}
