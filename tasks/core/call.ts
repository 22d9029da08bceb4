import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { isArtifact } from './artifact.ts';
import { kindOfRef, misfits } from './fit.ts';
import { nearest } from './nearest.ts';
import { type CallOptions, refsIn } from './node.ts';
import { isRef } from './ref.ts';
import type { Shape, TaskSpec } from './spec.ts';

const optionNames = ['label', 'resources', 'retries'] satisfies (keyof CallOptions)[];

type Checked = Pick<TaskSpec, 'name' | 'inputs' | 'contradictions'>;

/**
 * Checks what can be checked when a task is called: unknown and missing inputs and options, every input that holds no ref,
 * refs to what cannot fit, and inputs that contradict each other.
 * Throws `wrong-inputs` with all problems at once.
 */
export function checkCall(
  { name, inputs: shape, contradictions }: Checked,
  inputs: Readonly<Record<string, unknown>>,
  options: CallOptions,
): void {
  const wrong = wrongInputs(shape, inputs);
  const problems = [
    ...unknown('input', Object.keys(inputs), Object.keys(shape)),
    ...wrong,
    ...unknown('option', Object.keys(options), optionNames),
    ...(contradictions && wrong.length === 0 ? contradictions(knownOf(shape, inputs), kindsOf(inputs)) : []),
  ];
  refuse(name, problems);
}

/** The same of inputs that are all there. Throws `wrong-inputs`. */
export function refuseContradictions(
  { name, contradictions }: Checked,
  inputs: Readonly<Record<string, unknown>>,
): void {
  if (contradictions) refuse(name, contradictions(inputs, kindsOf(inputs)));
}

function refuse(what: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new Problem('wrong-inputs', [`${what} was called with wrong inputs:`, ...problems].join('\n  '));
}

function kindsOf(inputs: Readonly<Record<string, unknown>>): Record<string, string> {
  const kinds = Object.entries(inputs).flatMap(([name, value]) => {
    const kind = isArtifact(value) ? value.kind : isRef(value) ? kindOfRef(value) : undefined;
    return kind === undefined ? [] : [[name, kind] as const];
  });
  return Object.fromEntries(kinds);
}

/** With defaults; what refs stand for is absent. */
function knownOf(shape: Shape, inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.entries(shape).filter(([name]) => refsIn(inputs[name]).length === 0);
  return Object.fromEntries(known.map(([name, type]) => [name, type.parse(inputs[name])]));
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
