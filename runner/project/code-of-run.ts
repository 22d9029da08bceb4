import type { Point } from '../../pipelines/core/overrides.ts';

/** What workers need to find a body again. */
export interface CodeOfRun {
  readonly entry: string;
  /** Of the frozen copy that the entry lies in; absent when it is no copy. */
  readonly seal?: string;
  /** The project's folder: paths of its own code are relative to it. */
  readonly root: string;
  readonly points: readonly Point[];
  readonly graph: string;
  /** A folder with a hook that each Python of a job loads, when reads are watched. */
  readonly readsHook?: string | undefined;
}
