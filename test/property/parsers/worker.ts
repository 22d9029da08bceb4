import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { Problem } from '../../../cache/problem.ts';
import { mutate, mutations } from './mutations.ts';
import { type Subject, subjects } from './subjects.ts';

export interface Order {
  readonly name: string;
  readonly folder: string;
  readonly seed: number;
  readonly runs: number;
}

/** `trying` before each try, so that one that never ends is known; `failed` is undefined where all is well. */
export type Report = { readonly trying: string } | { readonly failed: string | undefined };

/** What a parser of small files may hold at once. */
const mostBytes = 256e6;

const { name, folder, seed, runs } = workerData as Order;
const send = (report: Report): void => parentPort?.postMessage(report);
const subject = await (subjects[name] as (folder: string) => Promise<Subject>)(folder);
await subject.parse(); // undamaged, it must be read

const peakBefore = process.resourceUsage().maxRSS;
const found = await fc.check(
  fc.asyncProperty(fc.constantFrom(...subject.files), mutations, async (file, damage) => {
    send({ trying: JSON.stringify({ file, damage }) });
    const path = join(folder, file);
    const whole = readFileSync(path);
    const damaged = mutate(subject.unwrap?.(whole) ?? whole, damage);
    writeFileSync(path, subject.wrap?.(damaged) ?? damaged);
    try {
      await subject.parse();
    } catch (error) {
      if (!Problem.is(error)) throw error;
    } finally {
      writeFileSync(path, whole);
    }
    refuseMuchMemory();
  }),
  { seed, numRuns: runs },
);
send({ failed: found.failed ? `${fc.defaultReportMessage(found)}\n${stackOf(found.errorInstance)}` : undefined });

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function refuseMuchMemory(): void {
  const grown = 1024 * (process.resourceUsage().maxRSS - peakBefore);
  const { arrayBuffers } = process.memoryUsage();
  if (arrayBuffers > mostBytes) throw new Error(`it holds ${(arrayBuffers / 1e6).toFixed(0)} MB in buffers`);
  if (grown > 2 * mostBytes) throw new Error(`the process grew by ${(grown / 1e6).toFixed(0)} MB`);
}
