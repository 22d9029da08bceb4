import { asComment, quoted } from '../../shell-quote.ts';
import type { Job } from '../../executor.ts';
import { gpuCheckText } from './gpu-check-text.ts';
import { holdText } from './hold-text.ts';
import { launchText, signalsText } from './launch-text.ts';
import { ownCopyText } from './own-copy-text.ts';
import { revealText, type SecretHalves } from './secrets.ts';
import { sharedFolderText } from './shared-folder-text.ts';
import type { SlurmSite } from './slurm-site.ts';

/**
 * The text of `job.sh` for a Slurm job. A node that runs it needs a POSIX shell, its usual tools and the shared folder.
 *
 *     begun.N    it has begun for the N-th time, counted from 0; a folder `begun.0` is a driver's, which gave the job up
 *     exit.json  how the program ended: one line, and nothing before it is whole
 *     again-N/   where copy N writes, if it is not the first: two copies may run at once, and must not meet
 *
 * Nothing that a user gave is evaluated: every word is quoted. Only the site's own `setup` lines are shell.
 * `sh job.sh` by hand repeats the job, in a folder `again-by-hand`.
 */
export function slurmJobText(job: Job, site: SlurmSite, secrets?: SecretHalves): string {
  const { nodes = 1, gpus = 0 } = job.resources;
  return [
    '#!/bin/sh',
    `# ${asComment(job.label)}`,
    `folder=${quoted(job.folder)}`,
    ...holdText,
    ...signalsText(job, nodes),
    ...ownCopyText,
    ...(job.shared ? sharedFolderText(job.shared) : ['resuming=']),
    ...announce(job),
    ...(gpus > 0 ? gpuCheckText(Math.ceil(gpus / nodes)) : []),
    ...program(job, site, secrets),
    ...(nodes > 1 ? onEachNode : []),
    ...launchText(job, nodes),
    '',
  ].join('\n');
}

/** What the program is told, under names that are ours. */
function announce({ folder }: Job): string[] {
  return [
    'if [ -z "$on_node" ]; then',
    '  export STET_JOB="$folder" STET_HERE="$here" STET_COPY="$copy" STET_OUT="$out" STET_RESUMING="$resuming" TMPDIR="${TMPDIR:-/tmp}"',
    `  export STET_PROGRESS=${quoted(`${folder}/progress.jsonl`)} STET_CPUS="\${SLURM_CPUS_PER_TASK:-1}"`,
    'fi',
  ];
}

/** `module` is a shell function that only login shells have by themselves. */
const findModules = [
  'for init in "${LMOD_PKG-}/init/sh" "${MODULESHOME-}/init/sh" /etc/profile.d/lmod.sh /etc/profile.d/z00_lmod.sh /etc/profile.d/modules.sh; do',
  '  command -v module >/dev/null 2>&1 && break',
  '  [ -r "$init" ] && . "$init"',
  'done',
];

/** Runs in a process of its own, so that no name of the user's meets one of ours. */
function program(job: Job, { modules = [], setup = [] }: SlurmSite, secrets?: SecretHalves): string[] {
  const { args, resumeArgs, env, cwd } = job.command;
  const words = (list: readonly string[]): string => list.map((word) => pathsIn(word, job)).join(' ');
  const loads = modules.map((name) => `module load ${quoted(name)} || { echo setup >"$STET_HERE/why"; exit 94; }`);
  return [
    'program() {',
    ...(loads.length > 0 ? [...findModules, ...loads] : []),
    ...setup,
    ...(secrets ? revealText(secrets) : []),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(cwd)} || { echo folder >"$STET_HERE/why"; exit 97; }`,
    ...(resumeArgs ? ['if [ -n "$STET_RESUMING" ]; then', `  held ${words(resumeArgs)}`, 'fi'] : []),
    `held ${words(args)}`,
    '}',
  ];
}

/** A word, with the folders of outputs left open: each copy has its own. */
function pathsIn(word: string, { folder, shared }: Job): string {
  const [told, variable] = shared ? [`${shared.work}/out`, '"$STET_OUT"'] : [`${folder}/out.`, '"$STET_HERE"/out.'];
  const [first = '', ...rest] = word.split(told);
  if (rest.length === 0) return quoted(first);
  return [first, ...rest].map((part) => (part === '' ? '' : quoted(part))).join(variable);
}

/** One launcher on each node, told where the first one is, as torchrun takes it. */
const onEachNode = [
  'if [ -n "$on_node" ]; then',
  '  export NODE_RANK="$SLURM_NODEID" PET_NODE_RANK="$SLURM_NODEID"',
  '  program',
  'fi',
];
