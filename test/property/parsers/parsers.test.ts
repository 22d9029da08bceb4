import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { tempFolder } from '../../support/temp-folder.ts';
import { subjects } from './subjects.ts';
import type { Order, Report } from './worker.ts';

/** A try of a damaged file that takes longer is a hang. */
const longestTryMs = 8_000;
/** With more, a failure is found sooner; PARSER_RUNS sets it, PARSER_SEED repeats one. */
const runs = Number(process.env.PARSER_RUNS ?? 150);
const seed = Number(process.env.PARSER_SEED ?? Math.floor(Math.random() * 2 ** 31));

for (const name of Object.keys(subjects)) {
  test(`${name}: damaged files are read, or refused with a problem, in time and without much memory`, async (t) => {
    const failed = await tried({ name, folder: tempFolder(t), seed, runs });
    if (failed !== undefined) assert.fail(`PARSER_SEED=${seed}: ${failed}`);
  });
}

/** In a thread of its own, which can be ended and whose memory is limited. Gives what went wrong. */
async function tried(order: Order): Promise<string | undefined> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  try {
    return await outcomeOf(worker);
  } finally {
    await worker.terminate();
  }
}

function outcomeOf(worker: Worker): Promise<string | undefined> {
  let trying = 'the undamaged files';
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve) => {
    const end = (failed: string | undefined): void => {
      clearTimeout(timer);
      resolve(failed);
    };
    const waitAnew = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => end(`it took longer than ${longestTryMs} ms with ${trying}`), longestTryMs);
    };
    waitAnew();
    worker.on('message', (report: Report) => {
      if ('failed' in report) return end(report.failed);
      trying = report.trying;
      waitAnew();
    });
    worker.on('error', (error) => end(`${error.stack ?? error} with ${trying}`));
    worker.on('exit', (code) => end(`the thread ended with ${code} with ${trying}`));
  });
}
