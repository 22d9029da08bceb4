import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { nearest } from './nearest.ts';
import { refsIn } from './node.ts';
import type { Shape } from './spec.ts';

/**
 * Checks what can be checked when a task is called: unknown and missing inputs, and every input that holds no ref.
 * Throws `wrong-inputs` with all problems at once.
 */
export function checkCall(what: string, shape: Shape, given: Readonly<Record<string, unknown>>): void {
  const problems = [...unknownInputs(shape, given), ...wrongInputs(shape, given)];
  if (problems.length === 0) return;
  throw new Problem('wrong-inputs', [`${what} was called with wrong inputs:`, ...problems].join('\n  '));
}

function unknownInputs(shape: Shape, given: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(given)
    .filter((name) => !Object.hasOwn(shape, name))
    .map((name) => {
      const known = nearest(name, Object.keys(shape));
      return `${name}: no such input${known ? `; did you mean "${known}"?` : ''}`;
    });
}

function wrongInputs(shape: Shape, given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(shape).flatMap(([name, type]) => {
    const value = given[name];
    if (refsIn(value).length > 0) return [];
    const parsed = type.safeParse(value);
    return parsed.success ? [] : [`${name}: ${oneLine(parsed.error)}`];
  });
}

function oneLine(error: z.ZodError): string {
  return error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ');
}
