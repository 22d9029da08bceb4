import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { misfits } from './fit.ts';
import { nearest } from './nearest.ts';
import { type CallOptions, refsIn } from './node.ts';
import type { Shape } from './spec.ts';

const optionNames = ['label', 'resources', 'retries'] satisfies (keyof CallOptions)[];

/**
 * Checks what can be checked when a task is called: unknown and missing inputs and options, every input that holds no ref,
 * and refs to what cannot fit.
 * Throws `wrong-inputs` with all problems at once.
 */
export function checkCall(
  what: string,
  shape: Shape,
  inputs: Readonly<Record<string, unknown>>,
  options: CallOptions,
): void {
  const problems = [
    ...unknown('input', Object.keys(inputs), Object.keys(shape)),
    ...wrongInputs(shape, inputs),
    ...unknown('option', Object.keys(options), optionNames),
  ];
  if (problems.length === 0) return;
  throw new Problem('wrong-inputs', [`${what} was called with wrong inputs:`, ...problems].join('\n  '));
}

function unknown(sort: 'input' | 'option', given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const likely = nearest(name, known);
      if (likely) return `${name}: no such ${sort}; did you mean "${likely}"?`;
      return `${name}: no such ${sort}; ${known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`}`;
    });
}

function wrongInputs(shape: Shape, inputs: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(shape).flatMap(([name, type]) => {
    const value = inputs[name];
    if (refsIn(value).length > 0) return misfits(type, value, name);
    const parsed = type.safeParse(value);
    return parsed.success ? [] : [`${name}: ${oneLine(parsed.error)}`];
  });
}

function oneLine(error: z.ZodError): string {
  return error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ');
}
