import type { CallSite } from './call-site.ts';

/** Shared by all copies of this module, frozen ones included. */
const key = Symbol.for('stet.definitions');

/** How many bodies there are under one name in one module, and how many one call of `task` makes: a recipe must then tell them apart. */
const known = ((globalThis as { [key]?: Map<string, number> })[key] ??= new Map<string, number>());

/** Remembers what a module defines as it is loaded; what functions make is told apart anyway. */
export function rememberDefinition(name: string, { at, madeIn }: CallSite): void {
  if (madeIn !== 'module') return;
  for (const one of [nameIn(at, name), at]) known.set(one, countOf(one) + 1);
}

/** Whether name and module say which body is meant. */
export function isOnlyOne({ name, definedAt, madeIn }: Definition): boolean {
  return madeIn === 'module' && countOf(nameIn(definedAt, name)) <= 1 && countOf(definedAt) <= 1;
}

export interface Definition {
  readonly name: string;
  readonly definedAt: string;
  readonly madeIn: CallSite['madeIn'];
}

const countOf = (what: string): number => known.get(what) ?? 0;
const nameIn = (at: string, name: string): string => `${at.replace(/:\d+:\d+$/, '')} ${name}`;
