import { isDigest } from '../../cache/digest.ts';
import { artifactsIn, type NodeRecord } from '../../cache/records.ts';
import type { Store } from '../../cache/store.ts';
import type { Output } from './output.ts';
import { outputFrom } from './stored.ts';

/** Whether all that a record names is in the store. A record that is not whole is a miss. */
export function isWhole(store: Store, { outputs }: Pick<NodeRecord, 'outputs'>): boolean {
  return Object.values(outputs).every((json) =>
    artifactsIn(json).every(({ digest }) => isDigest(digest) && store.hasTree(digest)),
  );
}

export function outputsOf({ outputs }: NodeRecord): Record<string, Output> {
  return Object.fromEntries(Object.entries(outputs).map(([name, json]) => [name, outputFrom(json)]));
}
