import type { Job } from '../../executor.ts';
import { heartbeatEndText, heartbeatText } from './heartbeat-text.ts';

/** Signals reach the program, and this shell lives on to say how it ended. */
export function signalsText({ warning }: Job, nodes: number): string[] {
  const name = (warning?.signal ?? 'SIGTERM').slice('SIG'.length);
  // Of several nodes this shell sees only its own: Slurm tells the others.
  const pass = nodes > 1 ? `scancel --signal=${name} "$SLURM_JOB_ID"` : `tell ${name}`;
  return [
    'child=',
    'told=',
    `trap 'told=\${told:-USR1}; [ -z "$child" ] || ${pass}' USR1`,
    // Slurm tells all processes of a job to end, or only this shell. A program that is told twice may not get to save its state, so
    // a canary that sits beside it shows which it was.
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
    '  has_bird_fallen || tell TERM',
    '}',
    'trap pass_on TERM',
    'trap : INT HUP',
  ];
}

export function launchText({ warning, shared }: Job, nodes: number, beatSeconds: number): string[] {
  return [
    ...(nodes > 1 ? severalNodes(nodes) : ['program &']),
    'child=$!',
    ...heartbeatText(beatSeconds),
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
    heartbeatEndText,
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
