import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitingJobs } from '../../../../../runner/executors/slurm/pace/waiting-jobs.ts';
import { jobLike } from '../../../../support/slurm-job.ts';

const [a, b] = [jobLike({ token: 'a' }), jobLike({ token: 'b' })];

test('jobs that come one upon the other are handed over together, in their order', async () => {
  let handedOver = 0;
  const waiting = await new Promise<WaitingJobs>((resolve) => {
    const gathered = new WaitingJobs(() => {
      handedOver += 1;
      resolve(gathered);
    });
    gathered.add(a);
    gathered.add(b);
  });
  assert.deepEqual(waiting.take(), [a, b]);
  assert.deepEqual([waiting.size, handedOver], [2, 1]);
  assert.deepEqual([waiting.begin(a), waiting.begin(b), waiting.size], [true, true, 0]);
});

test('jobs that come slowly are handed over together too, and the first waits no longer than two seconds', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const handedOver: number[] = [];
  const waiting = new WaitingJobs(
    () => {
      handedOver.push(now);
      waiting.take();
    },
    () => now,
  );
  for (let i = 0; i < 50; i += 1) {
    waiting.add(jobLike({ token: `${i}` }));
    now += 0.05;
    t.mock.timers.tick(50);
  }
  now += 0.1;
  t.mock.timers.tick(100);
  assert.equal(handedOver.length, 2);
  assert.ok((handedOver[0] ?? 0) >= 1.9 && (handedOver[0] ?? 0) <= 2.1, String(handedOver));
});

test('any copy of a waiting job takes it back, once', () => {
  const waiting = new WaitingJobs(() => {});
  waiting.putBack(a);
  assert.equal(waiting.remove({ ...a }), a);
  assert.equal(waiting.remove(a), undefined);
});

test('each submission that is not taken doubles the wait, up to a minute; one that is taken ends it', () => {
  let now = 0;
  const waiting = new WaitingJobs(
    () => {},
    () => now,
  );
  const heldSeconds = (): number => {
    const from = now;
    while (waiting.isHeld) now += 1;
    return now - from;
  };
  const waits = Array.from({ length: 7 }, () => {
    waiting.submitted({ isTaken: false });
    return heldSeconds();
  });
  assert.deepEqual(waits, [2, 4, 8, 16, 32, 60, 60]);
  waiting.submitted({ isTaken: false });
  waiting.submitted({ isTaken: true });
  assert.equal(waiting.isHeld, false);
});

test('what waits when it is closed is not handed over', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let handedOver = 0;
  const waiting = new WaitingJobs(() => {
    handedOver += 1;
  });
  waiting.add(a);
  waiting.close();
  t.mock.timers.tick(1000);
  assert.deepEqual([waiting.size, handedOver], [0, 0]);
});
