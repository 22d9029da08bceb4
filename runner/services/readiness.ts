import { closeSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Readiness } from '../../tasks/core/spec.ts';
import { openRegular } from '../../cache/regular-file.ts';

/** Between two looks, in milliseconds. */
const pollMs = 100;
/** How long one answer may take, in milliseconds. */
const answerMs = 2000;

export interface ServerOutside {
  readonly port: number;
  /** What the service prints. */
  readonly log: string;
  /** Aborted when it need not be waited for any more. */
  readonly signal: AbortSignal;
}

/** Waits until a service is up; false when its time is over or the waiting was. */
export async function becomesReady(ready: Readiness, { port, log, signal }: ServerOutside): Promise<boolean> {
  const end = performance.now() + ready.withinSeconds * 1000;
  const look = 'http' in ready ? () => answers(port, ready.http, signal) : lineWatch(log, ready.line);
  while (!signal.aborted && performance.now() < end) {
    if (await look()) return !signal.aborted;
    await delay(pollMs, undefined, { signal }).catch(() => {}); // told by the condition above
  }
  return false;
}

/** How readiness is looked for, in words. */
export function readinessInWords(ready: Readiness): string {
  return 'http' in ready ? `${ready.http} did not answer 200` : `it did not print a line like ${String(ready.line)}`;
}

async function answers(port: number, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false; // not there yet
  }
}

/** Looks at the whole lines that came since the last look. */
function lineWatch(path: string, line: RegExp): () => Promise<boolean> {
  const pattern = new RegExp(line.source, line.flags.replace(/[gy]/g, ''));
  const buffer = Buffer.alloc(64 * 1024);
  let offset = 0;
  let rest = Buffer.alloc(0);
  return async () => {
    const file = opened(path);
    if (file === undefined) return false;
    try {
      for (let read = 1; read > 0; ) {
        read = readSync(file, buffer, 0, buffer.length, offset);
        offset += read;
        rest = Buffer.concat([rest, buffer.subarray(0, read)]);
      }
    } finally {
      closeSync(file);
    }
    const end = rest.lastIndexOf(10) + 1;
    const lines = rest.subarray(0, end).toString('utf8').split(/\r?\n/);
    rest = rest.subarray(end);
    return lines.some((text) => pattern.test(text));
  };
}

/** Undefined when there is no file (yet). */
function opened(path: string): number | undefined {
  try {
    return openRegular(path);
  } catch {
    return undefined;
  }
}
