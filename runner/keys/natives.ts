let known: ReadonlyMap<unknown, string> | undefined;

/** What a function of the language is called, as in `Math.max`; undefined for one that may hold what nobody sees. */
export function nativeName(fn: unknown): string | undefined {
  known ??= all();
  return known.get(fn);
}

export function isNative(text: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(text);
}

/** A function that goes by several names has the first. */
function all(): Map<unknown, string> {
  const found = new Map<unknown, string>();
  const add = (value: unknown, name: string): void => {
    if (typeof value === 'function' && !found.has(value)) found.set(value, name);
  };
  for (const [name, value] of valuesOf(globalThis)) {
    add(value, name);
    for (const [key, inner] of valuesOf(value)) {
      add(inner, `${name}.${key}`);
      if (key === 'prototype') for (const [method, one] of valuesOf(inner)) add(one, `${name}.prototype.${method}`);
    }
  }
  return found;
}

/** Without what is worked out when it is asked for. */
function valuesOf(value: unknown): [string, unknown][] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return [];
  return Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([key, one]) =>
    'value' in one ? [[key, one.value as unknown]] : [],
  );
}
