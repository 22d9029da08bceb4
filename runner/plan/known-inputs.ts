import { z } from 'zod';
import { kindOf } from '../../tasks/core/artifact.ts';
import { refsIn } from '../../tasks/core/node.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { inputPlace } from '../keys/places.ts';

export type Inputs = Readonly<Record<string, unknown>>;

/** Inputs as they stand before anything ran. */
export interface GivenInputs {
  /** Those that no other task makes, with defaults filled in. */
  readonly known: Inputs;
  /** The types of the others, by name. */
  readonly unknown: readonly (readonly [string, z.ZodType])[];
}

export function givenInputs({ inputs: shape }: TaskSpec, given: Inputs): GivenInputs {
  const known: Record<string, unknown> = {};
  const unknown: (readonly [string, z.ZodType])[] = [];
  for (const [name, type] of Object.entries(shape)) {
    if (refsIn(given[name]).length > 0) {
      unknown.push([name, type]);
      continue;
    }
    const parsed = type.safeParse(given[name]);
    if (parsed.success) known[name] = parsed.data;
  }
  return { known, unknown };
}

/** How many guesses are made at inputs that do not exist yet. */
const guesses = 3;

/**
 * The inputs with stand-ins for what other tasks make, several times with others: what is the same with all of them does not
 * hang on what comes. None when a type does not say what its values look like.
 */
export function* guessedInputs({ known, unknown }: GivenInputs): Generator<Inputs> {
  const count = unknown.length === 0 ? 1 : guesses;
  for (let guess = 0; guess < count; guess += 1) {
    const guessed: Record<string, unknown> = { ...known };
    for (const [name, type] of unknown) {
      const value = standIn(type, inputPlace(name), guess);
      if (value === unguessable) return;
      guessed[name] = value;
    }
    yield guessed;
  }
}

const unguessable = Symbol('unguessable');

function standIn(type: z.ZodType, place: string, guess: number): unknown {
  const kind = kindOf(type);
  if (kind) {
    const meta = standIn(kind.meta, place, guess);
    if (meta === unguessable) return unguessable;
    return { kind: kind.name, digest: `sha256:${String(guess).repeat(64)}`, path: place, meta };
  }
  if (type instanceof z.ZodOptional || type instanceof z.ZodNullable || type instanceof z.ZodDefault) {
    return standIn(type.def.innerType as z.ZodType, place, guess);
  }
  if (type instanceof z.ZodArray) {
    const element = standIn(type.element as z.ZodType, place, guess);
    return element === unguessable ? unguessable : [element];
  }
  if (type instanceof z.ZodObject) {
    const fields: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(type.shape as Record<string, z.ZodType>)) {
      fields[key] = standIn(field, `${place}.${key}`, guess);
      if (fields[key] === unguessable) return unguessable;
    }
    return fields;
  }
  if (type instanceof z.ZodUnion) return standIn(type.options[guess % type.options.length] as z.ZodType, place, guess);
  if (type instanceof z.ZodEnum) return type.options[guess % type.options.length];
  if (type instanceof z.ZodBoolean) return guess % 2 === 0;
  if (type instanceof z.ZodNumber) return guess + 1;
  if (type instanceof z.ZodString) return place;
  return unguessable;
}
