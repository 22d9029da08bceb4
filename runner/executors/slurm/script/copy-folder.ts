import { join } from 'node:path';

/** Where a copy of a job writes; copies are counted from 0. */
export function copyFolder(folder: string, copy: number): string {
  return copy <= 0 ? folder : join(folder, `again-${copy}`);
}
