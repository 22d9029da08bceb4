import type { Door } from '../door.ts';
import { SlurmSite } from './script/slurm-site.ts';

/** A Slurm cluster: the one that `sbatch` finds. */
export const slurmDoor: Door<SlurmSite> = {
  name: 'slurm',
  place: 'the cluster',
  site: SlurmSite,
  programs: [{ name: 'sbatch', purpose: 'a Slurm cluster needs it; runs on one machine do not' }],
  isSetUp: ({ modules = [], setup = [] }) => modules.length > 0 || setup.length > 0,
  make: async ({ own, storeRoot }) => (await import('./make.ts')).makeSlurm(own, storeRoot),
  refusals: async (asked, { own }) => (await import('./enquiries/refusals.ts')).slurmRefusals(asked, own),
  examine: async ({ own, storeRoot }, options) =>
    (await import('./enquiries/examine.ts')).examineSlurm(own, storeRoot, options),
  left: {
    queueStatuses: async (jobs, { own }) => (await import('./enquiries/left-jobs.ts')).queueStatuses(jobs, own),
    end: async (jobs, { own }) => (await import('./enquiries/left-jobs.ts')).endJobs(jobs, own),
  },
};
