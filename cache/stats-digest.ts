import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import type { Digest } from './digest.ts';
import { Problem } from './problem.ts';

/**
 * Names, sizes and times of all files below a folder, as a digest: what a plan can afford to know of terabytes or of a
 * million files. Links count by their own times.
 */
export function statsDigest(folder: string): Digest {
  const sum = createHash('sha256');
  let lines = '';
  let files = 0;
  const walk = (at: string, prefix: string): void => {
    const children = readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const child of children) {
      const path = `${at}/${child.name}`;
      if (child.isDirectory()) {
        walk(path, `${prefix}${child.name}/`);
        continue;
      }
      const { size, mtimeNs, ctimeNs } = lstatSync(path, { bigint: true });
      files += 1;
      lines += `${size} ${mtimeNs} ${ctimeNs} ${JSON.stringify(prefix + child.name)}\n`;
      if (lines.length < 1 << 16) continue;
      sum.update(lines);
      lines = '';
    }
  };
  walk(folder, '');
  if (files === 0) throw new Problem('path-missing', `There are no files in ${folder}.`);
  return `sha256:${sum.update(lines).digest('hex')}` as Digest;
}
