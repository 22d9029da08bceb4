import { parentPort } from 'node:worker_threads';
import { digestFileSync } from './digest.ts';

parentPort?.on('message', (path: string) => parentPort?.postMessage(digestFileSync(path)));
