import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { isUncounted, uncounted } from '../../../tasks/core/uncounted.ts';

test('an input that does not count still does not when its type is refined, described or wrapped after it was marked', () => {
  const marked = uncounted(z.string());
  const later: Record<string, z.ZodType> = {
    refined: marked.min(1),
    described: marked.describe('a folder'),
    'with a default': marked.default('/data'),
    optional: marked.optional(),
    nullable: marked.nullable(),
    'read only': marked.readonly(),
    'several at once': marked.min(1).optional().default('/data'),
  };
  const lost = Object.entries(later).filter(([, type]) => !isUncounted(type));
  assert.deepEqual(
    lost.map(([how]) => how),
    [],
  );
});

test('what was never marked counts, whatever it is made of', () => {
  const types = [z.string(), z.string().default('/data'), z.array(uncounted(z.string())), undefined];
  assert.deepEqual(types.map(isUncounted), [false, false, false, false]);
});
