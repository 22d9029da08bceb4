import { messageOf, Problem } from '../../../cache/problem.ts';
import { type BackendIdentity, packageOf, portableIdentity } from './identity.ts';
import { loadNative } from './native.ts';
import { probe } from './probe.ts';
import type { Tf } from './tf.ts';
import { patchProducts } from './transposing-product.ts';
import type { BackendName, ConcreteBackend } from '../backend-name.ts';

export type { BackendIdentity } from './identity.ts';
export type { Tf } from './tf.ts';

/** A backend that works, and what it is exactly. */
export interface Backend {
  readonly tf: Tf;
  readonly identity: BackendIdentity;
}

/** What `auto` takes, the first that works. */
const autoOrder: readonly ConcreteBackend[] = ['node-gpu', 'node', 'wasm', 'cpu'];

/**
 * Loads TF.js with this backend and makes sure that it computes. Never another one in its place: a backend that cannot be
 * had is the problem `backend-unavailable`, which lists what was tried.
 */
export async function openBackend(name: BackendName): Promise<Backend> {
  const failures: string[] = [];
  for (const candidate of name === 'auto' ? autoOrder : [name]) {
    try {
      return await openProbed(candidate);
    } catch (error) {
      failures.push(`  ${candidate}: ${messageOf(error).split('\n')[0]}`);
    }
  }
  throw new Problem('backend-unavailable', `The backend "${name}" cannot be had. Tried:\n${failures.join('\n')}`, {
    hint: hintFor(name),
  });
}

/**
 * What `openBackend` would give, for a recipe. `wasm` and `cpu` are told without loading TF.js; native ones and `auto` are
 * tried.
 */
export async function describeBackend(name: BackendName): Promise<BackendIdentity> {
  if (name === 'wasm' || name === 'cpu') return portableIdentity(name);
  return (await openBackend(name)).identity;
}

async function openProbed(name: ConcreteBackend): Promise<Backend> {
  const backend = name === 'wasm' || name === 'cpu' ? await loadPortable(name) : await loadNative(name);
  const complaint = probe(backend.tf);
  if (complaint !== undefined) throw new Error(complaint);
  return backend;
}

async function loadPortable(name: 'wasm' | 'cpu'): Promise<Backend> {
  const tf = await import('@tensorflow/tfjs-core');
  tf.enableProdMode(); // without it the cpu backend advertises another one on the console
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  else await import('@tensorflow/tfjs-backend-cpu');
  // TF.js goes on with another backend when one does not start, and only says so on the console.
  if (!(await withoutListeners(() => tf.setBackend(name))) || tf.getBackend() !== name)
    throw new Error('TF.js did not start it');
  if (name === 'wasm') patchProducts(tf);
  return { tf, identity: portableIdentity(name) };
}

/** The wasm runtime listens for uncaught errors and prints its own source at each; whoever runs the process decides on those. */
async function withoutListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  const started = await start();
  events.forEach((event, i) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[i]?.has(listener)) process.removeListener(event, listener as () => void);
    }
  });
  return started;
}

function hintFor(name: BackendName): string {
  if (name === 'node' || name === 'node-gpu') {
    return `Install it: npm install ${packageOf[name]} (it downloads libtensorflow). Or leave the backend at its default: backend=wasm`;
  }
  return 'Install the packages again: npm ci';
}
