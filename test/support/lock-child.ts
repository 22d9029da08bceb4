import { acquireLock } from '../../cache/lock.ts';

/** Tries to lock each key that it is told on stdin; answers `held` or `busy`. It releases nothing. */
const [folder = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  for (const key of text.split('\n').filter(Boolean)) {
    process.stdout.write(acquireLock(folder, key, { owner: `child ${process.pid}` }) ? 'held\n' : 'busy\n');
  }
});
