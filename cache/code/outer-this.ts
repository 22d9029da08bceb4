import { createRequire } from 'node:module';

const marker = '__stet_this__';

/** Whether a function would use `this` of what is around it, or of what it is called on. The compiler knows; it is loaded where the word stands. */
export function usesThis(text: string): boolean {
  if (!/\b(this|super|new\.target)\b/.test(text)) return false;
  return (
    asArrows(text)
      .map(findsThis)
      .find((found) => found !== undefined) ?? true
  );
}

/** The arrow functions that a text may be: for the compiler `this` in a method is its own. */
function asArrows(text: string): string[] {
  if (isArrow(text)) return [text];
  const start = text.indexOf('(');
  const async = text.startsWith('async') ? 'async ' : '';
  const ends = [...text.matchAll(/\)\s*\{/g)].map(({ index }) => index + 1);
  return ends.map((end) => `${async}${text.slice(start, end)} => ${text.slice(end).trimStart()}`);
}

export function isArrow(text: string): boolean {
  return /^(async\s*)?(\(|[\p{ID_Continue}$]+\s*=>)/u.test(text);
}

/** Undefined for what is no function. */
function findsThis(arrow: string): boolean | undefined {
  const esbuild = createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  try {
    const { code } = esbuild.transformSync(`(${arrow});`, { define: { this: marker }, logLevel: 'silent' });
    return code.includes(marker);
  } catch {
    return undefined;
  }
}
