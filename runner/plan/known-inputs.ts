import { z } from 'zod';
import { kindOf } from '../../tasks/core/artifact.ts';
import { refsIn } from '../../tasks/core/node.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { inputPlace } from '../keys/places.ts';

type Inputs = Readonly<Record<string, unknown>>;

/** The inputs that no other task makes, with defaults filled in. */
export function knownInputs({ inputs: shape }: TaskSpec, given: Inputs): Record<string, unknown> {
  const known = Object.entries(shape).flatMap(([name, type]) => {
    if (refsIn(given[name]).length > 0) return [];
    const parsed = type.safeParse(given[name]);
    return parsed.success ? [[name, parsed.data]] : [];
  });
  return Object.fromEntries(known) as Record<string, unknown>;
}

/** How many guesses are made at inputs that do not exist yet. */
const guesses = 3;

/**
 * The inputs with stand-ins for what other tasks make, several times with others: what is the same with all of them does not
 * hang on what comes. Empty when a type does not say what its values look like.
 */
export function guessedInputs(spec: TaskSpec, given: Inputs): Inputs[] {
  const known = knownInputs(spec, given);
  const unknown = Object.entries(spec.inputs).filter(([name]) => refsIn(given[name]).length > 0);
  if (unknown.length === 0) return [known];
  try {
    return Array.from({ length: guesses }, (_, guess) => ({
      ...known,
      ...Object.fromEntries(unknown.map(([name, type]) => [name, standIn(type, inputPlace(name), guess)])),
    }));
  } catch (error) {
    if (error instanceof Unguessable) return [];
    throw error;
  }
}

class Unguessable extends Error {}

function standIn(type: z.ZodType, place: string, guess: number): unknown {
  const kind = kindOf(type);
  if (kind) {
    const meta = standIn(kind.meta, place, guess);
    return { kind: kind.name, digest: `sha256:${String(guess).repeat(64)}`, path: place, meta };
  }
  if (type instanceof z.ZodOptional || type instanceof z.ZodNullable || type instanceof z.ZodDefault) {
    return standIn(type.def.innerType as z.ZodType, place, guess);
  }
  if (type instanceof z.ZodArray) return [standIn(type.element as z.ZodType, place, guess)];
  if (type instanceof z.ZodObject) {
    const fields = Object.entries(type.shape as Record<string, z.ZodType>);
    return Object.fromEntries(fields.map(([key, field]) => [key, standIn(field, `${place}.${key}`, guess)]));
  }
  if (type instanceof z.ZodUnion) return standIn(type.options[guess % type.options.length] as z.ZodType, place, guess);
  if (type instanceof z.ZodEnum) return type.options[guess % type.options.length];
  if (type instanceof z.ZodBoolean) return guess % 2 === 0;
  if (type instanceof z.ZodNumber) return guess + 1;
  if (type instanceof z.ZodString) return place;
  throw new Unguessable();
}
