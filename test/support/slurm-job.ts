import type { Job } from '../../runner/executors/executor.ts';

/** A job as executors get it, with nothing particular about it. */
export function jobLike(more: Partial<Job> = {}): Job {
  return {
    id: 'jobs/train.1',
    label: 'train seed=1',
    token: 'train.0123456789ab.1.00c0ffee',
    folder: '/store/runs/0042/jobs/train.1',
    command: { args: ['train', '--steps=3'], cwd: '/store/runs/0042/jobs/train.1', env: {} },
    resources: {},
    secrets: {},
    ...more,
  };
}
