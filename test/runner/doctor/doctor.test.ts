import assert from 'node:assert/strict';
import fs, { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../../cache/store.ts';
import { examine } from '../../../runner/doctor/doctor.ts';
import type { Door, Doors } from '../../../runner/executors/door.ts';
import type { Finding } from '../../../runner/executors/finding.ts';
import type { StoreRequest } from '../../../runner/project/session.ts';
import { builtIn } from '../../../runner/site/registry.ts';
import { addThenDouble, CliProject } from '../../support/cli.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** A project with its store in it. */
function placeIn(folder: string, more: Partial<StoreRequest> = {}): StoreRequest {
  return { cwd: folder, doors: builtIn, storeFolder: join(folder, 'store'), warn: () => {}, ...more };
}

function of(findings: readonly Finding[], what: string): Finding {
  return findings.find((finding) => finding.what === what) ?? assert.fail(`nothing of ${what}`);
}

/** The calls of a function of the file system fail, or are answered by the test, while it runs. */
function answered<K extends 'statfsSync' | 'copyFileSync' | 'linkSync'>(
  t: TestContext,
  name: K,
  answer: (typeof fs)[K],
) {
  const mocked = t.mock.method(fs, name, answer as never);
  syncBuiltinESMExports();
  const restore = (): void => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  };
  t.after(restore);
}

function setVariable(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

/** PATH is one folder, with these programs in it. */
function onlyPrograms(t: TestContext, ...names: string[]): string {
  const folder = tempFolder(t);
  for (const name of names) {
    writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, name), 0o755);
  }
  setVariable(t, 'PATH', folder);
  return folder;
}

/** An executor that is never started, and notes down whenever it is examined. */
class ExaminedDoor implements Door {
  readonly name: string;
  readonly programs: Door['programs'];
  readonly looks: string[] = [];

  constructor(name: string) {
    this.name = name;
    this.programs = [{ name: `${name}-submit`, purpose: `${name} needs it` }];
  }

  make(): never {
    throw new Error('nothing is started here');
  }

  async examine(...[{ storeRoot }, { probe }]: Parameters<NonNullable<Door['examine']>>): Promise<Finding[]> {
    this.looks.push(`${storeRoot}${probe ? ' with probe' : ''}`);
    return [{ state: 'ok', what: this.name, found: 'as it should be' }];
  }
}

function doorsOf(...doors: readonly Door[]): Doors {
  return Object.fromEntries(doors.map((door) => [door.name, async () => door]));
}

test('a store that can be used has nothing that is missing, and nothing is left in it', async (t) => {
  const place = placeIn(tempFolder(t));
  const findings = await examine(place);
  assert.deepEqual(of(findings, 'store').found, place.storeFolder);
  assert.deepEqual(of(findings, 'writable'), { state: 'ok', what: 'writable', found: 'yes' });
  assert.ok(of(findings, 'records').found.startsWith(place.storeFolder as string));
  assert.deepEqual(
    findings.filter(({ state }) => state === 'missing'),
    [],
  );
  assert.deepEqual(readdirSync(join(place.storeFolder as string, 'tmp')), []);
});

test('a store that cannot be opened is missing, with what to do, and the rest is examined nevertheless', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'store'));
  writeFileSync(join(folder, 'store', 'stet-store.json'), '{"layout":99}');
  const main = new ExaminedDoor('main');
  const findings = await examine(placeIn(folder, { doors: doorsOf(main) }), undefined, { executor: 'main' });
  const { state, found, advice } = of(findings, 'store');
  assert.deepEqual([state, advice], ['missing', 'Use a newer version of stet, or another folder with --store.']);
  assert.match(found, /has layout 99/);
  assert.deepEqual([of(findings, 'main').state, main.looks], ['ok', [join(folder, 'store')]]);
});

test('a pipeline is not looked into while there is no store for its code', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'store'), 'a file is in its way');
  const findings = await examine(placeIn(folder), { name: 'sums', overrides: [] });
  assert.deepEqual(
    findings.flatMap(({ state, what }) => (state === 'missing' ? [what] : [])),
    ['store'],
  );
});

test('a store that cannot be written to is told, with what to do', async (t) => {
  const place = placeIn(tempFolder(t));
  await (await openStore(place.storeFolder as string)).close();
  rmSync(join(place.storeFolder as string, 'tmp'), { recursive: true });
  const findings = await examine(place);
  const { state, found, advice } = of(findings, 'writable');
  assert.deepEqual([state, of(findings, 'store').state], ['missing', 'ok']);
  assert.match(found, /ENOENT/);
  assert.match(advice ?? '', /right to write there.*--store/);
  assert.match(of(findings, 'files').found, /^could not be tried: ENOENT/);
});

for (const { free, isLittle } of [
  { free: 1_900_000_000, isLittle: true },
  { free: 2_100_000_000, isLittle: false },
]) {
  test(`a disk with ${free} bytes left ${isLittle ? 'gets an advice' : 'is enough'}`, async (t) => {
    const real = fs.statfsSync;
    answered(t, 'statfsSync', ((path: string) => ({ ...real(path), bavail: free / 1000, bsize: 1000 })) as typeof real);
    const { state, found, advice } = of(await examine(placeIn(tempFolder(t))), 'disk');
    assert.deepEqual([state, advice !== undefined], ['ok', isLittle]);
    assert.match(found, /^[12]\.\d GB free at the store$/);
  });
}

