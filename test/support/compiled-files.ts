import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The folders that `tsconfig.json` compiles. */
const sources = ['cache', 'tasks', 'pipelines', 'runner', 'test'];

/**
 * What is wrong with `dist` below `root`: compiled files whose source is gone, and sources that were not compiled. An
 * incremental build sees neither, and a test of a file that is gone would still be green.
 */
export function outOfStep(root: string): { readonly orphans: string[]; readonly missing: string[] } {
  const wanted = new Set(
    sources
      .flatMap((folder) => filesIn(join(root, folder)).map((name) => join(folder, name)))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => name.replace(/\.ts$/, '.js')),
  );
  const compiled = new Set(filesIn(join(root, 'dist')).filter((name) => name.endsWith('.js')));
  return {
    orphans: [...compiled].filter((name) => !wanted.has(name)).sort(),
    missing: [...wanted].filter((name) => !compiled.has(name)).sort(),
  };
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
}
