import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ServiceNode } from '../../../tasks/core/node.ts';
import { pointer } from '../../../tasks/core/ref.ts';
import { openpiServer } from '../../../tasks/serve/openpi-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinyArmPolicy } from './tiny-policy.ts';
import { artifactAt } from '../../support/run-task.ts';
import { openpiCheckpoint } from '../../../tasks/kinds/openpi-checkpoint.ts';

test("openpi's server is started with its options in the order that it needs", async (t) => {
  const folder = tempFolder(t);
  await rename(await tinyArmPolicy(folder), join(folder, '99'));
  const policy = await artifactAt(openpiCheckpoint, join(folder, '99'));
  const given = { openpi: '/somewhere/openpi', config: 'pi05_droid', policy, defaultPrompt: 'tidy up; now' };
  const node = pointer(openpiServer(given)).node as ServiceNode;
  assert.deepEqual(node.spec.command?.(given, 8123), [
    ...['uv', 'run', 'scripts/serve_policy.py', '--port=8123', '--default-prompt=tidy up; now'],
    ...['policy:checkpoint', '--policy.config=pi05_droid', `--policy.dir=${policy.path}`],
  ]);
});
