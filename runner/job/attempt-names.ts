import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyedCall } from '../keys/keyed-call.ts';

/** A folder for an attempt that no earlier driver of the same run has used. */
export function freePlace(runFolder: string, address: string, attempt: number): string {
  const name = address
    .replace(/\[(.*)\]$/, '.$1')
    .replace(/[^A-Za-z0-9._~,-]/g, '_')
    .slice(0, 100);
  const isPlain = /^[A-Za-z0-9._~,[\]-]{1,100}$/.test(address);
  const plain = isPlain ? name : `${name}-${shortDigest(address)}`;
  for (let number = attempt; ; number += 1) {
    const place = join('jobs', `${plain}.${number}`);
    if (!existsSync(join(runFolder, place))) return place;
  }
}

/** A name for an attempt that was never used before, in plain characters. */
export function tokenOf({ spec, fingerprint }: KeyedCall, attempt: number): string {
  const nonce = randomBytes(4).toString('hex');
  const name = spec.name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100);
  return `${name}.${fingerprint.slice('sha256:'.length, 'sha256:'.length + 12)}.${attempt}.${nonce}`;
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
