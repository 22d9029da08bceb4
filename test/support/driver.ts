import { join } from 'node:path';
import { z } from 'zod';
import { openStore } from '../../cache/store.ts';
import { buildGraph } from '../../pipelines/core/graph.ts';
import { coordinate } from '../../runner/drive/coordinator.ts';
import { LocalExecutor } from '../../runner/executors/local/local.ts';
import { builtIn } from '../../runner/site/registry.ts';
import { only } from './only.ts';
import { createRun, openLog } from '../../runner/log/run-log.ts';
import { endpoint, service, stream, task } from '../../tasks/core/task.ts';
import { folder } from '../../tasks/kinds/folder.ts';

/**
 * A driver in a process of its own, to be killed: `node driver.js STORE [hang SOCKET PUPPET | restart SOCKET PUPPET | serve SOCKET PUPPET | crash]`.
 * Runs one small graph and prints its events as JSON lines, the last of them `run-finished`.
 */
const shell = (script: string, ...args: string[]): string[] => ['sh', '-c', script, ...args];

const seeds = task({
  name: 'seeds',
  inputs: {},
  outputs: { list: z.array(z.int()) },
  command: (_, out) => shell('echo "[1,2,3]" > "$0"', out.list),
});

/** Writes its checkpoints one after the other, each from the one before, and goes on from the last. */
const train = task({
  name: 'train',
  inputs: { seed: z.int() },
  outputs: { checkpoints: stream(folder) },
  onPreempt: 'resume',
  command: ({ seed }, out) =>
    shell(
      `mkdir -p "$0" && cd "$0" && rm -rf .aside && for n in 1 2 3 4; do
         [ -d $n ] && continue
         mkdir .aside && { cat $((n - 1))/weights 2>/dev/null; echo "$1 $n"; } > .aside/weights || exit 1
         mv .aside $n
       done`,
      out.checkpoints,
      String(seed),
    ),
});

const score = task({
  name: 'score',
  inputs: { model: folder },
  outputs: { lines: z.int(), copy: folder },
  command: ({ model }, out) =>
    shell('mkdir "$1" && cp "$0/weights" "$1/seen" && wc -l < "$1/seen" > "$2"', model.path, out.copy, out.lines),
});

const gather = task({
  name: 'gather',
  inputs: { lines: z.array(z.array(z.int())) },
  outputs: { text: z.string() },
  command: ({ lines }, out) =>
    shell('printf \'"%s"\' "$1" > "$0"', out.text, lines.map((row) => row.join('-')).join(' ')),
});

const wait = task({
  name: 'wait',
  inputs: { socket: z.string() },
  outputs: { checkpoints: stream(z.object({ step: z.int() })) },
  onPreempt: 'resume',
  command: ({ socket }, out) => [process.execPath, puppet, socket, 'wait', `out:checkpoints=${out.checkpoints}`],
});

const restart = task({
  name: 'restart',
  inputs: { socket: z.string() },
  outputs: { n: z.int() },
  command: ({ socket }, out) => [process.execPath, puppet, socket, 'restart', `out:n=${out.n}`],
});

const server = service({
  name: 'server',
  inputs: { socket: z.string() },
  ready: { http: '/', withinSeconds: 30 },
  command: ({ socket }, port) => [process.execPath, puppet, socket, 'server', `port=${port}`],
});

const ask = task({
  name: 'ask',
  inputs: { server: endpoint, socket: z.string() },
  outputs: { answer: z.int() },
  command: ({ socket }) => [process.execPath, puppet, socket, 'ask'],
});

const [root = '', what = 'crash', socket = '', puppet = ''] = process.argv.slice(2);
const build = (): unknown => {
  if (what === 'hang') return wait({ socket });
  if (what === 'restart') return restart({ socket });
  if (what === 'serve') return ask({ server: server({ socket }), socket });
  const rows = seeds({}).list.each((seed) => train({ seed }).checkpoints.each((model) => score({ model })));
  return { text: gather({ lines: rows.each((row) => row.each((each) => each.at('lines'))) }).text, rows };
};

const graph = buildGraph(build());
const store = await openStore(root, { warn: (message) => process.stderr.write(`${message}\n`) });
const { run } = createRun(root);
const log = openLog(root, run);
const quiet = { info: () => undefined, error: () => undefined };
const never = new AbortController().signal;
const capacity = { cpus: 4, memoryGb: 64, gpus: [], gpuType: undefined, jobs: 4 };
const executor = new LocalExecutor(capacity, { graceMs: Number(process.env.GRACE_MS ?? 10_000) });
const session = {
  store,
  storeRoot: root,
  site: { local: {}, doors: builtIn },
  loaded: undefined as never, // nothing here comes from a file
  pipelineName: 'driver',
  root: join(root, '..'),
  points: [{ label: '', params: {} }],
  graph,
  codeOf: () => ({}),
  placeOf: (at: string) => at,
  code: { entry: '', root: '/', points: [], graph: graph.digest },
  close: () => store.close(),
};
for await (const event of coordinate(session, {
  run: log,
  executors: only(executor),
  diagnostics: quiet,
  resumed: false,
  signal: never,
  kill: never,
})) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
log.close();
await store.close();
