import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandDifference } from '../../cache/command-difference.ts';

const cases: readonly (readonly [string, string, string, string])[] = [
  ['a value behind its flag', 'train --lr 0.05 --wd 0.03', 'train --lr 0.03 --wd 0.03', '--lr 0.05 -> 0.03'],
  ['two values that were swapped', 'x --a 1 --b 2', 'x --a 2 --b 1', '--a 1 -> 2, --b 2 -> 1'],
  ['a value behind an equals sign', 'x --steps=20 y', 'x --steps=40 y', '--steps 20 -> 40'],
  ['a flag that came with its value', 'x --a 1', 'x --a 1 --b 2', '+ --b 2'],
  ['a flag that went', 'x --fast --a 1', 'x --a 1', '- --fast'],
  ['one of several values of a flag', 'x --gpus 0 1 2', 'x --gpus 0 1 2 3', '--gpus 0 1 2 -> 0 1 2 3'],
  ['a value that is there twice', 'x 1 1 y', 'x 1 y', '- 1'],
  ['another program', 'python a.py', 'python3 a.py', 'python -> python3'],
  ['another flag', 'x --slow 1', 'x --fast 1', '--slow 1 -> --fast 1'],
  ['a negative number', 'x --from -1', 'x --from -2', '--from -1 -> -2'],
];

for (const [what, before, after, words] of cases) {
  test(`the difference of two commands names ${what}`, () => {
    assert.equal(commandDifference(before.split(' '), after.split(' ')), `command changed: ${words}`);
  });
}

test('very long commands are compared at once too', () => {
  const long = Array.from({ length: 20_000 }, (_, i) => `file-${i}`);
  const changed = ['x', ...long.toReversed(), 'y'];
  assert.ok(commandDifference(['x', ...long], changed).length < 200);
});
