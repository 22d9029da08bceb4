import { test } from 'node:test';
import { printTable } from '../bench/table.ts';
import { withoutSlurm } from '../support/slurm.ts';
import { soak } from './soak.ts';

/** `STET_TEST_SOAK_MINUTES=30 STET_TEST_SEED=7 node --test dist/test/slurm/soak.test.js` for a long one. */
const minutes = Number(process.env.STET_TEST_SOAK_MINUTES ?? 3);
const seed = Number(process.env.STET_TEST_SEED ?? Date.now() % 1_000_000);

test(`after ${minutes} minutes of random faults every result is that of an undisturbed run (seed ${seed})`, {
  skip: withoutSlurm,
  timeout: (minutes + 10) * 60_000,
}, async (t) => {
  const startedAt = performance.now();
  const tell = (line: string): void =>
    t.diagnostic(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  const { rounds, faults, begun, needed, minutes: took } = await soak({ minutes, seed, tell });
  const rows = [...faults].sort().map(([name, times]) => [name, String(times)]);
  printTable(
    `soak of ${took.toFixed(1)} minutes, seed ${seed}`,
    ['what', 'times'],
    [
      ['rounds of 302 nodes', String(rounds)],
      ['programs needed', String(needed)],
      ['programs begun', String(begun)],
      ...rows,
    ],
  );
});
