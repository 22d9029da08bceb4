import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Starts a module beside the caller's as a process of its own, compiled or not like the caller. */
export function startChild(
  from: string,
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const path = fileURLToPath(new URL(`${name}${extname(new URL(from).pathname)}`, from));
  const flags = extname(path) === '.ts' ? ['--import', 'tsx'] : [];
  return spawn(process.execPath, [...flags, path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}

/** The next line that a child prints. */
export function nextLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const stop = (): void => {
      child.stdout?.off('data', take);
      child.off('exit', end);
    };
    const take = (chunk: Buffer): void => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      stop();
      resolve(text.slice(0, text.indexOf('\n')));
    };
    const end = (code: number | null, signal: string | null): void => {
      stop();
      reject(new Error(`the child ended (${code ?? signal}) before it printed a line: ${text}`));
    };
    child.stdout?.on('data', take);
    child.once('exit', end);
  });
}

export function exited(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null || child.signalCode !== null)
    return Promise.resolve(child.exitCode ?? child.signalCode ?? '');
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? '')));
}
