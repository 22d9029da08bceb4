import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { snappyUncompress } from 'hyparquet';
import { checkSnappy } from '../../../../tasks/formats/parquet/check-snappy.ts';

/** A literal of five bytes, a copy of four of them, and a copy of three with an offset of two bytes. */
const whole = Uint8Array.of(12, 4 << 2, 1, 2, 3, 4, 5, 1, 5, (2 << 2) | 2, 2, 0);

test('a whole stream passes', () => {
  checkSnappy(whole, 12);
  const out = new Uint8Array(12);
  snappyUncompress(whole, out);
  assert.deepEqual([...out], [1, 2, 3, 4, 5, 1, 2, 3, 4, 3, 4, 3]);
});

test('a literal whose length would be read as negative is refused', () => {
  const backwards = Uint8Array.of(8, 63 << 2, 0xf5, 0xff, 0xff, 0xff, 0, 0, 0, 0);
  assert.throws(() => checkSnappy(backwards, 8), /beyond its page/);
});

test('what passes is decoded at once, whatever its bytes are', () => {
  const bytes = fc.array(fc.oneof(fc.constantFrom(0, 0xff, 63 << 2, 62 << 2, 1, 2, 3), fc.nat(255)), { maxLength: 40 });
  fc.assert(
    fc.property(bytes, fc.nat(64), (input, size) => {
      const stream = Uint8Array.from(input);
      try {
        checkSnappy(stream, size);
      } catch {
        return; // refused, so nobody decodes it
      }
      try {
        snappyUncompress(stream, new Uint8Array(size));
      } catch {
        // offsets are the decoder's to check; what counts is that it ends
      }
    }),
    { numRuns: 20_000 },
  );
});
