import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
import type { Event, EventOf } from '../../runner/log/events.ts';
import { exited, startChild } from '../support/child-module.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** SIGKILLs in all, of drivers and of jobs; `STET_TEST_KILLS` for a longer search. */
const wantedKills = Number(process.env.STET_TEST_KILLS ?? 100);
/** In each store before its run is left to finish. */
const killsInARow = 10;
const seed = Number(process.env.STET_TEST_SEED ?? Date.now() % 1_000_000);

test(`after any ${wantedKills} SIGKILLs of drivers and jobs, results are those of an undisturbed run (seed ${seed})`, {
  timeout: 300_000,
}, async (t) => {
  const random = mulberry32(seed);
  const undisturbed = await finished(join(tempFolder(t), 'store'));
  let kills = 0;
  while (kills < wantedKills) {
    const root = join(tempFolder(t), 'store');
    for (let inARow = 0; inARow < killsInARow && kills < wantedKills; ) {
      const killed = await runAndKill(root, random);
      inARow += killed;
      kills += killed;
    }
    assert.deepEqual((await finished(root)).results, undisturbed.results);
    const store = await openStore(root);
    const report = await verifyStore(store);
    await store.close();
    assert.deepEqual([report.wrongBlobs, report.damagedRecords, report.incompleteRecords], [[], [], []]);
    assert.deepEqual(readdirSync(join(root, 'work')), []);
  }
  t.diagnostic(`${kills} kills`);
});

/** Runs the driver until a random one of its events and kills it or one of its jobs then; gives the number of kills. */
async function runAndKill(root: string, random: () => number): Promise<number> {
  const driver = startDriver(root);
  const events = eventsOf(driver);
  const at = Math.floor(random() * 40);
  let seen = 0;
  let kills = 0;
  for await (const event of events) {
    seen += 1;
    if (event.type !== 'node-started' || event.pid === undefined) {
      if (seen >= at && driver.kill('SIGKILL')) {
        kills += 1;
        break;
      }
      continue;
    }
    if (random() < 0.3 && killGroup(event.pid)) kills += 1;
  }
  await exited(driver);
  return kills;
}

async function finished(root: string): Promise<EventOf<'run-finished'>> {
  for (let tries = 0; tries < 3; tries += 1) {
    const driver = startDriver(root);
    let last: Event | undefined;
    for await (const event of eventsOf(driver)) last = event;
    await exited(driver);
    if (last?.type === 'run-finished' && last.status === 'succeeded') return last;
  }
  throw new Error(`the run in ${root} does not come to its end: ${lastLog(root)}`);
}

function startDriver(root: string): ChildProcess {
  return startChild(import.meta.url, '../support/driver', [root]);
}

async function* eventsOf(driver: ChildProcess): AsyncGenerator<Event> {
  let text = '';
  for await (const chunk of driver.stdout ?? []) {
    text += String(chunk);
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Event;
  }
}

function killGroup(pid: number): boolean {
  try {
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false; // it has ended by itself
  }
}

function lastLog(root: string): string {
  const run = readdirSync(join(root, 'runs')).sort().at(-1) ?? '';
  return readFileSync(join(root, 'runs', run, 'events.jsonl'), 'utf8')
    .split('\n')
    .slice(-12)
    .join('\n');
}

function mulberry32(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
