import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface Project {
  readonly root: string;
  /** The nearest `pipelines/` folder, if there is one. */
  readonly pipelinesFolder: string | undefined;
}

const marks = ['package.json', 'pipeline.config.ts', '.git'];

/**
 * The project that a folder belongs to: the nearest ancestor with a manifest, a site file or a repository. It reaches up to the
 * nearest `pipelines/` folder when that lies further up, and ends there when there is nothing else.
 */
export function findProject(cwd: string): Project {
  const start = resolve(cwd);
  const marked = nearestAncestor(start, (folder) => marks.some((mark) => existsSync(join(folder, mark))));
  const home = nearestAncestor(start, (folder) => isFolder(join(folder, 'pipelines')));
  const pipelinesFolder = home === undefined ? undefined : join(home, 'pipelines');
  const reachesUp = home !== undefined && (marked === undefined || marked.startsWith(`${home}/`) || home === '/');
  return { root: reachesUp ? home : (marked ?? start), pipelinesFolder };
}

function nearestAncestor(start: string, has: (folder: string) => boolean): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (has(folder)) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
