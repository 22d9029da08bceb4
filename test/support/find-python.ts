import { execa } from 'execa';

/** A Python that has these modules; undefined where there is none. `STET_TEST_PYTHON` names one to try first. */
export async function findPython(modules: readonly string[]): Promise<string | undefined> {
  const named = process.env.STET_TEST_PYTHON;
  for (const program of [...(named ? [named] : []), 'python3', '/usr/bin/python3']) {
    const { failed } = await execa(program, ['-c', `import ${modules.join(', ')}`], { reject: false, stdio: 'ignore' });
    if (!failed) return program;
  }
  return undefined;
}
