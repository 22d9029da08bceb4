import { z } from 'zod';
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
});

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
