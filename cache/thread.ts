import { Worker } from 'node:worker_threads';

/** Starts a module as a thread. Node 20 does not hand tsx on to threads, so one that runs from source loads it itself. */
export function startThread(module: URL, workerData?: unknown): Worker {
  if (!module.pathname.endsWith('.ts')) return new Worker(module, { workerData });
  const [tsx, entry] = [import.meta.resolve('tsx/esm/api'), module.href].map((url) => JSON.stringify(url));
  const source = `import(${tsx}).then(({ register }) => { register(); return import(${entry}); });`;
  return new Worker(source, { eval: true, workerData });
}
