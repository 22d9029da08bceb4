/** What must and must not compile, held by the compiler: every `@ts-expect-error` that is not needed fails the build. */
import { z } from 'zod';
import { grid, pipeline, range } from '../../pipelines/core/pipeline.ts';
import {
  type Artifact,
  artifact,
  endpoint,
  readJson,
  type Ref,
  service,
  stream,
  task,
  type Value,
} from '../../tasks/core/task.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

const dataset = artifact('dataset', {
  meta: z.object({ fps: z.number() }),
  inspect: (path) => readJson(`${path}/info.json`, z.object({ fps: z.number() })),
});
const checkpoint = artifact('checkpoint', { meta: z.object({ step: z.int() }), inspect: async () => ({ step: 1 }) });

const fetchDataset = task({
  name: 'fetch',
  inputs: { repo: z.string() },
  outputs: { dataset },
  command: ({ repo }, out) => ['fetch', repo, out.dataset],
});
const train = task({
  name: 'train',
  inputs: { dataset, steps: z.int().default(100), seed: z.int().default(0) },
  outputs: { checkpoints: stream(checkpoint) },
  command: ({ dataset: data, steps }, out, { resuming }) => [
    'train',
    data.path,
    String(steps),
    out.checkpoints,
    String(resuming),
  ],
});
const rollout = task({
  name: 'rollout',
  inputs: { policy: checkpoint },
  outputs: { successRate: z.number() },
  run: async ({ policy }) => ({ successRate: policy.meta.step }),
});
const pickBest = task({
  name: 'pick-best',
  inputs: { scored: z.array(z.object({ policy: checkpoint, successRate: z.number() })).min(1) },
  outputs: { best: checkpoint },
  run: async ({ scored }, out) => ({ best: scored[0]?.policy ?? out.best }),
});

const { dataset: data } = fetchDataset({ repo: 'lerobot/pusht' });
const { checkpoints } = train(
  { dataset: data, steps: 5 },
  { label: 'a', resources: { gpus: 1, gpuType: 'h100' }, retries: 1 },
);

// What refs are.
holds<Equal<typeof checkpoints, Ref<Artifact<'checkpoint', { step: number }>[]>>>();
holds<Equal<Value<typeof dataset>, Artifact<'dataset', { fps: number }>>>();
const rows = checkpoints
  .filter((policy) => policy.meta.step > 5)
  .each((policy) => ({ policy, ...rollout({ policy }) }));
holds<Equal<typeof rows, Ref<{ policy: Value<typeof checkpoint>; successRate: number }[]>>>();
const steps = rows.each((row) => row.at('policy').at('meta').at('step'));
holds<Equal<typeof steps, Ref<number[]>>>();

// What may be wired.
pickBest({ scored: rows });
pickBest({ scored: range(3).map((seed) => ({ policy: pickBest({ scored: rows }).best, successRate: seed })) });
grid({ seed: [0, 1], steps: [10, 20] }).map((cell) => train({ dataset: data, ...cell }));
pipeline('fine', { seed: z.int().default(0) }, ({ seed }) => ({
  rows,
  trained: [train({ dataset: data, seed }).checkpoints],
}));
const server = service({
  name: 'server',
  inputs: { policy: checkpoint },
  ready: { http: '/healthz', withinSeconds: 5 },
  command: ({ policy }, port) => ['serve', policy.path, String(port)],
});
const over = task({
  name: 'over',
  inputs: { server: endpoint },
  outputs: { n: z.int() },
  command: ({ server: at }, out) => ['over', at.url, out.n],
});
checkpoints.each((policy) => over({ server: server({ policy }) }));

// @ts-expect-error a path is not a dataset: bring files in through a task, so that they get a digest
train({ dataset: './data/pusht' });
// @ts-expect-error a dataset is not a policy
rollout({ policy: data });
// @ts-expect-error a list of policies is not a policy: fan out with each
rollout({ policy: checkpoints });
// @ts-expect-error misspelt input
train({ dataset: data, step: 100 });
// @ts-expect-error an input without a default is missing
train({ steps: 100 });
// @ts-expect-error a number is not text
fetchDataset({ repo: 5 });
// @ts-expect-error rows lack the success rate
pickBest({ scored: checkpoints.each((policy) => ({ policy })) });
// @ts-expect-error only lists can be fanned out
data.each((item: never) => item);
// @ts-expect-error only lists can be filtered
data.filter(() => true);
// @ts-expect-error a ref has no fields of its value: point at them with at
void data.meta;
// @ts-expect-error there is no such field
data.at('frames');
// @ts-expect-error there is no such output
void train({ dataset: data }).model;
// @ts-expect-error a predicate sees real items, which have no success rate
checkpoints.filter((policy) => policy.successRate > 0.5);
// @ts-expect-error unknown option of a call
train({ dataset: data }, { retry: 3 });
// @ts-expect-error a pipeline gives refs, not values
pipeline('wrong', {}, () => ({ n: 5 }));
// @ts-expect-error unknown parameter
pipeline('p', { seed: z.int() }, () => ({ rows }))({ sed: 1 });
// @ts-expect-error an endpoint is not made by hand into a policy
over({ server: data });

// @ts-expect-error a task has a command or a body, not both
task({ name: 'both', inputs: {}, outputs: { n: z.int() }, command: () => ['x'], run: async () => ({ n: 1 }) });
// @ts-expect-error only a body has a version
task({ name: 'versioned', inputs: {}, outputs: { n: z.int() }, command: () => ['x'], version: '1' });
// @ts-expect-error arguments are text
task({ name: 'numbers', inputs: { n: z.int() }, outputs: {}, command: ({ n }) => ['x', n] });
// @ts-expect-error a body gives what it declares
task({ name: 'wrong', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 'one' }) });
// @ts-expect-error a body gives all that it declares
task({ name: 'lacking', inputs: {}, outputs: { n: z.int(), m: z.int() }, run: async () => ({ n: 1 }) });
