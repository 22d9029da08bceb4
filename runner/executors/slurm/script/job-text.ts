import { asComment, quoted } from '../../shell-quote.ts';
import type { SlurmSite } from './slurm-site.ts';
import type { Job } from '../../executor.ts';

/** What the job's own script says of itself when its program did not even start. */
export const notStarted = { noGpus: 95, noFolder: 96, noStart: 97, noSetup: 94 } as const;

/** How a secret reaches a job: the half of it that lies in the job's folder, and the variable with the other half. */
export interface SecretHalves {
  readonly variable: string;
  readonly file: string;
}

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
    ...signals(job, nodes),
    ...place,
    ...(job.shared ? sharedPlace(job.shared) : ['resuming=']),
    ...announce(job),
    ...(gpus > 0 ? gpuCheck(Math.ceil(gpus / nodes)) : []),
    ...program(job, site, secrets),
    ...(nodes > 1 ? onEachNode : []),
    ...launch(job, nodes),
    '',
  ].join('\n');
}

/** Where this copy of the job writes, and whether it is the one that should. */
const place = [
  '[ -w "$folder" ] || exit 96',
  'on_node=${1-}',
  'copy=by-hand',
  'if [ -z "$on_node" ]; then',
  '  exec >>"$folder/log.txt" 2>&1 </dev/null',
  '  if [ -n "${SLURM_JOB_ID-}" ]; then',
  '    copy=0',
  // A file is made only where there is nothing of its name, in one call of the shell's own. Slurm's ids and counts are no help: after
  // a crash it starts a job again, under any of them, while the first may still run.
  '    set -C',
  '    until true >"$folder/begun.$copy"; do',
  '      [ ! -d "$folder/begun.0" ] || exit 0',
  '      copy=$((copy + 1))',
  '      [ "$copy" -lt 1000 ] || exit 96',
  '    done 2>/dev/null',
  '    set +C',
  '  fi',
  '  here=$folder',
  '  [ "$copy" = 0 ] || here=$folder/again-$copy',
  '  [ "$here" = "$folder" ] || mkdir -p "$here" || exit 96',
  '  for ended in "$folder/exit.json" "$folder"/again-*/exit.json; do',
  '    [ "$copy" != 0 ] && [ -e "$ended" ] || continue',
  '    read -r line <"$ended" || continue',
  '    case $line in \'{"code":0,"told":"",\'*) [ -n "${SLURM_JOB_ID-}" ] && exit 0 ;; esac',
  '  done',
  'else',
  '  here=$STET_HERE copy=$STET_COPY',
  'fi',
  // What costs a process is left to the shell itself: of a thousand small jobs each is started here.
  'clock() {',
  '  read -r now _ </proc/uptime',
  '  now=${now%.*}${now#*.}',
  '}',
  'clock',
  'began=$now',
  'entries=0',
  'tally() {',
  '  [ -e "$1" ] || [ -L "$1" ] || return 0',
  '  entries=$((entries + 1))',
  '  [ -d "$1" ] && [ ! -L "$1" ] || return 0',
  '  for inside in "$1"/* "$1"/.[!.]* "$1"/..?*; do tally "$inside"; done',
  '}',
  'record() {',
  '  if [ -n "$out" ]; then tally "$out"; else for made in "$here"/out.*; do tally "$made"; done; fi',
  '  clock',
  '  peak=0',
  '  while IFS=: read -r _ _ group; do',
  '    case $group in *"/job_$SLURM_JOB_ID"*) group=${group%%"/job_$SLURM_JOB_ID"*}/job_$SLURM_JOB_ID ;; *) continue ;; esac',
  '    for file in "/sys/fs/cgroup$group/memory.peak" "/sys/fs/cgroup/memory$group/memory.max_usage_in_bytes"; do',
  '      [ ! -r "$file" ] || read -r peak <"$file"',
  '    done',
  '  done 2>/dev/null </proc/self/cgroup',
  '  ticks=0 code=$1 why=$2',
  // The children's user and system time, after a name that may hold anything.
  '  if read -r line </proc/$$/stat; then set -- ${line##*")"}; ticks=$((${14} + ${15})); fi 2>/dev/null',
  '  printf \'{"code":%d,"told":"%s","why":"%s","job":"%s","copy":"%s","host":"%s","out":"%s","entries":%d,"peak":%s,"hundredths":%d,"used":%d}\\n\' \\',
  '    "$code" "$told" "$why" "${SLURM_JOB_ID-}" "$copy" "${SLURMD_NODENAME-}" "${out##*/}" "$entries" "$peak" "$((now - began))" "$ticks" >"$here/exit.json"',
  '}',
  'out=',
];

