import type { Resources } from '../../../../tasks/core/resources.ts';
import type { SlurmSite } from './slurm-site.ts';
import type { Job } from '../../executor.ts';

/** What goes to `sbatch` as options: equal for all elements of an array. */
export interface Submission {
  readonly name: string;
  /** Jobs of one element run one after the other; one job, one element: no array. */
  readonly packs: readonly (readonly Job[])[];
}

/** The options of `sbatch`, a word each; `sbatch` reads its script from standard input. */
export function sbatchOptions({ name, packs }: Submission, site: SlurmSite): string[] {
  const job = packs[0]?.[0] as Job;
  const longest = Math.max(...packs.map((pack) => pack.length));
  const { warning } = job;
  const { excluded, others } = excludedBy(site);
  const avoid = [...excluded, ...(job.avoid ?? [])];
  const throttle = site.maxRunning !== undefined && site.maxRunning < packs.length ? `%${site.maxRunning}` : '';
  return [
    // First, so that what a task asks for goes before what the site says of all.
    ...siteOptions({ ...site, extra: others }),
    '--parsable',
    `--job-name=${name}`,
    // The job's own script writes its log: a path with a percent sign or a quote is no matter there.
    '--output=/dev/null',
    '--error=/dev/null',
    '--chdir=/',
    '--export=ALL',
    site.requeue ? '--requeue' : '--no-requeue',
    ...(packs.length > 1 ? [`--array=0-${packs.length - 1}${throttle}`] : []),
    ...resourceOptions(job.resources, longest),
    ...(warning ? [`--signal=B:USR1@${warning.seconds}`] : []),
    ...(avoid.length > 0 ? [`--exclude=${avoid.join(',')}`] : []),
  ];
}

/** Slurm takes the last list of nodes alone: those of the site stay out beside those that did not do. */
function excludedBy({ extra = [] }: SlurmSite): { excluded: string[]; others: string[] } {
  const said = /^(?:--exclude=|-x=?)(?=\S)/;
  const excluded = extra.flatMap((option) => (said.test(option) ? [option.replace(said, '')] : []));
  return { excluded, others: extra.filter((option) => !said.test(option)) };
}

/** What the site says of every job. */
export function siteOptions(site: SlurmSite): string[] {
  return [
    ...option('partition', site.partition),
    ...option('account', site.account),
    ...option('qos', site.qos),
    ...option('constraint', site.constraint),
    ...option('reservation', site.reservation),
    ...(site.extra ?? []),
  ];
}

function resourceOptions(
  { cpus, gpus = 0, gpuType, memoryGb, hours, nodes = 1, exclusive }: Resources,
  jobs: number,
): string[] {
  const perNode = Math.ceil(gpus / nodes);
  return [
    `--nodes=${nodes}`,
    '--ntasks-per-node=1',
    ...(cpus === undefined ? [] : [`--cpus-per-task=${Math.ceil(cpus)}`]),
    // Slurm takes 0 for all memory of a node.
    ...(memoryGb === undefined || memoryGb === 0 ? [] : [`--mem=${Math.ceil(memoryGb * 1024)}M`]),
    ...(gpus === 0 ? [] : [`--gres=gpu:${gpuType === undefined ? '' : `${gpuType}:`}${perNode}`]),
    // Slurm counts in whole minutes.
    ...(hours === undefined ? [] : [`--time=${Math.max(1, Math.ceil(hours * 60 * jobs))}`]),
    ...(exclusive ? ['--exclusive'] : []),
  ];
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}

/** What two jobs must have in common to be elements of one array. */
export function arrayKey({ resources, warning, avoid, secrets }: Job): string {
  const { cpus, gpus, gpuType, memoryGb, hours, nodes, exclusive } = resources;
  return JSON.stringify([cpus, gpus, gpuType, memoryGb, hours, nodes, exclusive, warning, avoid, secrets]);
}
