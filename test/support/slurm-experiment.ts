/**
 * The experiment of the fault tests, as the text of a pipeline: seeds, a training for each, a score for each checkpoint, and
 * one line that gathers them. Each part has its own way to go wrong: a TypeScript body, a program that resumes and streams,
 * many small programs, one that needs all.
 *
 * Its programs are shell scripts that obey files in a folder, the stage; nothing on the stage changes what they give:
 *
 *     begun, ended, told   who began, who ended, who got SIGTERM: name, job id, restarts, node; spoilt, who wrote rubbish
 *     cues/NAME, cues/all  a program waits for its cue before each piece of work
 *     cues/stubborn        programs do not end on SIGTERM
 *     hog                  so much memory a training takes before it begins: 150M
 *     pace                 so many seconds a training takes for each checkpoint
 *     break                a training ends with exit code 7
 *     spoil/NODE           what runs on that node writes rubbish from now on
 *     late/NAME            the output of that name is written aside, for the test to put in its place
 *     gates/NAME           the driver waits there while the file is there (STET_TEST_STAGE in its environment)
 */
export const experiment = `
import { setTimeout as delay } from 'node:timers/promises';
import { artifact, uncounted } from 'stet/task';
import { seeds } from './parts/seeds.ts';

const lines = \`
stage=$1 name=$2; shift 2
node=\\\${SLURMD_NODENAME:-\\$(hostname)}
say() { echo "\\$name \\\${SLURM_JOB_ID:--} \\\${SLURM_RESTART_COUNT:-0} \\$node" >> "\\$stage/\\$1"; }
cue() { while [ ! -e "\\$stage/cues/\\$1" ] && [ ! -e "\\$stage/cues/all" ]; do sleep 0.1; done; }
trap 'say told; [ -e "\\$stage/cues/stubborn" ] || exit 143' TERM
say begun
\`;
const play = (stage, name, script, ...args) => ['/bin/sh', '-c', lines + script, 'sh', stage, name, ...args];

/** Holds the driver where a test wants to find it. */
const gate = async (name) => {
  const stage = process.env.STET_TEST_STAGE;
  if (!stage || !existsSync(stage + '/gates/' + name)) return;
  writeFileSync(stage + '/at-' + name, '');
  while (existsSync(stage + '/gates/' + name)) await delay(20);
};

const weighed = artifact('weighed', { meta: z.object({}), inspect: async () => { await gate('ingest'); return {}; } });

const train = task({
  name: 'train',
  inputs: { stage: uncounted(z.string()), seed: z.int(), steps: z.int() },
  outputs: { checkpoints: stream(folder) },
  onPreempt: 'resume',
  observe: async () => { await gate('intent'); return 'nothing'; },
  resources: RESOURCES,
  command: ({ stage, seed, steps }, out) => play(stage, 'train-' + seed, \`
[ ! -e "\\$stage/hog" ] || head -c "\\$(cat "\\$stage/hog")" /dev/zero | tail > /dev/null || exit 137
mkdir -p "\\$1" && cd "\\$1" || exit 1
n=0
while [ \\$n -lt "\\$3" ]; do
  n=\\$((n + 1))
  [ -d "\\$n" ] && continue
  [ ! -e "\\$stage/pace" ] || sleep "\\$(cat "\\$stage/pace")"
  cue "train-\\$2-\\$n"
  [ ! -e "\\$stage/break" ] || exit 7
  if [ -e "\\$stage/spoil/\\$node" ]; then
    for file in */weights; do echo spoilt > "\\$file"; done
    mkdir -p "\\$1/9" && echo spoilt > "\\$1/9/weights"
    say spoilt
    exit 0
  fi
  rm -rf .aside
  mkdir .aside && { cat "\\$((n - 1))/weights" 2>/dev/null; echo "seed \\$2 step \\$n"; } > .aside/weights || exit 1
  cue "whole-\\$2-\\$n"
  mv .aside "\\$n"
done
say ended\`, out.checkpoints, String(seed), String(steps)),
});

const score = task({
  name: 'score',
  inputs: { stage: uncounted(z.string()), model: folder },
  outputs: { lines: z.int(), copy: weighed },
  command: ({ stage, model }, out) => play(stage, 'score', \`
name=score-\\$(tail -n 1 "\\$1/weights" | tr -cd '0-9 ' | tr -s ' ' - | sed 's/^-//')
cue "\\$name"
wc -l < "\\$1/weights" > "\\$2"
place=\\$3
[ ! -e "\\$stage/late/\\$name" ] || { place=\\$stage/late/\\$name.copy; echo "\\$3" > "\\$stage/late/\\$name"; }
mkdir "\\$place" && cp "\\$1/weights" "\\$place/seen"
say ended\`, model.path, out.lines, out.copy),
});

const gather = task({
  name: 'gather',
  inputs: { stage: uncounted(z.string()), lines: z.array(z.array(z.int())) },
  outputs: { text: z.string() },
  command: ({ stage, lines }, out) => play(stage, 'gather', \`
cue gather
printf '"%s"' "\\$2" > "\\$1"
say ended\`, out.text, lines.map((row) => row.join('-')).join(' ')),
});

export default pipeline('faults', { stage: z.string(), seeds: z.int().default(1), steps: z.int().default(2) }, ({ stage, seeds: count, steps }) => {
  const rows = seeds({ count }).list.each((seed) => train({ stage, seed, steps }).checkpoints.each((model) => score({ stage, model })));
  return { text: gather({ stage, lines: rows.each((row) => row.each((each) => each.at('lines'))) }).text, rows };
});
`;

/** A module of its own for the TypeScript body, so that what the rest says of resources is not in its fingerprint. */
export const seedsModule = `
import { z } from 'zod';
import { task } from 'stet/task';

export const seeds = task({
  name: 'seeds',
  inputs: { count: z.int() },
  outputs: { list: z.array(z.int()) },
  run: async ({ count }) => ({ list: Array.from({ length: count }, (_, i) => i + 1) }),
});
`;
