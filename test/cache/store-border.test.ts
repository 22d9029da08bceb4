import assert from 'node:assert/strict';
import { chmodSync, chownSync, lstatSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../cache/store.ts';
import { otherWriters } from '../../cache/store-border.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('a store that others may write to is told of once, and again when that changes', async (t) => {
  const root = join(tempFolder(t), 'store');
  const warnings: string[] = [];
  const open = async (): Promise<number> => {
    const store = await openStore(root, { warn: (message) => warnings.push(message) });
    await store.close();
    return warnings.length;
  };
  assert.equal(await open(), 0);
  chmodSync(join(root, 'code'), 0o777);
  assert.equal(await open(), 1);
  assert.match(warnings[0] ?? '', /code may be written to by everybody/);
  assert.equal(await open(), 1);
  chmodSync(root, 0o777);
  assert.equal(await open(), 2);
});

test('another owner counts as a writer, and so does a group, unless it is the group of one user', async (t) => {
  const root = join(tempFolder(t), 'store');
  await (await openStore(root)).close();
  const self = userInfo();
  assert.equal(otherWriters(root), undefined);
  assert.match(otherWriters(root, { ...self, uid: self.uid + 1 }) ?? '', /belongs to the user with the id/);
  chmodSync(root, 0o775);
  const isOwnGroup = lstatSync(root).gid === self.uid;
  assert.equal(otherWriters(root) === undefined, isOwnGroup);
  if (self.uid !== 0) return;
  chownSync(root, 0, 1234);
  assert.match(otherWriters(root) ?? '', /group with the id 1234/);
});
