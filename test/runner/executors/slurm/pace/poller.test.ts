import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Load, Poller } from '../../../../../runner/executors/slurm/pace/poller.ts';

const nothing: Load = { jobs: 0, waiting: 0, isSilent: false };

test('looks go on by themselves until there is nothing to look for', async () => {
  let looks = 0;
  let load: Load = { ...nothing, jobs: 1 };
  await new Promise<void>((ended) => {
    const poller = new Poller({
      baseSeconds: 0.001,
      load: () => {
        if (load.jobs === 0) ended();
        return load;
      },
      look: async () => {
        looks += 1;
        if (looks === 3) load = nothing;
      },
    });
    poller.stir();
  });
  assert.equal(looks, 3);
});

test('a job that was not handed over yet is reason enough to look', async (t) => {
  await new Promise<void>((looked) => {
    const poller = new Poller({
      baseSeconds: 0.001,
      load: () => ({ ...nothing, waiting: 1 }),
      look: async () => looked(),
    });
    t.after(() => poller.close());
    poller.plan();
  });
});

test('who asks for a look while one is under way takes part in it', async () => {
  let looks = 0;
  let end = (): void => {};
  const poller = new Poller({
    baseSeconds: 1,
    load: () => nothing,
    look: () => {
      looks += 1;
      return new Promise((resolve) => {
        end = resolve;
      });
    },
  });
  const both = [poller.look(), poller.look()];
  end();
  await Promise.all([...both, poller.settled()]);
  assert.equal(looks, 1);
  const next = poller.look();
  end();
  await next;
  assert.equal(looks, 2);
});

test('no look is planned once it is closed', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let looks = 0;
  const poller = new Poller({
    baseSeconds: 1,
    load: () => ({ ...nothing, jobs: 1 }),
    look: async () => {
      looks += 1;
    },
  });
  poller.stir();
  poller.close();
  poller.stir();
  t.mock.timers.tick(100_000);
  assert.equal(looks, 0);
});
