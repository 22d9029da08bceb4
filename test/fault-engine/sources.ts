import { pick, type Step } from './drawn-round.ts';
import { at, type World } from './world.ts';

/** So many bytes a large file has; tests lower the sizes from which on blobs are sampled. */
export const bigBytes = 200_000;
/** Numbers stay below it, so that programs of all languages add alike. */
export const modulus = 9973;
/** How many steps a training takes. */
export const trainSteps = 4;
/** Keys that are odd as names of files, in the order of a list. */
export const oddKeys = ['..', 'a/b', 'a_b', 'é'];

/** A drawn graph as a project, by path: what an author would write. */
export function sourcesOf(steps: readonly Step[], world: World, adoptedFolder: string): ReadonlyMap<string, string> {
  const note = at(world, 'comment');
  const texts: [string, string][] = [
    ['package.json', '{"type":"module"}\n'],
    ['pipelines/drawn.ts', pipelineText(steps, world, adoptedFolder)],
    ['tasks/programs.ts', programs(world)],
    ['lib/ledger.ts', ledger],
    ['lib/numbers.ts', numbers(world)],
    ['lib/shift.ts', `export const shift = (n: number): number => n + ${at(world, 'shift')};\n`],
    ['lib/score.ts', score],
    ['tasks/seen.ts', seen],
    ['tasks/word.ts', wordService(world)],
    ...[0, 1].flatMap((i): [string, string][] => [
      [`tasks/body${i}.ts`, bodyText(i, world)],
      [`lib/bend${i}.ts`, `export const bend = (n: number): number => n + ${at(world, 'bend', i)};\n`],
      [`py/step${i}.py`, pythonText(i, world)],
      [`py/lib${i}.py`, `def bend(n):\n    """Bends: ${note}."""\n    return n + ${at(world, 'pyBend', i)}\n`],
      [`data/d${i}.txt`, `${at(world, 'data', i)}\n`],
    ]),
  ];
  return new Map(texts.map(([path, text]) => [path, withComment(path, text, note)]));
}

function withComment(path: string, text: string, note: number): string {
  if (path.endsWith('.ts')) return `// Reworded ${note} times.\n${text}/* ${'and so on '.repeat(note)}*/\n`;
  return path.endsWith('.py') ? `# Reworded ${note} times.\n${text}` : text;
}

/** Every program notes down that it began, with all that its result hangs on. */
const ledger = `
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
export const inherits = ['FAULT_LEDGER', 'FAULT_PACE'];
export async function begin(...words: readonly (string | number)[]): Promise<void> {
  appendFileSync(String(process.env.FAULT_LEDGER), words.join(' ') + '\\n');
  await delay(Number(process.env.FAULT_PACE) * 1000);
}
export const begun = 'echo "$*" >> "$FAULT_LEDGER"; sleep "$FAULT_PACE"; ';
/** A shell program: what it notes down, its text, and what the text calls $A, $B and so on. */
export function program(words: readonly (string | number)[], text: string, ...names: readonly string[]): string[] {
  const named = names.map((_, i) => 'ABCDE'[i] + '="$' + (i + 1) + '"; ').join('');
  return ['sh', '-c', named + 'shift ' + names.length + '; ' + begun + text, 'sh', ...names, ...words.map(String)];
}
`;

const numbers = (world: World): string => `
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { artifact } from 'stet/task';
export const numbers = artifact('numbers', {
  meta: z.object({ first: z.int() }),
  inspect: async (path) => ({ first: Number((await readFile(path, 'utf8')).split(/\\s/, 1)[0]) + ${at(world, 'inspect')} }),
});
`;

const score = `
import { z } from 'zod';
import { task } from 'stet/task';
import { begin, inherits } from './ledger.ts';
export const makeScore = (factor: number, shift: (n: number) => number) => task({
  name: 'score',
  inputs: { n: z.int(), salt: z.int() },
  outputs: { n: z.int() },
  inherits,
  run: async ({ n, salt }) => {
    await begin('made', n, salt, factor, shift(0));
    return { n: (shift(n) * factor + salt) % ${modulus} };
  },
});
`;

/** In a module of its own: what is edited beside a body counts for it. */
const seen = `
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { task } from 'stet/task';
import { begin, inherits } from '../lib/ledger.ts';
import { numbers } from '../lib/numbers.ts';
export const seen = task({
  name: 'seen', inputs: { file: numbers, salt: z.int() }, outputs: { n: z.int() }, inherits,
  run: async ({ file, salt }) => {
    const text = readFileSync(file.path, 'utf8');
    const first = Number(text.split(/\\s/, 1)[0]);
    await begin('seen', createHash('sha256').update(text).digest('hex').slice(0, 6), file.meta.first, salt);
    return { n: (first + file.meta.first + salt) % ${modulus} };
  },
});
`;

