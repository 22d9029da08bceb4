import assert from 'node:assert/strict';
import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../../../cache/store.ts';
import { lockRun, ownLog } from '../../../../runner/cli/driving/driver-lock.ts';
import { createRun, openLog, readEvents } from '../../../../runner/log/run-log.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

test('a driver whose run another took over, while it stood still, writes no more to its log', async (t) => {
  const store = await openStore(tempFolder(t));
  t.after(() => store.close());
  const { run, folder } = createRun(store.root);
  const lock = await lockRun(store.root, run, { patient: false, say: () => {} });
  assert.ok(lock);
  const opened = openLog(store.root, run);
  t.after(() => opened.close());
  const log = ownLog(opened, lock);
  const event = { time: '2026-01-01T00:00:00.000Z', type: 'warning', message: 'hello' } as const;
  log.append(event);

  const locks = join(store.root, 'locks');
  const own = readdirSync(locks).find((name) => name !== 'claims') ?? '';
  writeFileSync(
    join(locks, 'new'),
    `${JSON.stringify({ owner: 'another', token: 'x', pid: 1, host: 'there' })}\n000000000001`,
  );
  renameSync(join(locks, 'new'), join(locks, own));
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 });
  assert.throws(() => log.append(event), { code: 'run-taken-over' });
  assert.equal(readEvents(folder).length, 1);
});
