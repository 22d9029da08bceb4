import { Problem } from '../../../cache/problem.ts';
import { frameSize } from '../../envs/pusht/render.ts';
import { ndarray, numbersOf } from '../../formats/msgpack-numpy/numbers.ts';
import { NdArray, type WireMap, type WireValue } from '../../formats/msgpack-numpy/values.ts';
import { type ClientOptions, PolicyClient } from '../../models/served-policy/client.ts';
import { Episode, type Trace } from './episode.ts';
import { noiseSeedOf } from './roll-out.ts';

export interface ServedJob {
  readonly server: ClientOptions;
  /** Env seeds, one per episode. */
  readonly seeds: readonly number[];
  readonly maxSteps: number;
  /** Episodes that run at once, each with a connection of its own. */
  readonly connections: number;
}

/**
 * Rolls out a policy that is served somewhere, and gives the episodes as they end, in any order. The noise seeds travel with
 * the requests, so that the episodes are those that the policy would have here.
 */
export async function* rollOutServed({ server, seeds, maxSteps, connections }: ServedJob): AsyncGenerator<Trace> {
  const left = [...seeds];
  const clients: PolicyClient[] = [];
  const runs = new Map<PolicyClient, Promise<{ client: PolicyClient; trace: Trace }>>();
  const startNext = (client: PolicyClient): void => {
    const seed = left.shift();
    runs.delete(client);
    if (seed === undefined) return;
    const run = rollOutEpisode(client, seed, maxSteps).then((trace) => ({ client, trace }));
    run.catch(() => {}); // told when it is waited for, which may be later
    runs.set(client, run);
  };
  try {
    for (let i = 0; i < Math.min(connections, seeds.length); i += 1) clients.push(await PolicyClient.connect(server));
    for (const client of clients) startNext(client);
    while (runs.size > 0) {
      const { client, trace } = await Promise.race(runs.values());
      startNext(client);
      yield trace;
    }
  } finally {
    const ended = Promise.allSettled(runs.values());
    await Promise.all(clients.map((client) => client.close()));
    await ended;
  }
}

async function rollOutEpisode(client: PolicyClient, seed: number, maxSteps: number): Promise<Trace> {
  const obsSteps = observationSteps(client.metadata);
  const episode = new Episode(seed, maxSteps);
  client.reset();
  for (let inference = 0; !episode.isOver; inference += 1) {
    const reply = await client.infer(requestFor(episode, obsSteps, noiseSeedOf(seed, inference)));
    episode.play(actionsOf(reply));
  }
  return episode.trace();
}

function observationSteps(metadata: WireMap): number {
  const steps = metadata.get('observation_steps');
  if (typeof steps === 'number') return steps;
  throw new Problem(
    'not-pusht',
    'The server does not say how many observations its policy sees: it is none for PushT.',
    {
      hint: 'Serve a checkpoint of format flow-policy/1.',
    },
  );
}

/** The newest frames of an episode, oldest first. */
function requestFor(episode: Episode, obsSteps: number, noiseSeed: number): WireMap {
  const [state, corners] = [new Float32Array(2 * obsSteps), new Float32Array(16 * obsSteps)];
  for (let i = 0; i < obsSteps; i += 1) {
    const frame = episode.frameBack(obsSteps - 1 - i);
    state.set(frame.subarray(0, 2), 2 * i);
    corners.set(frame.subarray(2, frameSize), 16 * i);
  }
  return new Map<string, WireValue>([
    ['observation/state', ndarray(state, [obsSteps, 2])],
    ['observation/environment_state', ndarray(corners, [obsSteps, 16])],
    ['noise_seed', noiseSeed],
  ]);
}

function actionsOf(reply: WireMap): Float32Array {
  const actions = reply.get('actions');
  if (actions instanceof NdArray && actions.shape.length === 2 && actions.shape[1] === 2) {
    return Float32Array.from(numbersOf(actions));
  }
  throw new Problem('not-pusht', 'The server did not reply with actions [steps, 2]: its policy is none for PushT.');
}
