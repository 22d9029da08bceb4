import type { Worker } from 'node:worker_threads';
import { Problem } from '../../../cache/problem.ts';
import { startThread } from '../../../cache/thread.ts';
import { siblingModule } from '../../core/sibling-module.ts';
import type { BatchMessage, Failure, InferenceJob, InferenceMessage, Outcome } from './inference-worker.ts';

export interface BatchResult {
  /** One for each row. */
  readonly outcomes: readonly Outcome[];
  /** The policy's own time. */
  readonly inferMs: number;
}

/** A policy in a thread of its own, which takes one batch at a time. */
export interface Inference {
  run(batch: BatchMessage): Promise<BatchResult>;
  close(): Promise<void>;
}

/** Threads that may die one after the other, without a batch in between that went well. */
const mostDeaths = 3;

/**
 * Loads the policy in a thread; gives it when it is ready. A thread that dies takes its batch with it, and another is started
 * for the next, which `restarted` is told of. When it dies again and again, the policy is given up: `policy-lost`.
 */
export async function startInference(job: InferenceJob, restarted: () => void = () => {}): Promise<Inference> {
  let thread = await loadedThread(job);
  let deaths = 0;
  return {
    async run(batch) {
      if (!thread.isAlive()) {
        if (deaths >= mostDeaths) {
          throw new Problem('policy-lost', `The policy's thread died ${deaths} times in a row.`);
        }
        thread = await loadedThread(job);
        restarted();
      }
      try {
        const result = await thread.run(batch);
        deaths = 0;
        return result;
      } catch (error) {
        deaths += 1;
        throw error;
      }
    },
    close: () => thread.close(),
  };
}

interface Thread {
  isAlive(): boolean;
  run(batch: BatchMessage): Promise<BatchResult>;
  close(): Promise<void>;
}

async function loadedThread(job: InferenceJob): Promise<Thread> {
  const worker = startThread(siblingModule(import.meta.url, './inference-worker'), job);
  let alive = true;
  worker.once('exit', () => (alive = false));
  worker.once('error', () => (alive = false)); // its end follows a little later
  const first = await nextMessage(worker);
  if (first.type === 'unusable') {
    await worker.terminate();
    throw problemOf(first.failure);
  }
  return {
    isAlive: () => alive,
    async run(batch) {
      const answer = nextMessage(worker);
      worker.postMessage(batch, [batch.rows.buffer as ArrayBuffer]);
      const message = await answer;
      if (message.type !== 'done') throw new Problem('policy-crashed', `The policy's thread said "${message.type}".`);
      return message;
    },
    close: async () => void (await worker.terminate()),
  };
}

/** The thread's next word; a problem when it dies instead. */
function nextMessage(worker: Worker): Promise<InferenceMessage> {
  return new Promise((resolve, reject) => {
    const listeners = {
      message: (message: InferenceMessage) => settle(() => resolve(message)),
      error: (cause: Error) =>
        settle(() => reject(new Problem('policy-crashed', `The policy's thread died: ${cause.message}`, { cause }))),
      exit: (code: number) =>
        settle(() => reject(new Problem('policy-crashed', `The policy's thread ended with code ${code}.`))),
    };
    const settle = (then: () => void): void => {
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      then();
    };
    for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
  });
}

export function problemOf({ code, message, hint }: Failure): Problem {
  return new Problem(code, message, { hint });
}