const bodyText = (i: number, world: World): string => `
import { z } from 'zod';
import { task } from 'stet/task';
import { bend } from '../lib/bend${i}.ts';
import { begin, inherits } from '../lib/ledger.ts';
const times = ${at(world, 'times', i) + 2};
export const body${i} = task({
  name: 'body${i}',
  inputs: { n: z.int(), salt: z.int() },
  outputs: { n: z.int() },
  inherits,
  run: async ({ n, salt }) => {
    await begin('body${i}', n, salt, times, bend(0));
    return { n: (n * times + bend(salt)) % ${modulus} };
  },
});
`;

const pythonText = (i: number, world: World): string => `
import os
import sys
import time

from lib${i} import bend

TIMES = ${at(world, 'pyTimes', i) + 2}


def main():
    n, salt = int(sys.argv[1]), int(sys.argv[2])
    with open(os.environ["FAULT_LEDGER"], "a") as ledger:
        ledger.write(f"py${i} {n} {salt} {TIMES} {bend(0)}\\n")
    time.sleep(float(os.environ["FAULT_PACE"]))
    with open(sys.argv[3], "w") as out:
        out.write(str((n * TIMES + bend(salt)) % ${modulus}))


main()
`;

const wordService = (world: World): string => `
import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';
import { endpoint, service, task } from 'stet/task';
import { begin, inherits } from '../lib/ledger.ts';
export const word = service({
  name: 'word',
  inputs: {},
  ready: { http: '/', withinSeconds: 60 },
  run: async (_, port, { signal }) => {
    const server = createServer((_, response) => response.end('${at(world, 'word') + 2}')).listen(port, '127.0.0.1');
    await once(signal, 'abort');
    server.close();
  },
});
export const ask = task({
  name: 'asked',
  inputs: { server: endpoint, n: z.int(), salt: z.int() },
  outputs: { n: z.int() },
  inherits,
  run: async ({ server, n, salt }) => {
    const times = Number(await (await fetch(server.url)).text());
    await begin('asked', n, salt, times);
    return { n: (n * times + salt) % ${modulus} };
  },
});
`;

