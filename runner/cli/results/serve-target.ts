import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Digest } from '../../../cache/digest.ts';
import { Problem } from '../../../cache/problem.ts';
import type { Store } from '../../../cache/store.ts';
import { openStoreOnly } from '../../project/session.ts';
import { itemsOf, leafOf } from '../../values/results.ts';
import { describeResult } from '../../views/results.ts';
import { quoted } from '../../words/quoted.ts';
import { choosePolicy, policyKinds } from './best-policy.ts';
import { newestWith, runsOf } from './find-result.ts';
import { lend } from './lend.ts';
import type { KnownRun } from '../runs/find-run.ts';
import type { Io } from '../../views/io.ts';
import { storeOptions } from '../common/session-options.ts';

/** A policy to serve. */
export interface ServeTarget {
  readonly folder: string;
  /** Which one it is, and why. */
  readonly title: string;
  /** The command that takes it out of the store, into a folder "policy"; absent for a folder of the user's. */
  readonly takeOut?: string;
  /** Gives back what lies in the store; after it the folder may be gone. */
  release(): Promise<void>;
}

/** A checkpoint's folder, or a policy of a pipeline's newest run: the one named after a colon, else the best. */
export async function findTarget(io: Io, target: string): Promise<ServeTarget> {
  const folder = resolve(io.cwd, target);
  if (existsSync(join(folder, 'config.json')) || existsSync(join(folder, 'params'))) {
    return { folder, title: target, release: async () => {} };
  }
  if (target.includes('/') && !existsSync(folder)) {
    throw new Problem('not-servable', `There is no checkpoint at ${target}.`, {
      hint: 'Give a folder with config.json or params/, or PIPELINE[:OUTPUT].',
    });
  }
  const colon = target.indexOf(':');
  const [name, output] = colon < 0 ? [target, undefined] : [target.slice(0, colon), target.slice(colon + 1)];
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const chosen =
      output === undefined ? await bestOf(store, name, io) : namedPolicy(store, name, output, io.storeFolder);
    const lent = lend(store, 'serve');
    const takeOut = `pipeline get ${quoted(name)} ${quoted(chosen.output)} --to policy`;
    const { path: folder } = store.checkout(chosen.digest, lent.path);
    return { folder, title: chosen.title, takeOut, release: () => lent.release() };
  } finally {
    await store.close();
  }
}

interface Chosen {
  readonly digest: Digest;
  readonly title: string;
  readonly output: string;
}

async function bestOf(store: Store, name: string, io: Io): Promise<Chosen> {
  const run = newestWithResults(store, name, io.storeFolder);
  const { name: output, digest, why } = await choosePolicy(store, run);
  return { digest, output, title: `${output} of ${name}, run ${run.run}: ${why}` };
}

function namedPolicy(store: Store, name: string, output: string, storeFolder: string | undefined): Chosen {
  const { run, value } = newestWith(store, name, output, storeFolder);
  const leaf = leafOf(value);
  if (leaf && policyKinds.includes(leaf.kind)) {
    return { digest: leaf.digest as Digest, output, title: `${output} of ${name}, run ${run.run}` };
  }
  const item = itemsOf(value)?.find((one) => policyKinds.includes(leafOf(one.value)?.kind ?? ''));
  throw new Problem('not-servable', `${output} of ${name} is ${describeResult(value)}, and no checkpoint.`, {
    ...(item && { hint: `Name one of its items: pipeline serve ${quoted(`${name}:${output}.${item.key}`)}` }),
  });
}

/** The newest run of a pipeline that came to results. */
function newestWithResults(store: Store, name: string, storeFolder: string | undefined): KnownRun {
  for (const run of runsOf(store, name, storeFolder)) if (Object.keys(run.state.results).length > 0) return run;
  throw new Problem('no-policy', `No run of ${name} got as far as a policy.`, {
    hint: `pipeline run ${quoted(name)}`,
  });
}