test('how files reach jobs is tried, the best way first', async (t) => {
  const cannot = () => {
    throw new Error('ENOTSUP');
  };
  const found = async () => of(await examine(placeIn(tempFolder(t))), 'files').found;
  setVariable(t, 'STET_LINK', 'hard');
  answered(t, 'copyFileSync', () => undefined);
  assert.match(await found(), /^reach jobs by reflink/);
  answered(t, 'copyFileSync', cannot);
  assert.equal(await found(), 'reach jobs by hard link, read-only');
  answered(t, 'linkSync', cannot);
  assert.match(await found(), /^reach jobs by copy: this file system has neither/);
});

test('root gets copies of files, because no hard link keeps it from writing to the store', async (t) => {
  answered(t, 'copyFileSync', () => {
    throw new Error('ENOTSUP');
  });
  setVariable(t, 'STET_LINK', '');
  let user = 0;
  t.mock.method(process as { getuid: () => number }, 'getuid', () => user);
  const found = async () => of(await examine(placeIn(tempFolder(t))), 'files').found;
  assert.match(await found(), /^reach jobs by copy: .* from root$/);
  user = 1000;
  assert.match(await found(), /^reach jobs by hard link/);
});

test('a tool is found where PATH has it, and one that is not there is told with what it is for', async (t) => {
  const folder = onlyPrograms(t, 'python3', 'ffmpeg');
  chmodSync(join(folder, 'ffmpeg'), 0o644);
  setVariable(t, 'PATH', ['/no/such/folder', folder].join(delimiter));
  const findings = await examine(placeIn(tempFolder(t)));
  assert.deepEqual(of(findings, 'python3'), { state: 'ok', what: 'python3', found: join(folder, 'python3') });
  const isAbsent = (what: string, advice: string) =>
    assert.deepEqual(of(findings, what), { state: 'absent', what, found: 'not on PATH', advice });
  isAbsent('nvidia-smi', 'tasks that ask for GPUs need an NVIDIA driver');
  isAbsent('ffmpeg', 'datasets with videos need it');
});

test('the executor that is asked for is examined and no other; the programs of all are looked for', async (t) => {
  const [main, other] = [new ExaminedDoor('main'), new ExaminedDoor('other')];
  const place = placeIn(tempFolder(t), { doors: doorsOf(main, other) });
  const folder = onlyPrograms(t, 'other-submit');
  const findings = await examine(place, undefined, { executor: 'main' });
  assert.deepEqual([main.looks, other.looks], [[place.storeFolder], []]);
  assert.equal(of(findings, 'main').found, 'as it should be');
  assert.deepEqual(of(findings, 'main-submit').advice, 'main needs it');
  assert.deepEqual(of(findings, 'other-submit').found, join(folder, 'other-submit'));
  await examine(place, undefined, { executor: 'other', probe: true });
  assert.deepEqual([main.looks.length, other.looks], [1, [`${place.storeFolder} with probe`]]);
});

test('an executor that nobody knows is refused, with the likely one', async (t) => {
  const examined = examine(placeIn(tempFolder(t)), undefined, { executor: 'slrum' });
  await assert.rejects(examined, { code: 'no-such-executor', hint: 'Did you mean "slurm"?' });
});

const wanting = `
import { program } from 'stet/task';
const needs = [program('no-such-program', 'Install it.')];
const make = task({ name: 'make', inputs: {}, outputs: { n: z.int() }, needs, run: async () => ({ n: 1 }) });
const use = task({ name: 'use', inputs: { n: z.int() }, outputs: { n: z.int() }, needs, resources: { memoryGb: 900_000 }, run: async ({ n }) => ({ n }) });
export default pipeline('wanting', {}, () => use({ n: make({}).n }));
`;

test('what a pipeline lacks is told with its nodes and what to do, each thing once', async (t) => {
  const project = new CliProject(t);
  project.pipeline('wanting', wanting);
  const findings = await examine(placeIn(project.folder), { name: 'wanting', overrides: [] });
  const [memory, needed, ...others] = findings.filter(({ what }) => what === 'wanting');
  assert.deepEqual([memory?.state, others], ['missing', []]);
  assert.match(memory?.found ?? '', /^use: it asks for 900000 GB of memory/);
  const found = 'make, use: no-such-program is not on PATH';
  assert.deepEqual(needed, { state: 'missing', what: 'wanting', found, advice: 'Install it.' });
});

test('a pipeline that has all it needs is told to be so, with where it would run', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble.replaceAll("version: '1'", "version: '1', resources: { memoryGb: 900_000 }"));
  const huge: Door = {
    name: 'huge',
    place: 'the moon',
    make: () => Promise.reject(new Error('nothing is started here')),
    refusals: async (asked) => asked.map(() => []),
  };
  const place = placeIn(project.folder, { doors: { ...builtIn, ...doorsOf(huge) } });
  const stateOn = async (executor: string) =>
    of(await examine(place, { name: 'sums', overrides: [] }, { executor }), 'sums');
  assert.equal((await stateOn('local')).state, 'missing');
  assert.deepEqual(await stateOn('huge'), {
    state: 'ok',
    what: 'sums',
    found: '2 nodes, the moon can run all of them',
  });
});