const programs = (world: World): string => `
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { keyedList, python, stream, task } from 'stet/task';
import { folder, folderInPlace } from 'stet/kinds/folder';
import { inherits, program, begin } from '../lib/ledger.ts';
import { numbers } from '../lib/numbers.ts';
const int = z.int();
const k = ${at(world, 'k')};
const one = { n: int, salt: int };
const listed = ({ n, salt }: { n: number; salt: number }): number[] => Array.from({ length: (n + salt) % 4 }, (_, i) => n + i);

export const add = task({
  name: 'add', inputs: { all: z.array(int), salt: int }, outputs: { n: int }, inherits,
  command: ({ all, salt }, out) =>
    program(['add', all.join('+'), salt, k], \`echo \${(all.reduce((a, b) => a + b, 0) + salt + k) % ${modulus}} > "$A"\`, out.n),
});
export const list = task({
  name: 'list', inputs: one, outputs: { items: z.array(int) }, inherits,
  command: (call, out) => program(['list', call.n, call.salt], \`echo "[\${listed(call)}]" > "$A"\`, out.items),
});
export const flow = task({
  name: 'flow', inputs: one, outputs: { items: stream(int) }, inherits,
  command: (call, out) =>
    program(['flow', call.n, call.salt],
      \`mkdir -p "$A"; i=8; for v in \${listed(call).join(' ')}; do echo $v > "$A/.x"; mv "$A/.x" "$A/$i"; i=$((i + 1)); sleep $FAULT_PACE; done\`,
      out.items),
});
export const pairs = task({
  name: 'pairs', inputs: one, outputs: { items: stream(int, { match: '*/*' }) }, inherits,
  command: ({ n, salt }, out) =>
    program(['pairs', n, salt],
      \`mkdir -p "$A/a" "$A/b"; for s in a b; do echo $((\${n} + \${salt})) > "$A/.x"; [ $s = b ] && echo \${n} > "$A/.x"; mv "$A/.x" "$A/$s/0"; sleep $FAULT_PACE; done\`,
      out.items),
});
export const keyed = task({
  name: 'keyed', inputs: one, outputs: { items: keyedList(z.object({ id: z.string(), v: int }), 'id') }, inherits,
  command: ({ n, salt }, out) =>
    program(['keyed', n, salt], 'printf %s "$B" > "$A"', out.items,
      JSON.stringify(${JSON.stringify(oddKeys)}.slice(0, 1 + ((n + salt) % ${oddKeys.length})).map((id, i) => ({ id, v: n + i })))),
});
/** Goes on from the lines that are there. An item is the lines so far. */
export const train = task({
  name: 'train', inputs: one, outputs: { trace: numbers, items: stream(numbers) }, inherits, onPreempt: 'resume',
  command: ({ n, salt }, out) =>
    ['sh', '-c', \`mkdir -p "$2"; while :; do
        s=$(wc -l 2>/dev/null < "$1" || echo 0)
        i=1; while [ $i -le $s ]; do [ -e "$2/ck-$i" ] || { head -n $i "$1" > "$2/.x" && mv "$2/.x" "$2/ck-$i"; }; i=$((i + 1)); done
        [ $s -ge ${trainSteps} ] && exit 0
        echo "train \${n} \${salt} $s" >> "$FAULT_LEDGER"; sleep $FAULT_PACE
        echo "\${n} $((s + 1)) \${salt}" >> "$1" || exit 1
      done\`, 'sh', out.trace, out.items],
});
export const smallFile = task({
  name: 'small-file', inputs: { n: int }, outputs: { file: numbers }, inherits,
  command: ({ n }, out) => program(['small-file', n], \`echo \${n} > "$A"\`, out.file),
});
export const bigFile = task({
  name: 'big-file', inputs: { n: int }, outputs: { file: numbers }, inherits,
  command: ({ n }, out) => program(['big-file', n], \`yes \${n} | head -c ${bigBytes} > "$A"\`, out.file),
});
export const hash = task({
  name: 'hash', inputs: { file: numbers, salt: int }, outputs: { n: int }, inherits,
  command: ({ file, salt }, out) =>
    ['sh', '-c', 'h=$(sha256sum < "$2" | cut -c1-6); echo "hash $h $3" >> "$FAULT_LEDGER"; sleep $FAULT_PACE; echo $(((0x$h + $3) % ${modulus})) > "$1"',
      'sh', out.n, file.path, String(salt)],
});
export const py = [0, 1].map((i) => task({
  name: \`py\${i}\`, inputs: one, outputs: { n: int }, inherits, code: [python(\`py/step\${i}.py\`)],
  command: ({ n, salt }, out) => ['python3', \`py/step\${i}.py\`, String(n), String(salt), out.n],
}));
export const data = [0, 1].map((i) => task({
  name: \`data\${i}\`, inputs: {}, outputs: { n: int }, inherits, code: [\`data/d\${i}.txt\`],
  command: (_, out) => ['sh', '-c', \`d=$(cat data/d\${i}.txt); echo "data\${i} $d" >> "$FAULT_LEDGER"; sleep $FAULT_PACE; echo $d > "$1"\`, 'sh', out.n],
}));
const adopt = task({
  name: 'adopt', version: '1', inputs: { path: z.string() }, outputs: { there: folderInPlace }, inherits,
  observe: async ({ path }) => readFileSync(path + '/f', 'utf8'),
  run: async ({ path }) => {
    await begin('adopt', readFileSync(path + '/f', 'utf8').trim());
    return { there: path };
  },
});
const readAdopted = task({
  name: 'read-adopted', inputs: { there: folder }, outputs: { n: int }, inherits,
  command: ({ there }, out) => ['sh', '-c', 'd=$(cat "$2/f"); echo "read-adopted $d" >> "$FAULT_LEDGER"; sleep $FAULT_PACE; echo $d > "$1"', 'sh', out.n, there.path],
});
export const adopted = (path: string) => readAdopted({ there: adopt({ path }).there }).n;
`;

/** Names of what has been made so far, by sort. */
interface Made {
  readonly values: string[];
  readonly lists: { readonly name: string; readonly holds: 'numbers' | 'rows' | 'files' }[];
  readonly files: string[];
}

