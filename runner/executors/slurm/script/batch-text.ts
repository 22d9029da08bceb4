import { asComment, quoted } from '../../shell-quote.ts';
import type { Job } from '../../executor.ts';

/** So long a job waits for its own script to become visible on its node, in seconds. */
const visibleSeconds = 60;

/**
 * The text that goes to `sbatch`: it finds the job's own script and leaves the rest to it. In an array each element has
 * `packs[SLURM_ARRAY_TASK_ID]`, whose jobs run one after the other.
 */
export function batchText(packs: readonly (readonly Job[])[]): string {
  const [first = []] = packs;
  const title = packs.length > 1 || first.length > 1 ? `${first[0]?.label ?? ''} and others` : (first[0]?.label ?? '');
  const head = [
    '#!/bin/sh',
    `# stet: ${asComment(title)}`,
    // A job that was put back into the queue inherits nothing; a driver that is itself a job must not lend its place.
    'run() {',
    '  tries=0',
    '  until [ -r "$1/job.sh" ]; do',
    '    tries=$((tries + 1))',
    `    [ "$tries" -le ${visibleSeconds} ] || exit 96`,
    '    sleep 1',
    '  done',
  ];
  if (packs.length === 1 && first.length === 1) {
    return [...head, ...singleRun, `run ${quoted(first[0]?.folder ?? '')}`, ''].join('\n');
  }
  const isPacked = packs.some((pack) => pack.length > 1);
  const calls = (pack: readonly Job[]): string => pack.map(({ folder }) => `run ${quoted(folder)}`).join('; ');
  const body = isPacked ? packedRun : singleRun;
  if (packs.length === 1) return [...head, ...body, calls(first), 'exit "$code"', ''].join('\n');
  return [
    ...head,
    ...body,
    'case $SLURM_ARRAY_TASK_ID in',
    ...packs.map((pack, index) => `${index}) ${calls(pack)} ;;`),
    'esac',
    ...(isPacked ? ['exit "$code"'] : []),
    '',
  ].join('\n');
}

/** In the same shell, which ends with it: of a thousand small jobs each would start another. */
const singleRun = ['  folder=$1', '  set --', '  . "$folder/job.sh"', '}'];

/** Jobs of a pack go on whatever becomes of those before them, until the pack itself is told to end. */
const packedRun = [
  '  [ -z "$told" ] || return 0',
  '  /bin/sh "$1/job.sh" &',
  '  child=$!',
  '  wait "$child"; last=$?',
  '  while [ "$last" -gt 128 ] && kill -0 "$child" 2>/dev/null; do wait "$child"; last=$?; done',
  '  [ "$last" = 0 ] || code=$last',
  '}',
  'code=0 told= child=',
  'trap \'told=1; kill -TERM "$child" 2>/dev/null\' TERM',
];
