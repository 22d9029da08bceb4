import { messageOf, Problem } from '../../problem.ts';
import { readRegularBytes } from '../../regular-file.ts';

export interface PythonSource {
  /** With `\n` at the ends of lines. */
  readonly text: string;
  /** How its bytes are read, where that is not UTF-8; counts. */
  readonly coding: string;
}

export function readBytes(path: string): Buffer {
  try {
    return readRegularBytes(path);
  } catch (cause) {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}

/**
 * The text of a file as far as its syntax goes. Of a file in another encoding than UTF-8 each byte is a character, so that no
 * byte is lost whatever the encoding is.
 */
export function decodeSource(bytes: Buffer): PythonSource {
  const named = codingIn(bytes);
  if (named === undefined || /^utf[-_]?8/.test(named)) {
    try {
      return { text: plainEnds(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), coding: '' };
    } catch {
      return { text: plainEnds(bytes.toString('latin1')), coding: 'no UTF-8' };
    }
  }
  return { text: plainEnds(bytes.toString('latin1')), coding: named };
}

/** The block that says what a script needs, which `uv run` and others read: PEP 723. */
export function scriptBlock(text: string): string {
  return /^# \/\/\/ script$\n(?:#(?: .*)?\n)*?# \/\/\/$/m.exec(text)?.[0] ?? '';
}

export function shebangOf(text: string): string {
  return /^#!.*/.exec(text)?.[0] ?? '';
}

/** PEP 263: in one of the first two lines, the first of which may only be a comment. */
function codingIn(bytes: Buffer): string | undefined {
  const [first = '', second = ''] = bytes
    .subarray(0, 1000)
    .toString('latin1')
    .split(/\r\n?|\n/);
  const line = /^[ \t\f]*(?:#|$)/.test(first) ? [first, second] : [first];
  const found = line.map((one) => /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/.exec(one)?.[1]).find(Boolean);
  return found?.toLowerCase();
}

function plainEnds(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n');
}
