import { randomBytes } from 'node:crypto';

/** A secret in two halves: neither says anything without the other. */
export interface Halves {
  /** Hexadecimal random bytes, for the environment of the job. */
  readonly pad: string;
  /** `NAME HEX` a line, for a file: each byte the exclusive or of the secret's and the pad's. */
  readonly hidden: string;
}

export function halve(secrets: Readonly<Record<string, string>>): Halves {
  const entries = Object.entries(secrets).map(([name, value]) => [name, Buffer.from(value)] as const);
  const pad = randomBytes(entries.reduce((total, [, bytes]) => total + bytes.length, 0));
  let at = 0;
  const lines = entries.map(([name, bytes]) => {
    const half = bytes.map((byte) => byte ^ (pad[at++] as number));
    return `${name} ${Buffer.from(half).toString('hex')}\n`;
  });
  return { pad: pad.toString('hex'), hidden: lines.join('') };
}
