import type { Worker } from 'node:worker_threads';
import { Problem } from '../../../cache/problem.ts';
import { startThread } from '../../../cache/thread.ts';
import { siblingModule } from '../../core/sibling-module.ts';
import type { Ask, RecordsRead } from './read-record.ts';
import type { RecordsJob, RecordsReply } from './records-worker.ts';

/** Who reads records: threads, or this one. */
export interface Readers {
  /** Answers come in any order; each promise is that of its job. */
  readonly read: (job: RecordsJob) => Promise<RecordsRead>;
  /** How many jobs keep all readers busy. */
  readonly jobsAtOnce: number;
  readonly close: () => Promise<void>;
}

/** `count` threads that read records; with 1, they are read here. */
export async function startReaders(ask: Ask, count: number): Promise<Readers> {
  if (count > 1) return threads(ask, count);
  const { readHere } = await import('./records-worker.ts');
  return { read: async (job) => readHere(job, ask), jobsAtOnce: 1, close: async () => undefined };
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: { resolve: (read: RecordsRead) => void; reject: (error: Error) => void }[];
}

function threads(ask: Ask, count: number): Readers {
  const pool = Array.from({ length: count }, () => openThread(ask));
  let next = 0;
  return {
    read: (job) => {
      const thread = pool[next % count] as Thread;
      next += 1;
      return new Promise((resolve, reject) => {
        thread.waiting.push({ resolve, reject });
        thread.worker.postMessage(job);
      });
    },
    jobsAtOnce: 2 * count,
    close: async () => {
      await Promise.all(pool.map(({ worker }) => worker.terminate()));
    },
  };
}

function openThread(ask: Ask): Thread {
  const thread: Thread = {
    worker: startThread(siblingModule(import.meta.url, './records-worker'), { rldsAsk: ask }),
    waiting: [],
  };
  thread.worker.on('message', (reply: RecordsReply) => {
    const asked = thread.waiting.shift();
    if (reply.type === 'read') asked?.resolve(reply.read);
    else asked?.reject(new Problem(reply.code, reply.message, { hint: reply.hint }));
  });
  const fail = (cause: unknown): void => {
    for (const { reject } of thread.waiting.splice(0)) {
      reject(new Problem('reader-crashed', 'A thread that reads records ended on its own.', { cause }));
    }
  };
  thread.worker.on('error', fail);
  thread.worker.on('exit', fail);
  return thread;
}
