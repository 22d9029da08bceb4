import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** An empty folder that is gone when the test ends. */
export function tempFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'stet-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
