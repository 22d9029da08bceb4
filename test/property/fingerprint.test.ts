import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../cache/canonical-json.ts';
import { fingerprint, type Recipe, recipeDifference } from '../../cache/recipe.ts';

const words = fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== '__proto__');
const table = fc.dictionary(words, words, { maxKeys: 4 });
/** As canonical JSON: no -0. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);

const recipes: fc.Arbitrary<Recipe> = fc.record(
  {
    format: fc.constant(1 as const),
    task: words,
    inputs: fc.dictionary(words, json, { maxKeys: 4 }),
    meta: fc.dictionary(words, json, { maxKeys: 4 }),
    outputs: table,
    command: fc.array(words, { maxLength: 4 }),
    code: table,
    body: words,
    closure: fc.dictionary(words, json, { maxKeys: 4 }),
    version: words,
    files: table,
    env: table,
    observed: json,
  },
  { requiredKeys: ['format', 'task', 'inputs', 'outputs'] },
);

/** One field of a recipe and the same field of another. A new field of `Recipe` that is not named here does not compile. */
const fields: Record<Exclude<keyof Recipe, 'format'>, true> = {
  task: true,
  inputs: true,
  meta: true,
  outputs: true,
  command: true,
  code: true,
  body: true,
  closure: true,
  version: true,
  files: true,
  env: true,
  observed: true,
};

for (const field of Object.keys(fields) as (keyof typeof fields)[]) {
  test(`the fingerprint changes if and only if ${field} does`, () => {
    fc.assert(
      fc.property(recipes, recipes, (recipe, other) => {
        const changed = { ...recipe, [field]: other[field] ?? recipe[field] } as Recipe;
        const present = Object.fromEntries(
          Object.entries(changed).filter(([, value]) => value !== undefined),
        ) as unknown as Recipe;
        const isSame = sorted(present[field]) === sorted(recipe[field]);
        assert.equal(fingerprint(present) === fingerprint(recipe), isSame);
        // Absent and empty read alike, so that difference has no words.
        if (!isSame && isEmpty(present[field]) && isEmpty(recipe[field])) return;
        assert.equal(recipeDifference(recipe, present).length === 0, isSame);
      }),
    );
  });
}

test('a field that is absent has another fingerprint than one that is empty', () => {
  const recipe: Recipe = { format: 1, task: 'a', inputs: {}, outputs: {} };
  const variants = [
    recipe,
    { ...recipe, command: [] },
    { ...recipe, env: {} },
    { ...recipe, files: {} },
    { ...recipe, code: {} },
    { ...recipe, closure: {} },
    { ...recipe, meta: {} },
    { ...recipe, observed: null },
  ];
  assert.equal(new Set(variants.map(fingerprint)).size, variants.length);
});

test('the order of keys does not count', () => {
  fc.assert(
    fc.property(recipes, (recipe) => {
      const turned = Object.fromEntries(Object.entries(recipe).reverse()) as unknown as Recipe;
      const inputs = Object.fromEntries(Object.entries(recipe.inputs).reverse());
      assert.equal(fingerprint({ ...turned, inputs }), fingerprint(recipe));
    }),
  );
});

/** Another way to compare values than the one under test. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const pairs = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${sorted(inner)}`);
  return `{${pairs.sort().join()}}`;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