/**
 * The folder that attempts share. As long as it is certain that the former copy has ended, the next goes on in the same
 * folder. Where it may still write (its host was lost), its folder is renamed, which takes it out of the copy's reach, and a copy
 * of it under another name is gone on with. A copy that wakes up after a newer one began does nothing.
 */
function sharedPlace({ work, epoch }: NonNullable<Job['shared']>): string[] {
  return [
    `work=${quoted(work)}`,
    `turn=${epoch}`,
    'if [ -z "$on_node" ] && [ "$copy" != by-hand ]; then',
    '  for other in "$work"/turn.*; do',
    '    [ -e "$other" ] || continue',
    '    at=${other##*/turn.}',
    '    if [ "${at%%.*}" -gt "$turn" ] || { [ "${at%%.*}" -eq "$turn" ] && [ "${at#*.}" -gt "$copy" ]; }; then',
    '      echo "a newer attempt has taken over: nothing to do"',
    '      exit 0',
    '    fi',
    '  done',
    '  [ -d "$work" ] || mkdir -p "$work"',
    '  true >"$work/turn.$turn.$copy" || exit 96',
    '  newest() {',
    '    number=$1',
    '    for other in "$work"/out.* "$work"/left.*; do',
    '      at=${other##*.}',
    '      case $at in *[!0-9]* | "") continue ;; esac',
    '      [ -e "$other" ] && [ "$at" -gt "$number" ] && number=$at',
    '    done',
    '  }',
    '  newest 0',
    '  out=$work/out',
    '  [ "$number" = 0 ] || out=$work/out.$number',
    '  left=$work/left.$number',
    '  alive=',
    '  for user in "$work"/user.*; do [ -e "$user" ] && alive=1; done',
    '  [ -n "$alive" ] && [ -d "$out" ] && [ ! -e "$left" ] && mv "$out" "$left"',
    '  if [ -d "$left" ] && [ ! -e "$work/out.$((number + 1))" ]; then',
    '    out=$work/out.$((number + 1))',
    '    rm -rf "$work/part"',
    '    cp -a --reflink=auto "$left" "$work/part" 2>/dev/null || { rm -rf "$work/part"; cp -pR "$left" "$work/part"; } || exit 96',
    '    mv "$work/part" "$out"',
    '    rm -f "$work"/user.*',
    '    rm -rf "$left" &',
    '  fi',
    '  [ -d "$out" ] || mkdir -p "$out"',
    '  true >"$work/user.$turn.$copy" || exit 96',
    'fi',
    '[ "$copy" != by-hand ] || { out=$here/out && mkdir -p "$out"; }',
    'resuming=',
    'for inside in "$out"/* "$out"/.[!.]* "$out"/..?*; do [ -e "$inside" ] || [ -L "$inside" ] && resuming=1; done',
    '[ -z "$on_node" ] || { out=$STET_OUT resuming=$STET_RESUMING; }',
  ];
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

/**
 * A secret is cut in two: random bytes in the job's environment, and in a file of the job's folder what must be added to them,
 * byte by byte, to have it. Neither half says anything without the other.
 */
function reveal({ variable, file }: SecretHalves): string[] {
  return [
    `stet_pad=$${variable}`,
    `unset ${variable}`,
    'while read -r stet_name stet_hidden; do',
    '  stet_value=',
    '  while [ -n "$stet_hidden" ]; do',
    '    stet_rest=${stet_hidden#??}; stet_a=${stet_hidden%"$stet_rest"}; stet_hidden=$stet_rest',
    '    stet_rest=${stet_pad#??}; stet_b=${stet_pad%"$stet_rest"}; stet_pad=$stet_rest',
    '    stet_byte=$((0x$stet_a ^ 0x$stet_b))',
    '    stet_value="$stet_value\\\\0$((stet_byte / 64))$((stet_byte / 8 % 8))$((stet_byte % 8))"',
    '  done',
    '  stet_value=$(printf "%bx" "$stet_value")',
    '  export "$stet_name=${stet_value%x}"',
    `done <${quoted(file)} || { echo secrets >"$STET_HERE/why"; exit 97; }`,
  ];
}

/** A node that has lost GPUs ends every job that it gets: found here, it is avoided. */
function gpuCheck(asked: number): string[] {
  return [
    'seen=${SLURM_GPUS_ON_NODE:-}',
    'if [ -n "${CUDA_VISIBLE_DEVICES-}" ]; then seen=0; for gpu in $(IFS=,; echo $CUDA_VISIBLE_DEVICES); do seen=$((seen + 1)); done; fi',
    'if [ "${seen:-0}" -gt 0 ] && command -v nvidia-smi >/dev/null 2>&1; then',
    '  found=$(nvidia-smi -L 2>/dev/null | grep -c "^GPU")',
    '  [ "$found" -ge "$seen" ] || seen=$found',
    'fi',
    `if [ "\${seen:-0}" -lt ${asked} ] && [ "$copy" != by-hand ]; then`,
    `  echo "asked for ${asked} GPUs on this node, and there are \${seen:-0}"`,
    '  echo "gpus $SLURMD_NODENAME" >"$here/why"',
    '  [ -n "$on_node" ] || record 95 gpus',
    '  exit 95',
    'fi',
  ];
}

/** Runs in a process of its own, so that no name of the user's meets one of ours. */
function program(job: Job, { modules = [], setup = [] }: SlurmSite, secrets?: SecretHalves): string[] {
  const { args, resumeArgs, env, cwd } = job.command;
  const words = (list: readonly string[]): string => list.map((word) => pathsIn(word, job)).join(' ');
  const loads = modules.map((name) => `module load ${quoted(name)} || { echo setup >"$STET_HERE/why"; exit 94; }`);
  return [
    'program() {',
    ...(loads.length > 0 ? [...findModules, ...loads] : []),
    ...setup,
    ...(secrets ? reveal(secrets) : []),
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(cwd)} || { echo folder >"$STET_HERE/why"; exit 97; }`,
    ...(resumeArgs ? ['if [ -n "$STET_RESUMING" ]; then', `  exec ${words(resumeArgs)}`, 'fi'] : []),
    `exec ${words(args)}`,
    '}',
  ];
}

/** A word, with the places of outputs left open: each copy has its own. */
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

/** Signals reach the program, and this shell lives on to say how it ended. */
function signals({ warning }: Job, nodes: number): string[] {
  const name = (warning?.signal ?? 'SIGTERM').slice('SIG'.length);
  // Of several nodes this shell sees only its own: Slurm tells the others.
  const pass = nodes > 1 ? `scancel --signal=${name} "$SLURM_JOB_ID"` : `kill -${name} "$child" 2>/dev/null`;
  return [
    'child=',
    'told=',
    `trap 'told=\${told:-USR1}; [ -z "$child" ] || ${pass}' USR1`,
    // Slurm tells all processes of a job to end, or only this shell. A program that is told twice may not get to save its state, so
    // a bird that sits beside it shows which it was.
    'has_bird_fallen() {',
    '  [ -n "${bird-}" ] && [ -r "/proc/$$/stat" ] || return 1',
    // A shell that waits for one child may have taken note of the other's end too: then there is nothing left of it.
    '  state=Z',
    '  [ ! -r "/proc/$bird/stat" ] || read -r _ _ state _ <"/proc/$bird/stat"',
    '  [ "$state" = Z ]',
    '}',
    'pass_on() {',
    '  told=TERM',
    '  [ -n "$child" ] || return 0',
    '  [ -z "${bird-}" ] || sleep 0.2',
    '  has_bird_fallen || kill -TERM "$child" 2>/dev/null',
    '}',
    'trap pass_on TERM',
    'trap : INT HUP',
  ];
}

function launch({ warning, shared }: Job, nodes: number): string[] {
  return [
    ...(nodes > 1 ? severalNodes(nodes) : ['program &']),
    'child=$!',
    ...(warning || shared ? ['sleep 2147483 & bird=$!'] : []),
    ...(shared
      ? [
          'printf \'{"copy":"%s","host":"%s","out":"%s"}\\n\' "$copy" "${SLURMD_NODENAME-}" "${out##*/}" >"$here/started.json"',
        ]
      : []),
    // A trapped signal ends `wait` before the program has ended.
    'wait "$child"; code=$?',
    'while [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done',
    'wait "$child" 2>/dev/null; again=$?',
    '[ "$again" = 127 ] || code=$again',
    'trap : TERM USR1',
    // A program may have been told and have ended before this shell gets to know.
    ...(warning || shared ? ['! has_bird_fallen || told=TERM', 'kill "$bird" 2>/dev/null'] : []),
    '[ -z "${work-}" ] || rm -f "$work/user.$turn.$copy"',
    'why=program',
    '[ ! -e "$here/why" ] || { read -r why node <"$here/why"; [ -z "$node" ] || SLURMD_NODENAME=$node; }',
    'record "$code" "$why"',
    'exit "$code"',
  ];
}

function severalNodes(nodes: number): string[] {
  return [
    'export MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"',
    'export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))',
    `export NNODES=${nodes} WORLD_SIZE=$((${nodes} * \${SLURM_GPUS_ON_NODE:-1}))`,
    'export PET_MASTER_ADDR="$MASTER_ADDR" PET_MASTER_PORT="$MASTER_PORT" PET_NNODES="$NNODES" PET_NPROC_PER_NODE="${SLURM_GPUS_ON_NODE:-1}"',
    `srun --nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --cpus-per-task="\${SLURM_CPUS_PER_TASK:-1}" --kill-on-bad-exit=1 --label /bin/sh "$folder/job.sh" on-node &`,
  ];
}
