import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The command that runs one of our programs for jobs in a folder, here or on any host with our Node. */
export function nodeArgs(program: 'worker' | 'with-services', folder: string): string[] {
  const path = fileURLToPath(new URL(`../node/${program}${extname(import.meta.url)}`, import.meta.url));
  const loader = path.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, path, folder];
}
