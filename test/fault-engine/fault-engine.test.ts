import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { drawnRounds, faultNames } from './drawn-round.ts';
import { faultRules } from './faults.ts';
import { knockOuts, shortened } from './knock-outs.ts';
import { evaluate } from './reference.ts';
import { playRound } from './round.ts';
import { copySubject, replaced } from './subject.ts';
import { firstWorld } from './world.ts';

const all = [{ name: 'shortened', replacements: shortened }].concat(
  Object.entries(knockOuts).map(([name, { replacements }]) => ({ name, replacements })),
);

for (const { name, replacements } of all) {
  test(`what ${name} replaces for the fault engine is in the compiled code, once`, () => {
    for (const replacement of replacements) {
      const text = readFileSync(join(packageRoot(), 'dist', replacement.file), 'utf8');
      assert.notEqual(replaced(text, replacement), text);
    }
  });
}

test('a knock-out names faults that there are', () => {
  for (const { faults } of Object.values(knockOuts)) {
    for (const fault of faults) assert.ok(fault in faultRules, fault);
  }
});

test('the reference gives the same for the same draw, and another number for another constant', () => {
  fc.assert(
    fc.property(drawnRounds(faultNames, 1), ({ steps }) => {
      assert.deepEqual(evaluate(steps, firstWorld), evaluate(steps, firstWorld));
      const { none } = evaluate(steps, { ...firstWorld, k: [7] }).all;
      assert.notEqual(none, evaluate(steps, firstWorld).all.none);
    }),
  );
});

test('a graph of every sort of node comes to what the reference says', { timeout: 120_000 }, async (t) => {
  const subject = copySubject(join(tempFolder(t), 'stet'), shortened);
  const calm = { name: 'none', when: { event: 0 }, chance: 0, edit: { slot: 'comment', at: 0, value: 1 } } as const;
  const act = { edits: [], isUndone: false, drivers: 1, hasOther: false, force: false, fault: calm } as const;
  await playRound(
    {
      isLinked: false,
      acts: [act, { ...act, edits: [calm.edit] }],
      steps: [
        { is: 'add', from: [0, 0], salt: 1 },
        { is: 'body0', from: 1, salt: 2 },
        { is: 'made', from: 1, salt: 0 },
        { is: 'py1', from: 2, salt: 1 },
        { is: 'asked', from: 2, salt: 1 },
        { is: 'data', place: 1 },
        { is: 'adopted' },
        { is: 'train', from: 1, salt: 1 },
        { is: 'each', list: 0, salt: 1, body: 'add', isFiltered: false },
        { is: 'pairs', from: 1, salt: 1 },
        { is: 'each', list: 2, salt: 1, body: 'py0', isFiltered: true },
        { is: 'keyed', from: 1, salt: 1 },
        { is: 'each', list: 4, salt: 1, body: 'made', isFiltered: false },
        { is: 'gather', list: 5, salt: 0 },
        { is: 'file', from: 1, isBig: true },
        { is: 'fact', of: 1, salt: 0 },
        { is: 'hash', of: 1, salt: 0 },
        { is: 'seen', of: 1, salt: 0 },
      ],
    },
    { subject, count: () => undefined },
  );
});
