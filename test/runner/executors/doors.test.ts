import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Door, placeOfDoor, refusalsOfDoor } from '../../../runner/executors/door.ts';
import { openExecutors } from '../../../runner/site/open-executors.ts';
import { builtIn } from '../../../runner/site/registry.ts';
import { parseSite } from '../../../runner/site/load-site.ts';
import { handingOnCopies } from '../../support/copies-of-jobs.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { thirdDoor } from '../../support/third-executor/door.ts';

const machine = { cpus: 2, memoryGb: 8, gpus: [0] };

test('an executor is registered under its own name', async () => {
  for (const [name, load] of Object.entries(builtIn)) assert.equal((await load()).name, name);
});

test('a door says what becomes of jobs without a driver when, and only when, its executor outlives one', async (t) => {
  const doors = [...(await Promise.all(Object.values(builtIn).map((load) => load()))), thirdDoor];
  for (const door of doors) {
    const at = { own: door.site?.parse({}), storeRoot: tempFolder(t), machine };
    const { outlivesDriver } = await door.make(at, { withGpus: false });
    assert.equal(door.left !== undefined, outlivesDriver, door.name);
  }
});

test('jobs that nobody could end are not started', async (t) => {
  const lasting: Door = {
    ...thirdDoor,
    make: async (at, options) => ({
      ...handingOnCopies(await thirdDoor.make(at, options)),
      outlivesDriver: true,
    }),
  };
  const site = await parseSite({ doors: [lasting] }, { builtIn, file: 'pipeline.config.ts' });
  const executors = await openExecutors({ site, storeRoot: tempFolder(t) }, { executor: 'third', withGpus: false });
  await assert.rejects(executors.named('third'), { code: 'wrong-site', message: /third.*outlive.*`left`/ });
});

test('a door that says nothing of it refuses what its executor refuses, for each that asks', async (t) => {
  const at = { own: undefined, storeRoot: tempFolder(t), machine };
  const asked = [{ gpus: 64 }, {}, { memoryGb: 9000, gpus: 2 }];
  assert.deepEqual(await refusalsOfDoor(thirdDoor, asked, at), [
    [{ what: 'it asks for 64 GPUs and this machine has 1' }],
    [],
    [
      {
        what: 'it asks for 2 GPUs and this machine has 1, and it asks for 9000 GB of memory and this machine has 8 GB',
      },
    ],
  ]);
  assert.equal(placeOfDoor(thirdDoor), 'the executor third');
});

test('the local executor is refused by its door as by itself', async (t) => {
  const door = (await builtIn.local?.()) as Door;
  const at = { own: undefined, storeRoot: tempFolder(t), machine };
  const executor = await door.make(at, { withGpus: true });
  for (const resources of [{ gpus: 64 }, { memoryGb: 9000 }, { nodes: 2 }, { cpus: 99 }]) {
    const [reasons = []] = await refusalsOfDoor(door, [resources], at);
    assert.deepEqual(reasons[0]?.what, executor.refusal(resources));
  }
});
