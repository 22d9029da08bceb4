import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { droidRanges } from '../../../tasks/filter/droid-ranges.ts';
import { filterIdleFrames } from '../../../tasks/filter/idle-frames.ts';
import { droidStatistics } from '../../../tasks/norm-stats/droid-statistics.ts';
import { droidStats } from '../../../tasks/norm-stats/droid.ts';

/** `child.js ranges|stats|nothing FOLDER WORKERS`: does it with the defaults and prints what it took, as JSON. Linux only. */
const [, , what, folder = '', workers = '1'] = process.argv;
const [before, start] = [bytesAsked(), performance.now()];
if (what === 'ranges') await ranges();
if (what === 'stats') await stats();
const milliseconds = performance.now() - start;
process.stdout.write(JSON.stringify({ milliseconds, bytesRead: bytesAsked() - before, peakBytes: peakBytes() }));

async function ranges(): Promise<void> {
  const { idleThreshold, minIdleSteps, minKeptSteps, trimSteps } = filterIdleFrames.spec.inputs;
  const rule = z.object({ idleThreshold, minIdleSteps, minKeptSteps, trimSteps }).parse({});
  const reading = { checkData: false, skipBadRecords: false, workers: Number(workers), onEpisode: () => undefined };
  await droidRanges(folder, rule, reading);
}

async function stats(): Promise<void> {
  const { dataset: _dataset, ranges: _ranges, ...rest } = droidStats.spec.inputs;
  const asked = z.object(rest).parse({});
  await droidStatistics(
    folder,
    { ...asked, ranges: undefined },
    { workers: Number(workers), onEpisode: () => undefined },
  );
}

/** What this process asked of the system in all its threads. */
function bytesAsked(): number {
  return Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

/** Of this program; `resourceUsage` would give that of the one which started it, if that was larger. */
function peakBytes(): number {
  return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
