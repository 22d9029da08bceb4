import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface Project {
  readonly root: string;
  /** The nearest `pipelines/` folder, if there is one. */
  readonly pipelinesFolder: string | undefined;
}

const marks = ['package.json', 'pipeline.config.ts', '.git'];

/** The project that a folder belongs to: its nearest ancestor with pipelines, a manifest, a site file or a repository. */
export function findProject(cwd: string): Project {
  const start = resolve(cwd);
  for (let folder = start; ; folder = dirname(folder)) {
    const pipelines = join(folder, 'pipelines');
    if (statSync(pipelines, { throwIfNoEntry: false })?.isDirectory())
      return { root: folder, pipelinesFolder: pipelines };
    if (marks.some((mark) => existsSync(join(folder, mark)))) return { root: folder, pipelinesFolder: undefined };
    if (folder === dirname(folder)) return { root: start, pipelinesFolder: undefined };
  }
}

/** Where results are kept unless a command says otherwise: `STET_STORE`, else `.stet` in the project. */
export function defaultStore(
  { root }: Project,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return env.STET_STORE ? resolve(env.STET_STORE) : join(root, '.stet');
}
