import { z } from 'zod';
import { openBackend } from '../../tasks/models/backend/open-backend.ts';
import type { ConcreteBackend } from '../../tasks/models/backend-name.ts';
import { featureWidth } from '../../tasks/models/flow-policy/features.ts';
import { layoutFor } from '../../tasks/models/flow-policy/flow.ts';
import type { Samples } from '../../tasks/models/flow/batches.ts';
import { initialState, trainer } from '../../tasks/models/flow/trainer.ts';
import { randomOf } from '../../tasks/models/random.ts';
import { trainFlowPolicy } from '../../tasks/train/flow-policy.ts';
import { median, milliseconds } from './measure.ts';
import { ms, printTable } from './table.ts';

const backends: readonly ConcreteBackend[] = ['wasm', 'cpu', 'node', 'node-gpu'];
const turns = 5;
/** How long each turn of a backend is, about. */
const turnMs = 2000;

/** Optimizer steps of the flow policy in its usual size, per backend, by turns. */
export async function benchTrain(): Promise<void> {
  const stepOf = new Map<ConcreteBackend, number[]>();
  const absent: ConcreteBackend[] = [];
  for (const name of backends)
    await openBackend(name).then(
      () => stepOf.set(name, []),
      () => absent.push(name),
    );
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [name, steps] of stepOf) steps.push(await stepMs(name));
  }
  const cpu = median(stepOf.get('cpu') ?? []);
  const rows = [...stepOf].map(([name, steps]) => {
    const one = median(steps);
    return [name, ms(one), (1000 / one).toFixed(1), (cpu / one).toFixed(1)];
  });
  printTable(
    'flow policy, training',
    ['backend', 'a step', 'steps per second', 'times cpu'],
    [...rows, ...absent.map((name) => [name, 'not installed', '', ''])],
  );
}

/** Median milliseconds of a step, those before everything is warm left out. */
async function stepMs(name: ConcreteBackend): Promise<number> {
  const backend = await openBackend(name);
  const { dataset: _dataset, stats: _stats, ...shape } = trainFlowPolicy.spec.inputs;
  const settings = z.object(shape).parse({});
  const [layout, { timeFeatures }] = [layoutFor(settings), settings];
  const train = trainer(backend, { samples: someSamples(settings), layout, timeFeatures, settings });
  const state = initialState(layout, settings.seed);
  const steps: number[] = [];
  for (const start = performance.now(); performance.now() - start < turnMs || steps.length < 4; ) {
    steps.push(await milliseconds(() => train(state)));
  }
  return median(steps.slice(2));
}

/** As large as the sample dataset; what the numbers are does not change how long a step takes. */
function someSamples({ obsSteps, horizon }: { obsSteps: number; horizon: number }): Samples {
  const count = 25_000;
  const random = randomOf(1);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.uniform() - 0.5);
  return { count, features: draw(count * featureWidth(obsSteps)), chunks: draw(count * horizon * 2) };
}
