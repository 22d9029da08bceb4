import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';
import type { Replacement } from './knock-outs.ts';

/** A copy of the compiled package in a folder, with texts replaced: what is tried is what is built, but for these. */
export function copySubject(folder: string, replacements: readonly Replacement[]): string {
  const home = packageRoot();
  const dist = join(home, 'dist');
  mkdirSync(folder, { recursive: true });
  cpSync(join(home, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(home, 'node_modules'), join(folder, 'node_modules'));
  cpSync(dist, join(folder, 'dist'), {
    recursive: true,
    filter: (path) => !/^test($|\/)|\.d\.ts$|tsbuildinfo$/.test(relative(dist, path)),
  });
  for (const { file, from, to } of replacements) {
    const path = join(folder, 'dist', file);
    writeFileSync(path, replaced(readFileSync(path, 'utf8'), { file, from, to }));
  }
  return folder;
}

/** Throws when the text is not there exactly once: then the code has changed, and what is replaced must change with it. */
export function replaced(text: string, { file, from, to }: Replacement): string {
  const parts = text.split(from);
  if (parts.length === 2) return parts.join(to);
  throw new Error(`dist/${file} has ${parts.length - 1} times what test/fault-engine/knock-outs.ts replaces:\n${from}`);
}
