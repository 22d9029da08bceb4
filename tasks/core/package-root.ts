import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from '../../cache/problem.ts';

/**
 * The folder of the installed package, where `samples/` lies.
 *
 * Frozen code runs from a copy, so the runner names the folder in `STET_HOME`; without it, it is found from this file.
 */
export function packageRoot(): string {
  if (process.env.STET_HOME) return process.env.STET_HOME;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (folder !== dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'stet')
      return folder;
    folder = dirname(folder);
  }
  throw new Problem('package-not-found', 'The folder of the stet package was not found.', {
    hint: 'Set STET_HOME to it.',
  });
}
