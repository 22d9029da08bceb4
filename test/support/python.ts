import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';

/** `STET_TEST_PYTHON` first. The system's packages are in the system's Python, which need not be the first on PATH. */
const candidates = [process.env.STET_TEST_PYTHON, 'python3', '/usr/bin/python3'].filter((name) => name !== undefined);

/** Why tests that need these Python packages are skipped; false where they are there. */
export function withoutPython(...packages: readonly string[]): string | false {
  if (pythonWith(packages)) return false;
  const names = packages.map((name) => `python3-${name.toLowerCase()}`).join(' ');
  return `python3 with ${packages.join(', ')} is not installed: apt-get install -y ${names}`;
}

/** A Python that has these packages; undefined where there is none. */
export function pythonWith(packages: readonly string[]): string | undefined {
  return candidates.find((python) => spawnSync(python, ['-c', `import ${packages.join(', ')}`]).status === 0);
}

/** What a program in `test/python`, which needs these packages, prints, as JSON. */
export function runPython(program: string, args: readonly string[], packages: readonly string[]): unknown {
  const path = join(packageRoot(), 'test/python', program);
  const python = pythonWith(packages) ?? 'python3';
  const { status, stdout, stderr } = spawnSync(python, [path, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}
