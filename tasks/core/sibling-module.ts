import { extname } from 'node:path';

/** The URL of a module beside the caller's: `siblingModule(import.meta.url, './episode-worker')`; same extension as the caller. */
export function siblingModule(from: string, name: string): URL {
  return new URL(`${name}${extname(new URL(from).pathname)}`, from);
}
