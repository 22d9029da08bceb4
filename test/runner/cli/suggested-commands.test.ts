import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { addThenDouble, CliProject, type CliResult, startProgram } from '../../support/cli.ts';
import { eventually } from '../../support/eventually.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const failing = `
const boom = task({ name: 'boom', inputs: {}, outputs: { n: z.int() }, command: () => ['sh', '-c', 'echo it broke; exit 3'] });
export default pipeline('fails', {}, () => boom({}));
`;
const slow = `
const wait = task({ name: 'wait', inputs: {}, outputs: { n: z.int() }, command: (_, out) => ['sh', '-c', 'sleep 60; echo 1 > "$0"', out.n] });
export default pipeline('slow', {}, () => wait({}));
`;

/** A project, a store elsewhere with a blank in its name, and a person who stands in a third folder. */
class Scene {
  readonly project: CliProject;
  readonly store: string;
  readonly cwd: string;

  constructor(t: TestContext) {
    this.project = new CliProject(t);
    this.project.pipeline('sums', addThenDouble);
    this.project.pipeline('fails', failing);
    this.project.pipeline('slow', slow);
    this.store = join(tempFolder(t), 'my store');
    this.cwd = tempFolder(t);
  }

  file(name: string): string {
    return join(this.project.folder, 'pipelines', `${name}.ts`);
  }

  run(...args: string[]): Promise<CliResult> {
    return this.at(...args, '--store', this.store);
  }

  /** As it was typed. */
  async at(...args: string[]): Promise<CliResult> {
    const child = startProgram(args, { cwd: this.cwd, env: {} });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  }
}

/** Commands in what was printed that could be pasted: words in capitals stand for what a person must put there. */
function suggestedIn({ stdout, stderr }: CliResult): string[] {
  const found = `${stdout}\n${stderr}`.matchAll(
    /`(pipeline [^`]+)`|(?<=[\s(])(pipeline (?:run|get|logs|attach|resume|runs|status|cache) ?[^\n`;)]*)/gm,
  );
  return [...found].map(([, ticked, bare]) => (ticked ?? bare ?? '').trim());
}

function words(command: string): string[] {
  return [...command.matchAll(/'((?:[^'\\]|\\.)*)'|(\S+)/g)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? '');
}

/** Runs every command that was suggested, as it was printed; gives how many there were. */
async function tryAll(scene: Scene, printed: CliResult, wanted: RegExp): Promise<void> {
  const commands = suggestedIn(printed);
  assert.ok(
    commands.some((command) => wanted.test(command)),
    `${printed.stdout}${printed.stderr}`,
  );
  for (const command of commands.filter((one) => !/\b[A-Z]{3,}\b/.test(one.replace(scene.store, '')))) {
    const [, ...args] = words(command);
    const ended = await scene.at(...args);
    const said = `${command}\n${ended.stdout}${ended.stderr}`;
    assert.doesNotMatch(
      said,
      /There is no (?:run|pipeline|node|result)|There are no runs|no such|unknown (?:command|option)|Unknown/,
      said,
    );
    assert.notEqual(ended.code, 2, said);
  }
}

test('what a finished run says can be pasted', async (t) => {
  const scene = new Scene(t);
  const ended = await scene.run('run', scene.file('sums'));
  assert.equal(ended.code, 0, ended.stderr);
  await tryAll(scene, ended, /^pipeline get .* --store/);
});

test('what a failed run says can be pasted, at its end and in its status', async (t) => {
  const scene = new Scene(t);
  await tryAll(scene, await scene.run('run', scene.file('fails')), /^pipeline logs .*boom.* --store/);
  assert.match((await scene.run('logs', 'boom')).stdout, /it broke/);
});

test('what a run in the background says can be pasted', async (t) => {
  const scene = new Scene(t);
  await tryAll(scene, await scene.run('run', scene.file('sums'), '--detach'), /^pipeline attach .* --store/);
});

test('what is said of a run that was left alone or stopped can be pasted', async (t) => {
  const scene = new Scene(t);
  const child = startProgram(['run', scene.file('slow'), '--store', scene.store], { cwd: scene.cwd, env: {} });
  await eventually('the run is on its way', async () => /running/.test((await scene.run('status')).stdout));
  const driven = await scene.run('resume', '1');
  assert.match(driven.stderr, /`pipeline attach 0001 --store '[^']*my store'`/);
  child.kill('SIGINT');
  await new Promise((resolve) => child.on('close', resolve));
  const status = await scene.run('status');
  assert.match(status.stdout, /pipeline resume 0001 --store '[^']*my store'/);
});

test('errors name the store that was named', async (t) => {
  const scene = new Scene(t);
  assert.match((await scene.run('status')).stderr, /pipeline run NAME --store '[^']*my store'/);
  assert.match((await scene.run('runs')).stdout, /pipeline run NAME --store '[^']*my store'/);
  await scene.run('run', scene.file('sums'));
  await tryAll(scene, await scene.run('status', '77'), /^pipeline runs --store/);
  await tryAll(scene, await scene.run('get', 'summs', 'sum', '--to', 'x'), /^pipeline runs --store/);
  await tryAll(scene, await scene.at('status', '77', `--store=${scene.store}`), /^pipeline runs --store/);
});

test('logs of a node that was known name the run in which it ran', async (t) => {
  const scene = new Scene(t);
  await scene.run('run', scene.file('sums'));
  await scene.run('run', scene.file('sums'));
  const said = await scene.run('logs', 'add');
  assert.match(said.stderr, /its result was known/);
  await tryAll(scene, said, /^pipeline logs 0001 add --store/);
});

test('a graph that is another is started anew by the command that is told', async (t) => {
  const scene = new Scene(t);
  await scene.run('run', scene.file('fails'));
  scene.project.pipeline('fails', failing.replace("'boom'", "'bang'"));
  const said = await scene.run('resume', '1');
  assert.match(said.stderr, /another graph/);
  await tryAll(scene, said, /^pipeline run \S+fails\.ts --store/);
});

const packaged = `
const make = task({ name: 'make', version: '1', inputs: {}, outputs: { policy: openpiCheckpoint }, run: async (_, out) => {
  mkdirSync(join(out.policy, 'params'), { recursive: true });
  mkdirSync(join(out.policy, 'assets'));
  writeFileSync(join(out.policy, 'params', 'weights'), 'w');
  writeFileSync(join(out.policy, 'config.json'), '{"format":"openpi-jax/1","step":9}');
  return out;
} });
export default pipeline('packs', {}, () => make({}));
`;

test('a policy that only openpi can run is told of by where it can be taken out to, not by a place that is gone', async (t) => {
  const scene = new Scene(t);
  const imports = `import { mkdirSync } from 'node:fs';\nimport { join } from 'node:path';\nimport { openpiCheckpoint } from 'stet/kinds/openpi-checkpoint';\n`;
  scene.project.pipeline('packs', imports + packaged);
  assert.equal((await scene.run('run', scene.file('packs'))).code, 0);
  const said = await scene.run('serve', 'packs:policy', '--port', '0');
  assert.doesNotMatch(said.stderr, /\/tmp\/serve-|tmp\/serve/);
  assert.match(said.stderr, /--policy\.dir=policy/);
  await tryAll(scene, said, /^pipeline get packs policy --to policy --store/);
  assert.ok(existsSync(join(scene.cwd, 'policy', 'params')));
});