function pipelineText(steps: readonly Step[], world: World, adoptedFolder: string): string {
  const made: Made = { values: ['p'], lists: [], files: [] };
  const lines = steps.flatMap((step, i) => lineOf(step, i, made, { world, adoptedFolder }));
  const results = [
    ...made.values.filter((name) => name !== 'p'),
    ...made.lists.map(({ name }) => name),
    ...made.files,
    'none: add({ all: [p], salt: 0 }).n',
  ];
  return `
import { z } from 'zod';
import { pipeline } from 'stet/pipeline';
import { adopted, add, bigFile, data, flow, hash, keyed, list, pairs, py, smallFile, train } from '../tasks/programs.ts';
import { seen } from '../tasks/seen.ts';
import { body0 } from '../tasks/body0.ts';
import { body1 } from '../tasks/body1.ts';
import { ask, word } from '../tasks/word.ts';
import { makeScore } from '../lib/score.ts';
import { shift } from '../lib/shift.ts';
export default pipeline('drawn', { p: z.int().default(0) }, ({ p }) => {
  const factor = ${at(world, 'factor') + 2};
  const server = word({});
${lines.map((line) => `  ${line}`).join('\n')}
  void [factor, server, shift, makeScore, adopted, add, bigFile, body0, body1, data, flow, hash, keyed, list, pairs, py, seen, smallFile, train, ask];
  return { all: { ${results.join(', ')} } };
});
`;
}

interface Around {
  readonly world: World;
  readonly adoptedFolder: string;
}

function lineOf(step: Step, i: number, made: Made, { adoptedFolder }: Around): string[] {
  const value = (call: string): string[] => [`const ${put(made.values, `v${i}`)} = ${call};`];
  switch (step.is) {
    case 'add':
      return value(
        `add({ all: [${step.from.map((from) => pick(made.values, from)).join(', ')}], salt: ${step.salt} }).n`,
      );
    case 'data':
      return value(`data[${step.place}]!({}).n`);
    case 'adopted':
      return value(`adopted(${JSON.stringify(adoptedFolder)})`);
    case 'file': {
      const call = `${step.isBig ? 'bigFile' : 'smallFile'}({ n: ${pick(made.values, step.from)} }).file`;
      return [`const ${put(made.files, `f${i}`)} = ${call};`];
    }
    case 'hash':
    case 'seen':
    case 'fact': {
      const file = pick(made.files, step.of);
      if (file === undefined) return [];
      return value(
        step.is === 'fact' ? `${file}.at('meta').at('first')` : `${step.is}({ file: ${file}, salt: ${step.salt} }).n`,
      );
    }
    case 'gather': {
      const list = pick(made.lists, step.list);
      if (list?.holds !== 'numbers') return [];
      return value(`add({ all: ${list.name}, salt: ${step.salt} }).n`);
    }
    case 'each': {
      const list = pick(made.lists, step.list);
      if (!list) return [];
      const some = step.isFiltered && list.holds === 'numbers' ? `${list.name}.filter((n) => n % 2 === 0)` : list.name;
      const name = `l${i}`;
      made.lists.push({ name, holds: 'numbers' });
      return [`const ${name} = ${some}.each((item) => ${eachBody(step, list.holds, i)});`];
    }
    case 'list':
    case 'flow':
    case 'pairs':
    case 'keyed':
    case 'train': {
      const [name, call] = [`l${i}`, `${step.is}({ n: ${pick(made.values, step.from)}, salt: ${step.salt} })`];
      made.lists.push({ name, holds: step.is === 'keyed' ? 'rows' : step.is === 'train' ? 'files' : 'numbers' });
      if (step.is !== 'train') return [`const ${name} = ${call}.items;`];
      return [`const { items: ${name}, trace: ${put(made.files, `f${i}`)} } = ${call};`];
    }
    default:
      return value(unaryCall(step.is, `${pick(made.values, step.from)}`, step.salt, i));
  }
}

function put(names: string[], name: string): string {
  names.push(name);
  return name;
}

function eachBody(step: Step & { is: 'each' }, holds: 'numbers' | 'rows' | 'files', i: number): string {
  if (holds === 'files') return `${step.salt % 2 === 0 ? 'hash' : 'seen'}({ file: item, salt: ${step.salt} }).n`;
  const item = holds === 'rows' ? "item.at('v')" : 'item';
  if (step.body === 'add') return `add({ all: [${item}, p], salt: ${step.salt} }).n`;
  return unaryCall(step.body, item, step.salt, i);
}

function unaryCall(is: string, n: string, salt: number, i: number): string {
  const inputs = `{ n: ${n}, salt: ${salt} }`;
  if (is === 'made') return `makeScore(factor + ${i}, shift)(${inputs}).n`;
  if (is === 'asked') return `ask({ server, n: ${n}, salt: ${salt} }).n`;
  return is.startsWith('py') ? `py[${is.slice(2)}]!(${inputs}).n` : `${is}(${inputs}).n`;
}
