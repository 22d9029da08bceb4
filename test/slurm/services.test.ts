import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { startProgram } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { Driver } from '../support/program-process.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { recordsIn } from '../support/slurm-project.ts';
import { SlurmScene } from '../support/slurm-scene.ts';
import { tempFolder } from '../support/temp-folder.ts';

/**
 * A server that greets, and a program that asks it. On the stage: `begun` as usual; `cues/ask`, which the program waits for;
 * `die`, which a server that is asked takes away and dies of; `fall`, which one that starts takes away, says that it is up and
 * ends; `mute`, for which a server never says that it is up.
 */
const greeting = {
  name: 'greeting',
  text: `
import { endpoint, service, uncounted } from 'stet/task';
const say = 'const fs = require("fs"); const [stage, name, port] = process.argv.slice(1); ' +
  'const say = (what) => fs.appendFileSync(stage + "/" + what, [name, process.env.SLURM_JOB_ID ?? "-", 0, process.env.SLURMD_NODENAME ?? "here"].join(" ") + "\\\\n"); say("begun"); ' +
  'const seen = () => ({ gpus: process.env.CUDA_VISIBLE_DEVICES, key: process.env.SERVER_KEY }); ';
const serve = say + 'if (fs.existsSync(stage + "/fall")) { fs.rmSync(stage + "/fall"); console.log("up"); process.exit(1); } ' +
  'require("http").createServer((_, response) => { ' +
  'if (fs.existsSync(stage + "/die")) { fs.rmSync(stage + "/die"); process.exit(9); } ' +
  'response.end(JSON.stringify({ word: "hello", ...seen() })); }).listen(Number(port), "127.0.0.1", () => fs.existsSync(stage + "/mute") || console.log("up"));';
const ask = say + '(async () => { while (!["ask", "all"].some((cue) => fs.existsSync(stage + "/cues/" + cue))) await new Promise((r) => setTimeout(r, 50)); ' +
  'const reply = await (await fetch(port)).json(); fs.writeFileSync(stage + "/heard", JSON.stringify({ server: reply, program: seen() })); ' +
  'fs.writeFileSync(process.argv[4], JSON.stringify(reply.word)); })()';
const greeter = service({
  name: 'greeter',
  inputs: { stage: uncounted(z.string()) },
  ready: { line: /^up$/m, withinSeconds: 10 },
  resources: { gpus: 1 },
  inherits: ['SERVER_KEY'],
  command: ({ stage }, port) => [process.execPath, '-e', serve, stage, 'greeter', String(port)],
});
const question = task({
  name: 'question',
  inputs: { stage: uncounted(z.string()), server: endpoint },
  outputs: { word: z.string() },
  resources: { gpus: 1, cpus: 0.5 },
  command: ({ stage, server }, out) => [process.execPath, '-e', ask, stage, 'question', server.url, out.word],
});
export default pipeline('greeting', { stage: z.string() }, ({ stage }) => ({ word: question({ stage, server: greeter({ stage }, { retries: 1 }) }).word }));
`,
};

