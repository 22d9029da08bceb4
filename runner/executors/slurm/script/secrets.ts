import { randomBytes } from 'node:crypto';
import { quoted } from '../../shell-quote.ts';

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

/** How a secret reaches a job: the half of it that lies in the job's folder, and the variable with the other half. */
export interface SecretHalves {
  readonly variable: string;
  readonly file: string;
}

/**
 * A secret is cut in two: random bytes in the job's environment, and in a file of the job's folder what must be added to them,
 * byte by byte, to have it. Neither half says anything without the other.
 */
export function revealText({ variable, file }: SecretHalves): string[] {
  return [
    `stet_pad=$${variable}`,
    `unset ${variable}`,
    'while read -r stet_name stet_hidden; do',
    '  stet_value=',
    '  while [ -n "$stet_hidden" ]; do',
    '    stet_rest=${stet_hidden#??}; stet_a=${stet_hidden%"$stet_rest"}; stet_hidden=$stet_rest',
    '    stet_rest=${stet_pad#??}; stet_b=${stet_pad%"$stet_rest"}; stet_pad=$stet_rest',
    '    stet_byte=$((0x$stet_a ^ 0x$stet_b))',
    '    stet_value="$stet_value\\\\0$((stet_byte / 64))$((stet_byte / 8 % 8))$((stet_byte % 8))"',
    '  done',
    '  stet_value=$(printf "%bx" "$stet_value")',
    '  export "$stet_name=${stet_value%x}"',
    `done <${quoted(file)} || { echo secrets >"$STET_HERE/why"; exit 97; }`,
  ];
}
