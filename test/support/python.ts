import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';

/** Why tests that need these Python packages are skipped; false where they are there. */
export function withoutPython(...packages: readonly string[]): string | false {
  const { status } = spawnSync('python3', ['-c', `import ${packages.join(', ')}`]);
  return status === 0 ? false : `python3 with ${packages.join(', ')} is not installed`;
}

/** What a program in `test/python` prints, as JSON. */
export function runPython(program: string, args: readonly string[]): unknown {
  const path = join(packageRoot(), 'test/python', program);
  const { status, stdout, stderr } = spawnSync('python3', [path, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}
