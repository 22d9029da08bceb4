import { trainAndSave } from '../../../tasks/models/flow-policy/train-and-save.ts';
import { tinySettings } from './tiny-training.ts';

/** Trains in a process of its own: arguments are the paths, and the step after which the process kills itself. */
const [dataset = '', stats = '', folder = '', dieAfter = 'never'] = process.argv.slice(2);
const report = ({ done }: { done: number }): void => {
  if (String(done) === dieAfter) process.kill(process.pid, 'SIGKILL');
};
await trainAndSave({ dataset, stats, folder }, tinySettings, { report, signal: new AbortController().signal });
