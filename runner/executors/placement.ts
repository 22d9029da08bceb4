import type { Resources } from '../../tasks/core/resources.ts';

/** What `place` in a site file decides by. */
export interface ToPlace {
  readonly task: string;
  readonly label: string;
  /** Its body is TypeScript: wherever it runs, Node must be. */
  readonly isTypeScript: boolean;
  readonly resources: Resources;
}
