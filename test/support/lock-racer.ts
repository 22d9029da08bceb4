import { appendFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { acquireLock } from '../../cache/lock.ts';

/** Takes and releases one lock `count` times; writes `+` and `-` to a file while it holds it. */
const [folder = '', path = '', count = '0'] = process.argv.slice(2);
let done = 0;
while (done < Number(count)) {
  const lock = acquireLock(folder, 'key', { owner: 'racer' });
  if (lock) {
    appendFileSync(path, '+');
    if (done % 10 === 0) await nextTurn();
    appendFileSync(path, '-');
    lock.release();
    done += 1;
  }
  await nextTurn();
}
