import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { Digest } from '../../../cache/digest.ts';
import { ingest, ingestItem } from '../../../runner/attempt/ingest.ts';
import type { StagedJob } from '../../../runner/job/staged-job.ts';
import type { HeldArtifact } from '../../../runner/values/leaves.ts';
import type { Output } from '../../../runner/values/output.ts';
import { type Artifact, artifact, keyedList, type Shape, stream, task } from '../../../tasks/core/task.ts';
import { streamOf } from '../../../tasks/core/stream.ts';
import { PassScene } from '../../support/pass-scene.ts';
import { stagedIn } from '../../support/staged.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { textKind } from '../../support/text-kind.ts';

const none = new Map();

/** The job of a body with these outputs, which has ended well. */
async function bodyOf(t: TestContext, outputs: Shape): Promise<BodyScene> {
  const body = task<Shape, Shape>({ name: 'body', inputs: {}, outputs, run: async () => ({}) });
  const scene = await PassScene.open(t, Object.values(body({})));
  return new BodyScene(scene, await stagedIn(scene, 'body'));
}

class BodyScene {
  readonly scene: PassScene;
  readonly job: StagedJob;

  constructor(scene: PassScene, job: StagedJob) {
    this.scene = scene;
    this.job = job;
  }

  /** Writes a file into its folder; gives the path. */
  write(name: string, text: string): string {
    const path = join(this.job.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  returned(outputs: Readonly<Record<string, unknown>>): Promise<Record<string, Output>> {
    writeFileSync(join(this.job.folder, 'outputs.json'), JSON.stringify(outputs));
    return ingest(this.job, this.scene.store, none);
  }
}

/** The job of a program with these outputs, which writes them where it is told. */
async function programOf(t: TestContext, outputs: Shape, isRemote = false): Promise<BodyScene> {
  const program = task<Shape, Shape>({ name: 'program', inputs: {}, outputs, command: () => ['x'] });
  const scene = await PassScene.open(t, Object.values(program({})));
  return new BodyScene(scene, await stagedIn(scene, 'program', { isRemote }));
}

function valueOf(output: Output | undefined): unknown {
  assert.ok(output && 'value' in output);
  return output.value;
}

function artifactOf(output: Output | undefined): HeldArtifact {
  return valueOf(output) as HeldArtifact;
}

test('a program gives values as JSON and artifacts as files, where it was told', async (t) => {
  const { job, scene } = await programOf(t, { score: z.number(), model: textKind });
  writeFileSync(job.out.score as string, '0.5');
  writeFileSync(job.out.model as string, 'weights');
  const { score, model } = await ingest(job, scene.store, none);
  assert.deepEqual(score, { value: 0.5 });
  const { kind, meta, size, path, digest } = artifactOf(model);
  assert.deepEqual([kind, meta, size, path], ['text', { length: 7 }, 7, '']);
  assert.equal(scene.store.hasTree(digest as Digest), true);
});

test('paths that a body returns become artifacts at any depth', async (t) => {
  const body = await bodyOf(t, {
    best: z.object({ at: z.int(), model: textKind }),
    all: z.array(z.object({ model: textKind.nullable(), note: textKind.optional() })),
  });
  const { best, all } = await body.returned({
    best: { at: 3, model: body.write('a', 'one') },
    all: [{ model: body.write('b', 'four'), note: body.write('c', 'sixsix') }, { model: null }],
  });
  const { at, model } = valueOf(best) as { at: number; model: HeldArtifact };
  const rows = valueOf(all) as { model: HeldArtifact | null; note?: HeldArtifact }[];
  assert.deepEqual([at, model.size], [3, 3]);
  assert.deepEqual([rows[0]?.model?.size, rows[0]?.note?.size, rows[1]], [4, 6, { model: null }]);
});

test('the items of a keyed list have its keys, in natural order', async (t) => {
  const body = await bodyOf(t, { episodes: keyedList(z.object({ id: z.string(), video: textKind }), 'id') });
  const { episodes } = await body.returned({
    episodes: ['e10', 'e9'].map((id) => ({ id, video: body.write(id, id) })),
  });
  assert.ok(episodes && 'items' in episodes);
  const sizes = episodes.items.map(({ key, value }) => [key, (value as { video: HeldArtifact }).video.size]);
  assert.deepEqual(sizes, [
    ['e9', 2],
    ['e10', 3],
  ]);
});

test('two items with one key are refused by name', async (t) => {
  const body = await bodyOf(t, { rows: keyedList(z.object({ id: z.int() }), 'id') });
  await assert.rejects(body.returned({ rows: [{ id: 7 }, { id: 8 }, { id: 7 }] }), {
    code: 'key-twice',
    message: 'body gave two items of rows the id "7".',
  });
});

test('a key that is neither text nor a number is refused at its place', async (t) => {
  const body = await bodyOf(t, { rows: keyedList(z.object({ id: z.any() }), 'id') });
  for (const rows of [[{ id: {} }], [{}], [{ id: null }]]) {
    await assert.rejects(body.returned({ rows }), { code: 'wrong-key', hint: /rows\.0\.id/ });
  }
});

test('a stream is the items that were released, in natural order, and a stream without any is empty', async (t) => {
  const { job, scene } = await programOf(t, { items: stream(z.int()), others: stream(z.int()) });
  const released = ['10', '9'].map((key) => ({ key, value: Number(key) }));
  const { items, others } = await ingest(job, scene.store, new Map([['items', released]]));
  assert.deepEqual(items, { items: released.toReversed() });
  assert.deepEqual(others, { items: [] });
});

test('what does not fit its type is refused with the output and the place in it', async (t) => {
  const body = await bodyOf(t, { table: z.object({ rows: z.array(z.int()) }) });
  await assert.rejects(body.returned({ table: { rows: [1, 'two'] } }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'wrong-output');
    assert.match(error.message, /^Output table of body does not fit its type:[^]*rows\[1\]/);
    return true;
  });
});

test('an output that nobody gave is refused by name, unless it is optional', async (t) => {
  const optional = await bodyOf(t, { note: z.string().optional() });
  assert.deepEqual(await optional.returned({}), {});
  const body = await bodyOf(t, { note: z.any() });
  await assert.rejects(body.returned({}), { code: 'not-canonical', message: /^Output note of body .* undefined/ });
  const program = await programOf(t, { score: z.number(), model: textKind });
  await assert.rejects(program.returned({}), { code: 'output-missing', message: /output score/ });
  writeFileSync(program.job.out.score as string, '1');
  await assert.rejects(program.returned({}), { code: 'output-missing', message: /output model/ });
});

test('a number that has no form in JSON is refused with the output that holds it', async (t) => {
  const { job, scene } = await programOf(t, { pose: z.array(z.number()) });
  writeFileSync(job.out.pose as string, '[0.5, NaN]');
  await assert.rejects(ingest(job, scene.store, none), {
    code: 'wrong-output',
    message: /^program wrote NaN to pose\.1,/,
  });
});

test("minus zero in a program's JSON is the zero that JSON has", async (t) => {
  const { job, scene } = await programOf(t, { pose: z.array(z.number()) });
  writeFileSync(job.out.pose as string, '[0.5, -0.0]');
  const { pose } = await ingest(job, scene.store, none);
  assert.deepEqual(pose, { value: [0.5, 0] });
});

test('text that is not JSON, and a text in place of an artifact, are refused by name', async (t) => {
  const program = await programOf(t, { score: z.number() });
  writeFileSync(program.job.out.score as string, 'half of {');
  await assert.rejects(program.returned({}), { code: 'wrong-output', message: /^program wrote something to score / });
  const body = await bodyOf(t, { pair: z.object({ model: textKind }) });
  await assert.rejects(body.returned({ pair: { model: 3 } }), {
    code: 'wrong-output',
    message: 'body gave no files for pair.model.',
  });
});

test('files that are not of their kind are refused in the words of the kind, and nothing of them is stored', async (t) => {
  const body = await bodyOf(t, { model: textKind });
  const path = body.write('model', 'broken');
  await assert.rejects(body.returned({ model: path }), {
    code: 'wrong-output',
    message: 'body wrote something to model that is no text: it says that it is broken',
    hint: 'Write another.',
  });
  assert.equal(readFileSync(path, 'utf8'), 'broken');
});

test('an artifact that a body was given can be handed on, with the size of its files', async (t) => {
  const body = await bodyOf(t, { model: textKind });
  const { digest, size } = await body.scene.store.putTree(body.write('given', 'weights'), { how: 'move' });
  const given = { kind: 'text', digest, path: '/wherever/it/lay', meta: { length: 7 } };
  const { model } = await body.returned({ model: given });
  assert.deepEqual(artifactOf(model), { kind: 'text', digest, size, path: '', meta: { length: 7 } });
});

test('an artifact of another kind, or one that the store does not have, is no output', async (t) => {
  const body = await bodyOf(t, { model: textKind });
  const { digest } = await body.scene.store.putTree(body.write('given', 'weights'), { how: 'move' });
  const artifactLike = { kind: 'text', digest, path: '', meta: { length: 7 } };
  for (const wrong of [
    { ...artifactLike, kind: 'picture' },
    { ...artifactLike, digest: `sha256:${'0'.repeat(64)}` },
  ]) {
    await assert.rejects(body.returned({ model: wrong }), { code: 'wrong-output', message: /gave no files for model/ });
  }
});

test('files outside of its folder are refused and stay', async (t) => {
  const body = await bodyOf(t, { model: textKind });
  const foreign = join(tempFolder(t), 'theirs');
  writeFileSync(foreign, 'theirs');
  await assert.rejects(body.returned({ model: foreign }), {
    code: 'wrong-output',
    message: /is outside of its folder/,
  });
  assert.equal(readFileSync(foreign, 'utf8'), 'theirs');
});

test('a kind that is adopted stays where it lies, unless the job made it', async (t) => {
  const large = artifact('large', { meta: z.object({}), inspect: async () => ({}), hold: 'adopt' });
  const body = await bodyOf(t, { theirs: large, own: large });
  const foreign = join(tempFolder(t), 'theirs');
  writeFileSync(foreign, 'theirs');
  const own = body.write('own', 'own');
  const { theirs, own: moved } = await body.returned({ theirs: foreign, own });
  assert.deepEqual([existsSync(foreign), existsSync(own)], [true, false]);
  const { store } = body.scene;
  const where = (output: Output | undefined): string =>
    store.checkout(artifactOf(output).digest as Digest, join(tempFolder(t), 'x')).path;
  assert.equal(where(theirs), foreign);
  assert.equal(readFileSync(where(moved), 'utf8'), 'own');
});

test('a part of an input can be an output, and stays in the input', async (t) => {
  const first = await PassScene.open(t, []);
  const folder = tempFolder(t);
  for (const name of ['train', 'test']) writeFileSync(join(folder, name), name);
  const { digest } = await first.store.putTree(folder, { how: 'copy' });
  const data = artifact('data', { meta: z.object({}), inspect: async () => ({}) });
  const split = task({ name: 'split', inputs: { data }, outputs: { part: textKind }, run: async () => ({ part: '' }) });
  const given = { kind: 'data', digest, path: '', meta: {} } as Artifact<'data', Record<string, never>>;
  const scene = await PassScene.open(t, split({ data: given }), { beside: first });
  const body = new BodyScene(scene, await stagedIn(scene, 'split'));
  const inside = join(body.job.inputFolders[0] as string, 'train');
  assert.equal(artifactOf((await body.returned({ part: inside })).part).size, 5);
  assert.equal(readFileSync(inside, 'utf8'), 'train');
});

test('what a job on another host wrote stays until it is on record, and what one here wrote moves', async (t) => {
  for (const isRemote of [true, false]) {
    const { job, scene } = await programOf(t, { model: textKind }, isRemote);
    const path = job.out.model as string;
    writeFileSync(path, 'weights');
    await ingest(job, scene.store, none);
    assert.equal(existsSync(path), isRemote);
  }
});

test('an item of a stream is a value or a copy of its files, and is named when it is neither', async (t) => {
  const outputs = { steps: stream(z.int()), models: stream(textKind) };
  const { job, scene } = await programOf(t, outputs);
  const take = (output: keyof typeof outputs, key: string, text: string) => {
    const path = join(job.folder, key);
    writeFileSync(path, text);
    const spec = streamOf(outputs[output]) ?? assert.fail('no stream');
    return ingestItem({ key, path }, spec, { job, store: scene.store, output });
  };
  assert.deepEqual(await take('steps', '100', '7'), { key: '100', value: 7 });
  const { value } = await take('models', '200', 'weights');
  assert.deepEqual([(value as HeldArtifact).size, existsSync(join(job.folder, '200'))], [7, true]);
  await assert.rejects(take('steps', '300', '"seven"'), { message: /^Output steps\/300 of program does not fit/ });
  await assert.rejects(take('models', '400', 'broken'), { message: /^program wrote something to models\/400 / });
});
