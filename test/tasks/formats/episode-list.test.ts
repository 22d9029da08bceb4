import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatEpisodeList, parseEpisodeList } from '../../../tasks/formats/episode-list.ts';

test('a list has one line for each dataset with episodes', () => {
  const choices = [
    { dataset: '/data/demos', episodes: [0, 2, 10] },
    { dataset: 'rollouts/070000', episodes: [] },
    { dataset: 'rollouts/150000', episodes: [7] },
  ];
  assert.equal(formatEpisodeList(choices), '/data/demos 0,2,10\nrollouts/150000 7\n');
});

test('any list comes back from its text', () => {
  const name = fc.stringMatching(/^[a-z/][a-z/0-9.]{0,20}$/);
  const choice = fc.record(
    { dataset: name, episodes: fc.array(fc.nat(), { minLength: 1 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(choice), (choices) => {
      assert.deepEqual(parseEpisodeList(formatEpisodeList(choices)), choices);
    }),
  );
});

test('a wrong line is a problem that shows it, with its number', () => {
  for (const line of ['demos', 'demos 1, 2', 'demos a', 'demos 1,', ' 1']) {
    assert.throws(() => parseEpisodeList(`fine 1\n${line}\n`), { code: 'wrong-episode-list', message: /Line 2/ });
  }
});
