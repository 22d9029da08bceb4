import { z } from 'zod';

const keyName = Symbol.for('stet.key');

/**
 * A list whose items carry their own names: `each` puts the field `key` of an item into addresses where other lists have
 * a position, so that an item keeps its address whatever else the list comes to hold. Items are sorted by key.
 */
export function keyedList<S extends z.ZodObject>(
  item: S,
  key: keyof z.output<S> & string,
): z.ZodType<z.output<S>[], z.output<S>[]> {
  return Object.assign(z.array(item), { [keyName]: key }) as unknown as z.ZodType<z.output<S>[], z.output<S>[]>;
}

/** The field that holds the keys, when the type was made by `keyedList`. */
export function keyOf(type: unknown): string | undefined {
  return (type as { [keyName]?: string } | undefined)?.[keyName];
}
