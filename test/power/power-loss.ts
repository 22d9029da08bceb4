import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskLog } from './disk-log.ts';
import { judgeCut } from './judge-cut.ts';
import { RecordedDisk } from './recorded-disk.ts';
import { PowerProject, makeStore, type Story, tellStory } from './story.ts';

export interface PowerLossOptions {
  /** How often the power goes. */
  readonly cuts: number;
  readonly seed: number;
  /** Programs believe to sync, and do not: the proof that the judge would notice. */
  readonly withoutSyncs?: boolean;
  /** Hears of each fault. */
  readonly said?: (line: string) => void;
}

export interface PowerLoss {
  readonly writes: number;
  readonly flushes: number;
  /** Results that were told of. */
  readonly told: number;
  readonly bad: readonly BadCut[];
}

interface BadCut {
  readonly cut: number;
  readonly faults: readonly string[];
}

/** So many disks are judged at a time. */
const judgedAtOnce = 2;

/**
 * Records all that a disk is told while pipelines run on it, takes its power away at many points, and asks the real program what is
 * left: each time the writes up to the last flush are there, and of the later ones any pieces.
 */
export async function powerLoss(options: PowerLossOptions): Promise<PowerLoss> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'stet-power-'));
  try {
    const disk = await RecordedDisk.open(folder);
    const project = new PowerProject(join(folder, 'project'), disk.root);
    const story = await recorded(disk, project, options);
    const log = new DiskLog(disk.log);
    const bad = await judgeAll({ folder, disk, project, story, log }, options);
    return { writes: log.entries.length - log.flushes, flushes: log.flushes, told: story.told.length, bad };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function recorded(
  disk: RecordedDisk,
  project: PowerProject,
  { withoutSyncs = false }: PowerLossOptions,
): Promise<Story> {
  try {
    if (withoutSyncs) await makeStore(project);
    const env = withoutSyncs ? disk.withoutSyncs : {};
    return await tellStory({ project, env, logBytes: () => disk.logBytes });
  } finally {
    disk.close();
  }
}

interface Recording {
  readonly folder: string;
  readonly disk: RecordedDisk;
  readonly project: PowerProject;
  readonly story: Story;
  readonly log: DiskLog;
}

async function judgeAll(recording: Recording, { cuts, seed, said = () => {} }: PowerLossOptions): Promise<BadCut[]> {
  const { folder, disk, project, story, log } = recording;
  const random = randomFrom(seed);
  const bad: BadCut[] = [];
  const judging = new Set<Promise<void>>();
  let flushed = 0;
  for (const [i, cut] of chosenCuts(recording, cuts, random).entries()) {
    const from = log.lastFlushBefore(cut);
    log.apply(disk.base, flushed, from);
    flushed = from;
    const notes = join(folder, `cut-${i}`);
    const image = imageAt(recording, { notes, from, cut, share: random() < 0.3 ? 0 : random() }, random);
    const question = { project, root: disk.root, image, notes, ...knownAt(story, log.bytesAt(cut)) };
    const judged = judgeCut({ ...question, verifiesFirst: random() < 0.5 }).then((faults) => {
      if (faults.length > 0) bad.push({ cut, faults });
      for (const fault of faults) said(`cut ${cut} of ${log.entries.length}: ${fault}`);
      rmSync(notes, { recursive: true });
      judging.delete(judged);
    });
    judging.add(judged);
    if (judging.size >= judgedAtOnce) await Promise.race(judging);
  }
  await Promise.all(judging);
  return bad;
}

/** The disk with all that was flushed, and of what was written since then so large a share. */
function imageAt(
  { disk, log }: Recording,
  { notes, from, cut, share }: { notes: string; from: number; cut: number; share: number },
  random: () => number,
): string {
  mkdirSync(notes);
  const image = join(notes, 'image');
  execFileSync('cp', ['--sparse=always', disk.base, image]);
  log.apply(image, from, cut, () => random() < share);
  return image;
}

/** What was asked for last, and what had been told of. */
function knownAt({ runs, told }: Story, logBytes: number): Pick<Parameters<typeof judgeCut>[0], 'asked' | 'told'> {
  const asked = runs.findLast((run) => run.at <= logBytes)?.asked ?? { n: 1, steps: 1 };
  return { asked, told: told.filter((one) => one.at <= logBytes && logBytes < one.until) };
}

/** In order: half of them anywhere after the first run began, half right after something was told, where the promise is youngest. */
function chosenCuts({ log, story: { runs, told } }: Recording, count: number, random: () => number): number[] {
  const first = log.cutAfter(runs[0]?.at ?? 0);
  const anywhere = (): number => first + Math.floor(random() * (log.entries.length + 1 - first));
  const afterTold = (): number => {
    const at = told[Math.floor(random() * told.length)]?.at ?? 0;
    return Math.min(log.entries.length, log.cutAfter(at) + Math.floor(random() * 4));
  };
  return Array.from({ length: count }, (_, i) => (i % 2 === 0 ? anywhere() : afterTold())).sort((a, b) => a - b);
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
