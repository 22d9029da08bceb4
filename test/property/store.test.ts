import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openStore } from '../../cache/store.ts';
import { scanTree, treeDigest } from '../../cache/tree.ts';
import { tempFolder } from '../support/temp-folder.ts';

interface Plan {
  files: { path: string[]; content: Uint8Array; executable: boolean }[];
  folders: string[][];
  links: { name: string; target: string[] }[];
}

const part = fc.constantFrom('a', 'b', 'c-d', 'e f', 'ä', '日本', '.hidden', 'x.y', '\u{1F600}', 'Z', '~', 'q\'u"o');
const path = fc.array(part, { minLength: 1, maxLength: 4 });
const plans: fc.Arbitrary<Plan> = fc.record({
  files: fc.array(fc.record({ path, content: fc.uint8Array({ maxLength: 64 }), executable: fc.boolean() }), {
    maxLength: 12,
  }),
  folders: fc.array(path, { maxLength: 4 }),
  links: fc.array(fc.record({ name: fc.constantFrom('l1', 'l2', 'l3'), target: path }), { maxLength: 3 }),
});

test('any folder comes out of the store as it went in', async (t) => {
  const root = tempFolder(t);
  const store = await openStore(join(root, 'store'));
  t.after(() => store.close());
  await fc.assert(
    fc.asyncProperty(plans, fc.constantFrom('move' as const, 'copy' as const), async (plan, how) => {
      const [source, dest] = [join(root, 'source'), join(root, 'dest')];
      for (const folder of [source, dest]) rmSync(folder, { recursive: true, force: true });
      build(source, plan);
      const before = await scanTree(source);

      const { digest } = await store.putTree(source, { how });
      assert.equal(digest, treeDigest(before));
      store.forget();
      assert.equal(store.hasTree(digest), true);
      store.checkout(digest, dest);
      assert.deepEqual(await scanTree(dest), before);
    }),
    { numRuns: 60 },
  );
});

test('any change to a folder changes its digest', async (t) => {
  const root = tempFolder(t);
  await fc.assert(
    fc.asyncProperty(plans, plans, async (one, other) => {
      const [a, b] = [join(root, 'a'), join(root, 'b')];
      for (const folder of [a, b]) rmSync(folder, { recursive: true, force: true });
      build(a, one);
      build(b, other);
      const [first, second] = [await scanTree(a), await scanTree(b)];
      const isSame = JSON.stringify(listing(a, first)) === JSON.stringify(listing(b, second));
      assert.equal(treeDigest(first) === treeDigest(second), isSame);
    }),
    { numRuns: 60 },
  );
});

/** What a folder holds, read again without digests. */
function listing(folder: string, tree: Awaited<ReturnType<typeof scanTree>>): unknown[] {
  return tree.entries.map((entry) =>
    entry.kind === 'file' ? [entry.path, entry.executable, readFileSync(join(folder, entry.path), 'hex')] : entry,
  );
}

function build(folder: string, { files, folders, links }: Plan): void {
  mkdirSync(folder, { recursive: true });
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch {
      // A path that needs a file where a folder is, or the other way round, is left out.
    }
  };
  for (const { path: parts, content, executable } of files) {
    const at = join(folder, ...parts);
    attempt(() => mkdirSync(dirname(at), { recursive: true }));
    attempt(() => writeFileSync(at, content, { mode: executable ? 0o755 : 0o644, flag: 'wx' }));
  }
  for (const parts of folders) attempt(() => mkdirSync(join(folder, ...parts), { recursive: true }));
  for (const { name, target } of links) attempt(() => symlinkSync(join(...target), join(folder, name)));
}
