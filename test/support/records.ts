import type { Json } from '../../cache/canonical-json.ts';
import { fingerprint, type Recipe } from '../../cache/recipe.ts';
import type { NodeRecord } from '../../cache/records.ts';

/** A record that differs by its seed. */
export function aRecord({
  seed = 0,
  text = '',
  task = 'train',
  outputs = { score: 1 },
}: {
  seed?: number;
  text?: string;
  task?: string;
  outputs?: Record<string, Json>;
}): NodeRecord {
  const recipe: Recipe = { format: 1, task, inputs: { seed, text }, outputs: { score: 'number' } };
  return {
    format: 1,
    fingerprint: fingerprint(recipe),
    recipe,
    outputs,
    provenance: {
      run: '0001',
      node: `${task} seed=${seed}`,
      host: 'here',
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:00:01.000Z',
      seconds: 1,
      attempts: 1,
    },
  };
}
