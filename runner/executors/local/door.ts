import type { Door } from '../door.ts';

const advice = 'say it in pipeline.config.ts: local: { gpuMemoryGb: 80 }';

/** This machine, within what `local` of `pipeline.config.ts` lets it use. */
export const localDoor: Door = {
  name: 'local',
  place: 'this machine',
  hostsServices: true,
  programs:
    process.platform === 'linux'
      ? [
          {
            name: 'perl',
            purpose:
              'holds all processes of a job; python3 does so too, and takes longer to start. Without either, they are looked for when the job has ended',
          },
        ]
      : [],
  make: async ({ machine }, { jobs, withGpus }) => {
    const [{ LocalExecutor }, { localCapacity }] = await Promise.all([import('./local.ts'), import('../capacity.ts')]);
    return new LocalExecutor(await localCapacity(machine, { withGpus, jobs }));
  },
  refusals: async (asked, { machine }) => {
    const [{ Slots }, { localCapacity }] = await Promise.all([import('../slots.ts'), import('../capacity.ts')]);
    const slots = new Slots(await localCapacity(machine, { withGpus: asked.some(({ gpus = 0 }) => gpus > 0) }));
    return asked.map((resources) => {
      const refusals = slots.refusals(resources).map((what) => ({ what }));
      const unknowns = slots.unknowns(resources).map((what) => ({ what, advice, isNote: true }));
      return refusals.length > 0 ? refusals : unknowns;
    });
  },
};
