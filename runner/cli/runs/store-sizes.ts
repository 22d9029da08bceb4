import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from '../../../cache/border.ts';
import type { Digest } from '../../../cache/digest.ts';
import { artifactsIn } from '../../../cache/records.ts';
import type { Store } from '../../../cache/store.ts';

/** Results of one task, or of one run. */
export interface Share {
  records: number;
  /** Of their files; what two results share counts once. Files that stay where they lie take no room here. */
  bytes: number;
}

export interface StoreSizes {
  readonly records: number;
  readonly byTask: ReadonlyMap<string, Share>;
  readonly byRun: ReadonlyMap<string, Share>;
}

/** Who holds how much of a store. */
export async function storeSizes(store: Store): Promise<StoreSizes> {
  const byTask = new Shares();
  const byRun = new Shares();
  let records = 0;
  for await (const { recipe, provenance, outputs } of store.records.all()) {
    records += 1;
    const held = Object.values(outputs)
      .flatMap(artifactsIn)
      .filter(({ digest }) => !isAdopted(store, digest) && !store.isDropped(digest));
    byTask.add(recipe.task, held);
    byRun.add(provenance.run, held);
  }
  return { records, byTask: byTask.found, byRun: byRun.found };
}

class Shares {
  readonly found = new Map<string, Share>();
  readonly #counted = new Set<string>();

  add(name: string, held: readonly { readonly digest: Digest; readonly size: number }[]): void {
    const share = this.found.get(name) ?? { records: 0, bytes: 0 };
    this.found.set(name, share);
    share.records += 1;
    for (const { digest, size } of held) {
      const key = `${name} ${digest}`;
      if (!this.#counted.has(key)) share.bytes += size;
      this.#counted.add(key);
    }
  }
}

function isAdopted({ root }: Store, digest: Digest): boolean {
  return existsSync(join(root, 'adopted', `${nameOf(digest)}.json`));
}
