import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toUint8 } from '../../../../tasks/formats/image/to-uint8.ts';

test('colours become the bytes that openpi sends', () => {
  // `convert_to_uint8` of the golden images.json, run in openpi's own code.
  const colours = Float32Array.of(0, 0.5, 0.9990000128746033, 1, 0.20000000298023224, 0.003921568859368563);
  assert.deepEqual([...toUint8(colours)], [0, 127, 254, 255, 51, 1]);
});
