import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

test('what a project says of its site changes no fingerprint', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'plain',
    `
const make = task({ name: 'make', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
export default pipeline('plain', {}, () => make({}).n);
`,
  );
  assert.equal((await project.run(['run', 'plain'])).code, 0);
  writeFileSync(join(project.folder, 'pipeline.config.ts'), 'export default { local: { cpus: 2 } };\n');
  const { stdout } = await project.run(['run', 'plain']);
  assert.match(stdout, /nothing to do/);
});
