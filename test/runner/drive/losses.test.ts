import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../../cache/problem.ts';
import { Losses } from '../../../runner/drive/losses.ts';

const lost = (what: string): Problem => new Problem('damaged-blob', `${what} is damaged.`);

test('a loss is told, and calls for one new pass', () => {
  const told: string[] = [];
  const losses = new Losses((message) => told.push(message));
  assert.equal(losses.isLoss(new Problem('tree-missing', 'It is gone.', { hint: 'Look again.' })), true);
  assert.deepEqual([told, losses.callsForNewPass], [['It is gone. Look again.'], true]);
  losses.newPass();
  assert.equal(losses.callsForNewPass, false);
});

test('an error of another sort is no loss', () => {
  const losses = new Losses(assert.fail);
  for (const error of [new Error('tree-missing'), new Problem('disk-full', 'No room.'), undefined]) {
    assert.equal(losses.isLoss(error), false);
  }
  assert.equal(losses.callsForNewPass, false);
});

test('a store that loses the same thing a fourth time is given up', () => {
  const losses = new Losses(() => {});
  for (let time = 1; time <= 3; time += 1) {
    losses.isLoss(lost('the model'));
    losses.newPass();
  }
  losses.isLoss(lost('the model'));
  assert.throws(() => losses.newPass(), { code: 'store-unreliable' });
});

test('losses of many things do not add up', () => {
  const losses = new Losses(() => {});
  for (let seed = 0; seed < 20; seed += 1) losses.isLoss(lost(`model ${seed}`));
  losses.newPass();
  assert.equal(losses.callsForNewPass, false);
});
