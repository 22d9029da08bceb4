import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keptSteps, rangesText, readRanges, writeRanges } from '../../../tasks/formats/idle-ranges.ts';
import { golden, goldenPath } from '../../support/openpi-golden.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('what is read is written again byte for byte', async (t) => {
  const path = join(tempFolder(t), 'ranges.json');
  const original = goldenPath('nonidle/keep_ranges.expected.json');
  await writeRanges(path, await readRanges(original));
  assert.equal(readFileSync(path, 'utf8'), readFileSync(original, 'utf8'));
});

test('keys are written in ASCII, as Python does', () => {
  const text = rangesText(
    new Map([
      ['a/ü"\u{1f916}\u007f\n--b', [[0, 6]]],
      ['c--d', []],
    ]),
  );
  assert.equal(text, '{"a/\\u00fc\\"\\ud83e\\udd16\\u007f\\n--b": [[0, 6]], "c--d": []}');
  assert.equal(rangesText(new Map()), '{}');
});

test('ranges keep the frames that openpi would keep', async () => {
  interface Filter {
    readonly num_frame_keys: number;
    readonly lookups: readonly { readonly frame_key: string; readonly passes: boolean }[];
  }
  const { num_frame_keys, lookups } = golden<Filter>('nonidle/frame_filter.expected.json');
  const ranges = await readRanges(goldenPath('nonidle/keep_ranges.expected.json'));
  const kept = [...ranges].map(([key, episode]) => ({ key, steps: keptSteps(episode, 10_000) }));
  assert.equal(
    kept.reduce((sum, { steps }) => sum + steps.filter(Boolean).length, 0),
    num_frame_keys,
  );
  for (const { frame_key, passes } of lookups) {
    const at = frame_key.lastIndexOf('--');
    const found = keptSteps(ranges.get(frame_key.slice(0, at)), 10_000)[Number(frame_key.slice(at + 2))];
    assert.equal(found === 1, passes, frame_key);
  }
});

test('ranges past the end and overlapping ones keep what there is', () => {
  assert.deepEqual(
    [
      ...keptSteps(
        [
          [1, 3],
          [2, 4],
          [5, 99],
        ],
        7,
      ),
    ],
    [0, 1, 1, 1, 0, 1, 1],
  );
  assert.deepEqual([...keptSteps(undefined, 2)], [0, 0]);
});

test('a file of another shape is refused', async (t) => {
  const path = join(tempFolder(t), 'ranges.json');
  writeFileSync(path, '{"a--b": [[1]]}');
  await assert.rejects(readRanges(path), { code: 'wrong-shape' });
});
