import { types } from 'node:util';

/** What an object has beside the fields that can be told, in words that follow "is"; undefined for most. */
export function oddityOf(value: object): string | undefined {
  if (types.isModuleNamespaceObject(value)) return undefined;
  if (Array.isArray(value)) {
    const isWhole = Reflect.ownKeys(value).length === value.length + 1; // each index, and `length`
    return isWhole ? undefined : 'a list with gaps, or with fields of its own';
  }
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol') return 'an object with a field that a symbol names';
    const field = Object.getOwnPropertyDescriptor(value, key);
    if (!field || !('value' in field)) return `an object whose ${key} is worked out when it is asked for`;
    if (!field.enumerable) return `an object with a hidden field ${key}`;
  }
  return undefined;
}

/** Classes whose objects are told by what they hold; `lastIndex` is a field of every pattern. */
const plain = new Map<unknown, number>([
  [Date.prototype, 0],
  [Map.prototype, 0],
  [Set.prototype, 0],
  [URL.prototype, 0],
  [RegExp.prototype, 1],
]);

/** Whether an object is just of such a class: not of one that is derived from it, and without fields of its own. */
export function isJust(value: object): boolean {
  const expected = plain.get(Object.getPrototypeOf(value));
  return expected !== undefined && Reflect.ownKeys(value).length === expected;
}

const typed: unknown = Object.getPrototypeOf(Uint8Array.prototype);

/** Bytes and numbers side by side, of no class of the author's. */
export function isPlainView(value: object): value is NodeJS.ArrayBufferView {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!ArrayBuffer.isView(value)) return false;
  return (
    prototype === Buffer.prototype || prototype === DataView.prototype || Object.getPrototypeOf(prototype) === typed
  );
}
