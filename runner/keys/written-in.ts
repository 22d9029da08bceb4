import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Position } from './closures.ts';

/** Whether the file of a call site has a function's text just where the function begins. */
export function isWrittenIn(own: string, position: Position | undefined, at: string): boolean {
  const text = position && textOf(at.replace(/:\d+:\d+$/, ''));
  if (!position || text === undefined) return false;
  const lines = text.split('\n').slice(0, position.lineNumber);
  const start = lines.reduce((sum, line) => sum + line.length + 1, position.columnNumber);
  // The position is that of the parameters; `async` or a name stands before it.
  const found = text.lastIndexOf(own, start);
  return found >= 0 && start < found + own.length;
}

function textOf(where: string): string | undefined {
  try {
    return readFileSync(where.startsWith('file:') ? fileURLToPath(where) : where, 'utf8');
  } catch {
    return undefined; // the module's place is asked for in another way
  }
}
