import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseProcessStat, processIds, processStat } from '../../cache/process-stat.ts';

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc here';

test('a process is told of whatever its name holds', () => {
  const stats = fc.record({
    state: fc.constantFrom('R', 'S', 'D', 'Z', 'X', 'T'),
    parent: fc.nat(),
    group: fc.nat(),
    hasTerminal: fc.boolean(),
    startTicks: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  });
  fc.assert(
    fc.property(fc.string(), stats, (name, { state, parent, group, hasTerminal, startTicks }) => {
      const between = [group, hasTerminal ? 34816 : 0, ...Array.from({ length: 14 }, (_, i) => i)].join(' ');
      assert.deepEqual(parseProcessStat(`7 (${name}) ${state} ${parent} ${group} ${between} ${startTicks} 1 2 3\n`), {
        hasEnded: state === 'Z' || state === 'X',
        parent,
        group,
        hasTerminal,
        startTicks: String(startTicks),
      });
    }),
  );
});

test('a child leads its group, lives, and is unknown once it was waited for', { skip }, async (t) => {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  const stat = processStat(pid);
  assert.equal(stat?.parent, process.pid);
  assert.equal(stat.group, pid);
  assert.equal(stat.hasEnded, false);
  assert.ok(Number(stat.startTicks) >= Number(processStat(process.pid)?.startTicks));
  assert.ok(processIds().includes(pid));

  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(processStat(pid), undefined);
});
