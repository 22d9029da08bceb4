import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ndarray } from '../../tasks/formats/msgpack-numpy/numbers.ts';
import { encode } from '../../tasks/formats/msgpack-numpy/encode.ts';
import type { WireMap, WireValue } from '../../tasks/formats/msgpack-numpy/values.ts';
import { layoutOf, sizeOf } from '../../tasks/models/flow/layout.ts';
import { writeCheckpoint } from '../../tasks/models/flow-policy/checkpoint.ts';
import { inputWidth } from '../../tasks/models/flow-policy/flow.ts';
import { loadPolicy } from '../../tasks/models/flow-policy/policy.ts';
import { randomOf } from '../../tasks/models/random.ts';
import { PolicyClient } from '../../tasks/models/served-policy/client.ts';
import { openLink } from '../../tasks/models/served-policy/link.ts';
import { trainFlowPolicy } from '../../tasks/train/flow-policy.ts';
import { inTemporaryFolder, median } from './measure.ts';
import { ms, printTable } from './table.ts';

const turns = 4;
const requestsPerTurn = 300;
const clientCounts = [1, 4, 16, 64];
const throughputSeconds = 3;

/** A policy in its usual size, served: against its own inference and a loopback echo, and with and without batches. */
export async function benchServe(): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const children: ChildProcess[] = [];
    const start = async (name: string, ...args: string[]): Promise<string> => {
      const program = fileURLToPath(new URL(`./floors/${name}.js`, import.meta.url));
      const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return line.toString().trim();
    };
    try {
      const policy = await usualPolicy(folder);
      await benchLatency(policy, start);
      await benchThroughput(policy, start);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });
}

type Start = (name: string, ...args: string[]) => Promise<string>;

async function benchLatency(policy: UsualPolicy, start: Start): Promise<void> {
  const request = requestFor(policy, 1);
  const here = await loadPolicy(policy.folder, { backend: 'wasm' });
  const observation = new Float32Array(policy.obsSteps * 18).fill(200);
  const client = await PolicyClient.connect({ url: await start('policy-server', policy.folder, '64') });
  const replyBytes = String(encode(await client.infer(request)).length);
  const echo = await openLink(await start('echo-server', replyBytes), { apiKey: undefined, timeoutSeconds: 10 });
  const frame = encode(request);

  const [own, echoed, served]: number[][] = [[], [], []];
  for (let turn = 0; turn < turns; turn += 1) {
    for (let i = 0; i < requestsPerTurn; i += 1) {
      own?.push(await timed(() => here.act(observation, 1, [1])));
      echoed?.push(await timed(() => echo.exchange(frame, 10)));
      served?.push(await timed(() => client.infer(request)));
    }
  }
  here.dispose();
  await Promise.all([client.close(), echo.close()]);
  const row = (name: string, times: number[] = []) => [name, ms(median(times)), ms(quantile(times, 0.99))];
  printTable(
    'one client of a served policy',
    ['what', 'p50', 'p99'],
    [row("the policy's own inference", own), row('loopback echo', echoed), row('served', served)],
  );
  const floor = median(own ?? []) + median(echoed ?? []);
  console.log(`\nServed against the sum of the other two, p50: ${(median(served ?? []) / floor).toFixed(2)} times`);
}

async function benchThroughput(policy: UsualPolicy, start: Start): Promise<void> {
  const rows: string[][] = [];
  const urls = {
    batched: await start('policy-server', policy.folder, '64'),
    single: await start('policy-server', policy.folder, '1'),
  };
  for (const count of clientCounts) {
    const single = await repliesPerSecond(urls.single, policy, count);
    const batched = await repliesPerSecond(urls.batched, policy, count);
    rows.push([String(count), single.toFixed(0), batched.toFixed(0), (batched / single).toFixed(1)]);
  }
  printTable('throughput', ['clients', 'one at a time, per second', 'in batches, per second', 'times'], rows);
}

async function repliesPerSecond(url: string, policy: UsualPolicy, count: number): Promise<number> {
  const clients = await Promise.all(Array.from({ length: count }, () => PolicyClient.connect({ url })));
  const end = performance.now() + 1000 * throughputSeconds;
  const request = requestFor(policy, 1);
  const replies = await Promise.all(
    clients.map(async (client) => {
      let count = 0;
      for (; performance.now() < end; count += 1) await client.infer(request);
      await client.close();
      return count;
    }),
  );
  return replies.reduce((sum, count) => sum + count, 0) / throughputSeconds;
}

interface UsualPolicy {
  readonly folder: string;
  readonly obsSteps: number;
}

/** Made-up weights in the sizes that `trainFlowPolicy` has by default. */
async function usualPolicy(folder: string): Promise<UsualPolicy> {
  const { dataset: _dataset, stats: _stats, ...shape } = trainFlowPolicy.spec.inputs;
  const settings = z.object(shape).parse({});
  const { horizon, obsSteps } = settings;
  const layout = layoutOf(settings, inputWidth(settings), 2 * horizon);
  const random = randomOf(1);
  const weights = Float32Array.from({ length: sizeOf(layout) }, () => (random.uniform() - 0.5) / 20);
  const limits = (width: number) => ({
    min: new Array<number>(width).fill(0),
    max: new Array<number>(width).fill(512),
  });
  const path = join(folder, 'policy');
  const { actionSteps, hidden, inner, blocks, timeFeatures, flowSteps, noiseScale } = settings;
  await writeCheckpoint(
    path,
    {
      format: 'flow-policy/1',
      step: 0,
      architecture: { obsSteps, horizon, actionSteps, hidden, inner, blocks, timeFeatures },
      normalisation: {
        observation: limits(18),
        action: limits(2),
        actionScale: new Array<number>(horizon).fill(80),
      },
      flowSteps,
      noiseScale,
      backend: { backend: 'wasm', tfjs: '4.22.0', patch: 0, dtype: 'float32' },
    },
    weights,
  );
  return { folder: path, obsSteps };
}

function requestFor({ obsSteps }: UsualPolicy, noiseSeed: number): WireMap {
  return new Map<string, WireValue>([
    ['observation/state', ndarray(new Float32Array(2 * obsSteps).fill(200), [obsSteps, 2])],
    ['observation/environment_state', ndarray(new Float32Array(16 * obsSteps).fill(200), [obsSteps, 16])],
    ['noise_seed', noiseSeed],
  ]);
}

async function timed(body: () => unknown): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}
