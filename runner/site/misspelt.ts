import type { z } from 'zod';
import { nearest } from '../../tasks/core/nearest.ts';

/** Says of a word that a schema does not know which one was likely meant; undefined leaves the schema's own words. */
export const misspelt: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    return meant(issue.input, issue.values.map(String));
  }
  if (issue.code !== 'unrecognized_keys') return undefined;
  const def = (issue.inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def;
  const known = Object.keys(def?.shape ?? {});
  const words = issue.keys.map((key) => meant(key, known));
  return words.every((word) => word === undefined)
    ? undefined
    : issue.keys.map((key, i) => words[i] ?? `There is no "${key}".`).join(' ');
};

function meant(word: string, known: readonly string[]): string | undefined {
  const likely = nearest(word, known);
  return likely && `There is no "${word}"; did you mean "${likely}"?`;
}
