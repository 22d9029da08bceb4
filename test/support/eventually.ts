import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `seen` gives something, with a limit and the name of what was awaited. */
export async function eventually<T>(
  what: string,
  seen: () => T | undefined | false | Promise<T | undefined | false>,
  { seconds = 20, told = () => '' }: { seconds?: number; told?: () => string } = {},
): Promise<T> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await delay(25)) {
    const found = await seen();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`waited ${seconds} s until ${what} ${told()}`.trim());
}
