import { z } from 'zod';
import { nearest } from '../../tasks/core/nearest.ts';
import type { Door } from '../executors/door.ts';

const mustBeFunction = (value: unknown): boolean => typeof value === 'function';
const isFunction = z.custom<unknown>(mustBeFunction, 'It must be a function.');

/** What every door has, whoever wrote it. */
const doorShape = z.looseObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'It must be a word of small letters, digits and -.'),
  place: z.string().optional(),
  site: z
    .custom<unknown>((value) => value instanceof Object && 'safeParse' in value, 'It must be a schema.')
    .optional(),
  make: isFunction,
  refusals: isFunction.optional(),
  examine: isFunction.optional(),
  left: z.looseObject({ queueStatuses: isFunction, end: isFunction }).optional(),
});

/** A door is kept as it was written: it may be an object of a class. */
const ownDoor = z.custom<Door>().superRefine((door, context) => {
  for (const { path, message } of doorShape.safeParse(door).error?.issues ?? [])
    context.addIssue({ code: 'custom', path, message });
  for (const [field, likely] of misspeltFields(door))
    context.addIssue({ code: 'custom', path: [field], message: `There is no "${field}"; did you mean "${likely}"?` });
});

/** A door may have fields of its own: only what is nearly the name of one that it lacks is taken for a mistake. */
function misspeltFields(door: object): [string, string][] {
  const fields = new Set<string>();
  for (let at = door; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const field of Object.getOwnPropertyNames(at)) fields.add(field);
  }
  const lacking = doorFields.filter((field) => !fields.has(field));
  return [...fields].flatMap((field): [string, string][] => {
    const likely = doorFields.includes(field) ? undefined : nearest(field, lacking);
    return likely ? [[field, likely]] : [];
  });
}

const doorFields: readonly string[] = [
  'name',
  'place',
  'site',
  'hostsServices',
  'programs',
  'left',
  'isSetUp',
  'make',
  'refusals',
  'examine',
] satisfies (keyof Door)[];

/** `doors` of a site file: executors of one's own, beside those whose names are taken. */
export function ownDoors(taken: readonly string[]) {
  return z.array(ownDoor).superRefine((doors, context) => {
    const names = doors.map((door: Partial<Door> | undefined) => door?.name);
    for (const [i, name] of names.entries()) {
      if (name === undefined || !(taken.includes(name) || names.indexOf(name) < i)) continue;
      context.addIssue({ code: 'custom', path: [i, 'name'], message: `There is another executor "${name}".` });
    }
  });
}

/** Those doors of a site file that are whole, to check the rest of the file with. */
export function usableDoors(given: unknown): Door[] {
  const { doors } = z.object({ doors: z.array(z.unknown()) }).safeParse(given).data ?? { doors: [] };
  return doors.filter((door): door is Door => doorShape.safeParse(door).success);
}
