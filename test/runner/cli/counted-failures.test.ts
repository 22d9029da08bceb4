import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { Driver } from '../../support/program-process.ts';

const stubborn = (folder: string): string => `
const line = 'echo started >>"$1/starts"; n=$(wc -l <"$1/starts"); ' +
  'if [ "$n" = 2 ]; then while :; do sleep 0.1; done; fi; exit 7';
const stubborn = task({
  name: 'stubborn',
  inputs: {},
  outputs: { value: z.int() },
  command: () => ['/bin/sh', '-c', line, 'sh', ${JSON.stringify(folder)}],
});
export default pipeline('stubborn', {}, () => ({ value: stubborn({}, { retries: 2 }).value }));
`;

test('a driver that is killed has counted what failed: the next goes on from there, and from the next attempt', async (t) => {
  const project = new CliProject(t);
  project.pipeline('stubborn', stubborn(project.folder));
  writeFileSync(join(project.folder, 'starts'), '');
  const starts = (): number => readFileSync(join(project.folder, 'starts'), 'utf8').split('\n').length - 1;
  const first = new Driver(project.start(['run', 'stubborn']), 'run stubborn');
  await eventually('the second attempt runs', () => starts() === 2);
  await first.kill();
  const { code, stderr } = await project.run(['resume']);
  assert.equal(code, 1, stderr);
  // One failed before; the one that was killed with its driver did not fail; two more may.
  assert.equal(starts(), 4, stderr);
});