describe('a service on a cluster', { skip: withoutSlurm, timeout: 300_000, concurrency: 3 }, () => {
  const here = useCluster({ nodes: 3, gpusPerNode: 4 });
  const key = randomBytes(16).toString('hex');

  test('comes along with the job that needs it, with GPUs and secrets of its own, and goes with it', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting, env: { SERVER_KEY: key } });
    scene.cue('ask');
    await scene.start().succeeded();
    const heard = JSON.parse(readFileSync(join(scene.stage, 'heard'), 'utf8')) as Record<'server' | 'program', object>;
    const gpusOf = (who: 'server' | 'program') => (heard[who] as { gpus: string }).gpus;
    assert.deepEqual(heard.server, { word: 'hello', gpus: gpusOf('server'), key });
    assert.deepEqual(heard.program, { gpus: gpusOf('program') });
    assert.match(`${gpusOf('server')} ${gpusOf('program')}`, /^\d \d$/);
    assert.notEqual(gpusOf('server'), gpusOf('program'));
    assert.deepEqual(filesWith(join(scene.store, 'runs'), key), []);
    assert.deepEqual(processesOf(scene.stage), []);
    await scene.emptyQueue();
  });

  test('runs on with its job when the driver is killed; the next takes over both', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting });
    const first = scene.start();
    await scene.begun('question');
    await first.kill();
    scene.cue('ask');
    await scene.start('attach').succeeded();
    assert.deepEqual([scene.count('greeter'), scene.count('question')], [1, 1]);
    await scene.emptyQueue();
  });

  test('dies under the program that uses it: both are started again', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting });
    writeFileSync(join(scene.stage, 'die'), '');
    scene.cue('ask');
    await scene.start().succeeded();
    assert.deepEqual([scene.count('greeter'), scene.count('question')], [2, 2]);
    const { failure } = await scene.saw('node-failed');
    assert.equal(failure.code, 'service-died');
    assert.match(failure.message, /The service greeter died while it was used: it ended with exit code 9/);
    assert.match(failure.hint ?? '', /service\.0\/log\.txt/);
    await scene.emptyQueue();
  });

  test('that ends as soon as it has said that it is up is started again, and what it said then does not count', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting });
    writeFileSync(join(scene.stage, 'fall'), '');
    scene.cue('ask');
    await scene.start().succeeded();
    assert.deepEqual([scene.count('greeter'), scene.count('question')], [2, 1]);
    await scene.emptyQueue();
  });

  test('whose program has another command on its node than in the driver is refused there', async (t) => {
    const text = greeting.text.replace(
      "[process.execPath, '-e', ask,",
      "[process.env.HERE_ONLY ?? process.execPath, '-e', ask,",
    );
    const env = { HERE_ONLY: '/usr/bin/node-of-the-driver' };
    const scene = new SlurmScene(t, here.cluster, { pipeline: { ...greeting, text }, env });
    const { code, stderr } = await scene.start().ended();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /The command of question is another on its node than in the driver/);
    assert.equal(scene.count('question'), 0);
    await scene.emptyQueue();
  });

  test('ends with its job also when a person starts that by hand, and stops it', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting });
    scene.cue('ask');
    await scene.start().succeeded();
    rmSync(join(scene.stage, 'cues', 'ask'));
    const [script] = readdirSync(join(scene.store, 'runs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /question[^/]*\/job\.sh$/.test(name),
    );
    const shell = spawn('/bin/sh', [join(scene.store, 'runs', script ?? '')], { detached: true, stdio: 'ignore' });
    await scene.begun('question', 2);
    process.kill(-(shell.pid ?? 0), 'SIGINT');
    await eventually('nothing of it runs', () => processesOf(scene.stage).length === 0, { seconds: 20 });
  });

  test('that does not come up is told, with the place of what it said, and its job does not begin', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting });
    writeFileSync(join(scene.stage, 'mute'), '');
    const { code, stderr } = await scene.start().ended();
    assert.equal(code, 1, stderr);
    assert.equal(scene.count('greeter'), 2);
    assert.match(stderr, /greeter did not come up: it was not ready within 10 s/);
    assert.equal(scene.count('question'), 0);
    assert.deepEqual(processesOf(scene.stage), []);
    await scene.emptyQueue();
  });

  test('ends with its job when that is cancelled', async (t) => {
    const scene = new SlurmScene(t, here.cluster, { pipeline: greeting });
    const driver = scene.start();
    await scene.begun('question');
    assert.ok(processesOf(scene.stage).length >= 2);
    const { run } = await scene.saw('run-started');
    assert.equal((await scene.command('cancel', run)).code, 0);
    await driver.ended();
    await eventually('nothing of it runs', () => processesOf(scene.stage).length === 0, { seconds: 20 });
    await scene.emptyQueue();
  });

  test('for a program on several nodes is refused, with both names', async (t) => {
    const text = greeting.text.replace('gpus: 1, cpus: 0.5', 'gpus: 2, nodes: 2');
    const scene = new SlurmScene(t, here.cluster, { pipeline: { ...greeting, text } });
    const { code, stderr } = await scene.start().ended();
    assert.equal(code, 3, stderr);
    assert.match(stderr, /greeter: a service runs beside one program, and question runs on several nodes/);
  });

  test('a whole experiment with servers, one for each checkpoint, gives the bytes of this machine', async (t) => {
    const folder = tempFolder(t);
    const run = async (...more: string[]): Promise<unknown> => {
      const store = join(folder, more.join('') || 'local');
      const args = ['run', 'serve-and-rollout', '--profile', 'sample', '--store', store, ...more];
      const driver = new Driver(startProgram(args, { cwd: packageRoot(), env: here.cluster.env }), args.join(' '));
      t.after(() => driver.kill());
      await driver.succeeded({ seconds: 200 });
      return recordsIn(store);
    };
    assert.deepEqual(await run('--executor', 'slurm'), await run());
  });
});

/** Paths of the store's files that hold a text. */
function filesWith(root: string, text: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(root, name);
    return statSync(path).isFile() && readFileSync(path).includes(text);
  });
}

/** Programs that were told of a stage and have not ended, on all nodes: they are virtual, and processes of this machine. */
function processesOf(stage: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words[1] === '-e' && words.includes(stage); // what has ended has no words any more
    } catch {
      return false; // gone
    }
  });
}
