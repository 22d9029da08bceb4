import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from '../support/temp-folder.ts';

interface Told {
  type: string;
  address?: string;
  label?: string;
  status?: string;
  counts?: Record<string, number>;
  results?: Record<string, unknown>;
}
interface Planned {
  nodes: { address: string; label: string; state: string; reason: string }[];
}

/** The quick profile of the whole experiment, run by the real program on a copy of the sources that the tests may edit. */
describe('demo-score', { timeout: 600_000 }, () => {
  const cleanUp: (() => void)[] = [];
  const folder = tempFolder({ after: (hook: () => void) => void cleanUp.push(hook) });
  const home = packageRoot();

  before(() => {
    for (const name of ['package.json', 'cache', 'tasks', 'pipelines'])
      cpSync(join(home, name), join(folder, name), { recursive: true });
    symlinkSync(join(home, 'node_modules'), join(folder, 'node_modules'));
  });
  after(() => cleanUp.forEach((hook) => hook()));

  const pipeline = async (...args: string[]): Promise<{ code: number | null; out: string }> => {
    const program = join(home, 'dist/runner/cli/main.js');
    const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, out };
  };
  const run = async (...overrides: string[]): Promise<Told[]> => {
    const { code, out } = await pipeline('run', 'demo-score', '--profile', 'quick', '--json', ...overrides);
    assert.equal(code, 0, out.slice(-2000));
    return out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told);
  };
  const plan = async (...overrides: string[]): Promise<Planned['nodes']> => {
    const { code, out } = await pipeline('plan', 'demo-score', '--profile', 'quick', '--json', ...overrides);
    assert.equal(code, 0);
    return (JSON.parse(out) as Planned).nodes;
  };
  const started = (events: readonly Told[]): string[] =>
    events.filter(({ type }) => type === 'node-queued').map(({ label }) => label ?? '');

  test('one command gives all six results', async () => {
    const events = await run();
    const end = events.at(-1);
    assert.equal(end?.status, 'succeeded');
    assert.equal(end?.counts?.failed, 0);
    const names = ['base', 'demosOnly', 'demosOnlyList', 'report', 'rolloutsPlusDemosList', 'withRollouts'];
    assert.deepEqual(Object.keys(end?.results ?? {}).sort(), names);

    for (const name of names)
      assert.equal((await pipeline('get', 'demo-score', name, '--to', join(folder, 'got', name))).code, 0);
    assert.match(readFileSync(join(folder, 'got/demosOnlyList'), 'utf8'), /^pusht\/demos \d+(,\d+)*\n$/);
    assert.ok(existsSync(join(folder, 'got/base/config.json')));
    assert.match(readFileSync(join(folder, 'got/report'), 'utf8'), /<section id="this-run"(?! hidden)[\s\S]*<svg/);
  });

  test('rollouts of an early checkpoint run while training goes on', () => {
    const log = readFileSync(join(folder, '.stet/runs/0001/events.jsonl'), 'utf8');
    const events = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told);
    const rollout = events.findIndex(
      ({ type, address }) => type === 'node-started' && address?.startsWith('rollout-pusht['),
    );
    const trained = events.findIndex(
      ({ type, address }) => type === 'node-finished' && address === 'train-flow-policy',
    );
    assert.ok(rollout >= 0 && rollout < trained, `a rollout started at ${rollout}, training ended at ${trained}`);
  });

  test('a second run starts no job, and says so', async () => {
    const events = await run();
    assert.deepEqual(started(events), []);
    assert.equal(events.at(-1)?.counts?.done, 0);
    assert.match(
      (await pipeline('run', 'demo-score', '--profile', 'quick')).out,
      /nothing to do: all \d+ nodes are known/,
    );
  });

  test('rewording comments reruns nothing', async () => {
    const edited = [
      'pipelines/demo-score.ts',
      'tasks/train/flow-policy.ts',
      'tasks/classify/train-classifier.ts',
      'tasks/rollout/pusht.ts',
    ];
    for (const file of edited) {
      appendFileSync(join(folder, file), '\n/* A remark that changes nothing. */\n');
      const path = join(folder, file);
      writeFileSync(path, `// Another one, which moves every line.\n${readFileSync(path, 'utf8')}`);
    }
    assert.deepEqual(new Set((await plan()).map(({ state }) => state)), new Set(['cached']));
    assert.deepEqual(started(await run()), []);
  });

  test('raising rollouts.episodes keeps the policy', async () => {
    const nodes = await plan('rollouts.episodes=9');
    assert.equal(nodes.find(({ label }) => label === 'train-flow-policy base')?.state, 'cached');
    const rollouts = nodes.filter(({ address }) => address.startsWith('rollout-pusht['));
    assert.deepEqual(
      new Set(rollouts.map(({ state, reason }) => `${state}: ${reason}`)),
      new Set(['run: input episodes 8 -> 9']),
    );
  });

  test('another weight decay reruns the classifiers and what follows, and nothing else', async () => {
    const planned = (await plan('classifier.weightDecay=0.05')).filter(({ state }) => state !== 'cached');
    const sure = planned.filter(({ state }) => state === 'run');
    const classifiers = sure.filter(({ address }) => address.startsWith('train-classifier'));
    assert.ok(classifiers.length > 0);
    // The report shows the parameters.
    assert.deepEqual(
      sure.filter((node) => !classifiers.includes(node)).map(({ label }) => label),
      ['demo-score-report'],
    );
    for (const { reason } of classifiers) assert.equal(reason, 'input weightDecay 0.1 -> 0.05');
    const ran = started(await run('classifier.weightDecay=0.05'));
    const mayRun = new Set(planned.map(({ label }) => label));
    assert.deepEqual(
      ran.filter((label) => !mayRun.has(label)),
      [],
    );
    assert.deepEqual(
      ran.filter((label) => label.startsWith('train-classifier')).sort(),
      classifiers.map(({ label }) => label).sort(),
    );
    assert.ok(!ran.some((label) => /base|^rollout|^pusht|^sample|^pick-rollouts/.test(label)), ran.join(', '));
    const why = await pipeline(
      'why',
      'demo-score',
      'train-classifier',
      '--profile',
      'quick',
      'classifier.weightDecay=0.2',
    );
    assert.match(why.out, /^train-classifier \S+ will run: input weightDecay 0\.\d+ -> 0\.2$/m);
  });
});
