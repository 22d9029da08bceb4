import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { nearest } from './nearest.ts';
import { refsIn } from './node.ts';
import type { Shape } from './spec.ts';

/**
 * Checks what can be checked when a task is called: unknown and missing inputs, and every input that holds no ref.
 * Throws `wrong-inputs` with all problems at once.
 */
export function checkCall(what: string, shape: Shape, inputs: Readonly<Record<string, unknown>>): void {
  const problems = [...unknownInputs(shape, inputs), ...wrongInputs(shape, inputs)];
  if (problems.length === 0) return;
  throw new Problem('wrong-inputs', [`${what} was called with wrong inputs:`, ...problems].join('\n  '));
}

function unknownInputs(shape: Shape, inputs: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(inputs)
    .filter((name) => !Object.hasOwn(shape, name))
    .map((name) => {
      const suggestion = nearest(name, Object.keys(shape));
      return `${name}: no such input${suggestion ? `; did you mean "${suggestion}"?` : ''}`;
    });
}

function wrongInputs(shape: Shape, inputs: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(shape).flatMap(([name, type]) => {
    const value = inputs[name];
    if (refsIn(value).length > 0) return [];
    const parsed = type.safeParse(value);
    return parsed.success ? [] : [`${name}: ${oneLine(parsed.error)}`];
  });
}

function oneLine(error: z.ZodError): string {
  return error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ');
}

/** Where the caller of `task` or `service` stands, as `file:line:column`; its file's source is the task's code. */
export function callSite(above: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, above);
  const frame = holder.stack?.split('\n')[1] ?? '';
  return /\(([^()]+)\)$/.exec(frame)?.[1] ?? frame.replace(/^\s*at (async )?/, '');
}
