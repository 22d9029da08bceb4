import { Problem } from '../../cache/problem.ts';

/**
 * Runs what a person wrote within this process. `process.exit` in it would end the driver as if all were well: here it throws
 * `pipeline-exits` instead.
 */
export function withoutExit<T>(what: string, run: () => T): T {
  const exit = process.exit;
  const restore = (): void => void (process.exit = exit);
  process.exit = (code) => {
    throw new Problem('pipeline-exits', `${what} called process.exit(${code ?? ''}).`, {
      hint: 'Throw an error where it cannot go on; else leave that call to the bodies of tasks.',
    });
  };
  let result: T;
  try {
    result = run();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}
