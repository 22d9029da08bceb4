import { asComment, quoted } from '../../shell-quote.ts';
import type { Job } from '../../executor.ts';
import { gpuCheckText } from './gpu-check-text.ts';
import { holdText } from './hold-text.ts';
import { launchText, signalsText } from './launch-text.ts';
import { ownCopyText } from './own-copy-text.ts';
import { revealText, type SecretHalves } from './secrets.ts';
import { sharedFolderText } from './shared-folder-text.ts';
import { beatSeconds, type SlurmSite } from './slurm-site.ts';

/**
 * The text of `job.sh` for a Slurm job. A node that runs it needs a POSIX shell, its usual tools and the shared folder.
 *
 *     begun.N    it has begun for the N-th time, counted from 0, and who it is; a folder `begun.0` is a driver's, which gave it up
 *     beat       a sign of life of a program that runs for longer
 *     exit.json  how the program ended: one line, and nothing before it is whole
 *     again-N/   where copy N writes, if it is not the first: two copies may run at once, and must not meet
 *
 * Nothing that a user gave is evaluated: every word is quoted. Only the site's own `setup` lines are shell.
 * `sh job.sh` by hand repeats the job, in a folder `again-by-hand`.
 */
export function slurmJobText(job: Job, site: SlurmSite, { secrets, limits = [] }: MoreText = {}): string {
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
    ...program(job, site, { secrets, limits }),
    ...(nodes > 1 ? onEachNode : []),
    ...launchText(job, nodes, beatSeconds(site)),
    '',
  ].join('\n');
}

interface MoreText {
  readonly secrets?: SecretHalves | undefined;
  /** Lines that set them. */
  readonly limits?: readonly string[];
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
function program(job: Job, { modules = [], setup = [] }: SlurmSite, { secrets, limits = [] }: MoreText): string[] {
  const { args, resumeArgs, env, cwd } = job.command;
  const words = (list: readonly string[]): string => list.map((word) => pathsIn(word, job)).join(' ');
  return [
    'program() {',
    ...limits,
    ...preparation(modules, setup),
    ...(secrets ? revealText(secrets) : []),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(cwd)} || { echo folder >"$STET_HERE/why"; exit 97; }`,
    ...ownNames(job),
    ...(resumeArgs ? ['if [ -n "$3" ]; then', `  held ${words(resumeArgs)}`, 'fi'] : []),
    `held ${words(args)}`,
    '}',
  ];
}

/** Modules, and lines of the site. What fails there, or ends the shell, is no failure of the program. */
function preparation(modules: readonly string[], setup: readonly string[]): string[] {
  if (modules.length + setup.length === 0) return [];
  const step = (name: string, line: string): string[] => [`stet_step=${quoted(name)}`, line, '[ "$?" = 0 ] || exit 94'];
  return [
    ...(modules.length > 0 ? findModules : []),
    'trap \'echo setup >"$STET_HERE/why"; echo "pipeline.config.ts: this failed: $stet_step" >&2\' EXIT',
    ...modules.flatMap((name) => step(`module load ${name}`, `module load ${quoted(name)}`)),
    ...setup.flatMap((line) => step(line, line)),
    'trap - EXIT',
    'unset stet_step',
  ];
}

/** Variables that Slurm and this shell add, and that no other executor has. */
const strange = ['ENVIRONMENT', 'HOSTNAME', 'PWD', 'OLDPWD'];

/** Our own programs ask for their places by these names; others see none of them, as on any other executor. */
function ownNames({ command: { env } }: Job): string[] {
  const isOurs = env.STET_HOME !== undefined;
  const own = isOurs ? [] : ['STET_HERE', 'STET_COPY', 'STET_OUT', 'STET_RESUMING'];
  const names = [...own, ...strange.filter((name) => env[name] === undefined)];
  return [
    'set -- "$STET_HERE" "$STET_OUT" "$STET_RESUMING"',
    ...(names.length > 0 ? [`unset ${names.join(' ')}`] : []),
  ];
}

/** A word, with the folders of outputs left open: each copy has its own. */
function pathsIn(word: string, { folder, shared }: Job): string {
  const [told, variable] = shared ? [`${shared.work}/out`, '"$2"'] : [`${folder}/out.`, '"$1"/out.'];
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
