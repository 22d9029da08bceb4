import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../runner/log/events.ts';
import { readEvents } from '../../runner/log/run-log.ts';
import { stateOf } from '../../runner/log/state.ts';
import { compare, inTemporaryFolder } from './measure.ts';
import { ms, printTable } from './table.ts';

const nodes = 33_333;

/** Reading the log of a large run and folding it into its state, against parsing its lines. */
export async function benchLog(): Promise<void> {
  const rows: string[][] = [];
  await inTemporaryFolder(async (folder) => {
    const count = writeLog(folder);
    const path = join(folder, 'events.jsonl');
    const floor = (): void => {
      for (const line of readFileSync(path, 'utf8').split('\n')) if (line) JSON.parse(line);
    };
    const run = (): void => void stateOf(readEvents(folder));
    const { floorMs, runMs, ratio } = await compare(floor, run, { times: 9 });
    rows.push([`${count} events`, ms(floorMs), ms(runMs), ratio.toFixed(2)]);
  });
  printTable('log', ['what', 'JSON.parse', 'stet', 'ratio'], rows);
}

function writeLog(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, 'events.jsonl'), 'w');
  let count = 0;
  const time = new Date(0).toISOString();
  const write = (event: Event): void => {
    writeSync(file, `${JSON.stringify(event)}\n`);
    count += 1;
  };
  write({
    time,
    type: 'run-started',
    format: 1,
    run: '0001',
    pipeline: 'bench',
    params: {},
    graph: '',
    nodes: [],
    host: 'here',
    pid: 1,
    resumed: false,
  });
  for (let i = 0; i < nodes; i += 1) {
    const address = `step~${i}`;
    const fingerprint = `sha256:${String(i).padStart(64, '0')}`;
    write({
      time,
      type: 'node-queued',
      address,
      label: `step n=${i}`,
      task: 'step',
      fingerprint,
      attempt: 1,
      reason: 'it never ran before',
      job: address,
    });
    write({ time, type: 'node-started', address, attempt: 1, host: 'here', pid: i });
    write({ time, type: 'node-finished', address, fingerprint, seconds: 1, changed: true });
  }
  closeSync(file);
  return count;
}
