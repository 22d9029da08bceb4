import { keptSteps, type RangesByEpisode } from '../../formats/idle-ranges.ts';
import type { FeatureStats } from '../../formats/norm-stats.ts';
import { droid, episodeKey, isSuccess, textOf } from '../../formats/rlds/droid.ts';
import { featuresFor, type FrameRule, usableFramesOf, width } from '../../formats/rlds/droid-frames.ts';
import { type Features, readFeatures } from '../../formats/rlds/features.ts';
import { type Episode, readEpisodes } from '../../formats/rlds/read.ts';
import { Bins } from '../data-page/bins.ts';
import type { Picture } from '../data-page/pictures.ts';

/** What the page says of a dataset. */
export interface Survey {
  readonly episodes: number;
  readonly successes: number;
  readonly steps: number;
  /** Steps in a range, of all episodes. */
  readonly keptSteps: number;
  /** Steps of each episode, in file order. */
  readonly lengths: readonly number[];
  /** Share of each episode that the ranges leave out. */
  readonly idleFractions: readonly number[];
  /** Episodes with no instruction, with one, two and three. */
  readonly withInstructions: readonly number[];
  readonly distinctInstructions: number;
  /** Some instructions and how many episodes have them first, the most frequent ones first. */
  readonly frequentInstructions: readonly { readonly text: string; readonly episodes: number }[];
  /** Of what the policy is trained on: one for each dimension. */
  readonly states: readonly Bins[];
  readonly actions: readonly Bins[];
  /** Frames in them. */
  readonly frames: number;
  readonly pictures: readonly Picture[];
  readonly skipped: number;
}

export interface SurveyPlan {
  readonly folder: string;
  readonly rule: FrameRule;
  readonly allRanges: RangesByEpisode;
  readonly stats: Readonly<Record<'state' | 'actions', FeatureStats>>;
  readonly skipBadRecords: boolean;
  readonly workers: number;
  readonly onEpisode: (done: number) => void;
}

const binCount = 48;

/** One pass over the numbers, and a look at the first pictures; memory is that of the lengths and instructions. */
export async function surveyOf(plan: SurveyPlan): Promise<Survey> {
  const { folder, rule, allRanges, stats } = plan;
  const features = await readFeatures(folder);
  const language = droid.language.filter((name) => features.has(name));
  const [lengths, idleFractions]: [number[], number[]] = [[], []];
  const withInstructions = [0, 0, 0, 0];
  const firsts = new Map<string, number>();
  const [states, actions] = [binsOf(stats.state), binsOf(stats.actions)];
  let [successes, kept, frames, skipped] = [0, 0, 0, 0];
  const countSkipped = ({ records = 1 }: { records?: number }): void => {
    skipped += records;
  };
  const onSkip = plan.skipBadRecords ? countSkipped : undefined;
  const episodes = readEpisodes(folder, {
    features: featuresFor(rule.actionSpace),
    firstOf: language,
    workers: plan.workers,
    onSkip,
  });
  for await (const episode of episodes) {
    lengths.push(episode.steps);
    plan.onEpisode(lengths.length);
    if (isSuccess(textOf(episode, droid.filePath))) successes += 1;
    const moving = keptSteps(allRanges.get(episodeKey(episode)), episode.steps).reduce((sum, step) => sum + step, 0);
    kept += moving;
    idleFractions.push(episode.steps > 0 ? 1 - moving / episode.steps : 0);
    const texts = language.map((name) => textOf(episode, name).trim()).filter(Boolean);
    withInstructions[texts.length] = (withInstructions[texts.length] ?? 0) + 1;
    for (const text of texts.slice(0, 1)) firsts.set(text, (firsts.get(text) ?? 0) + 1);
    const trained = usableFramesOf(episode, rule, onSkip && (() => onSkip({})));
    frames += trained.steps.length;
    count(trained.states, states);
    count(trained.actions, actions);
  }
  const frequent = [...firsts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 12);
  return {
    episodes: lengths.length,
    successes,
    steps: lengths.reduce((sum, length) => sum + length, 0),
    keptSteps: kept,
    lengths,
    idleFractions,
    withInstructions,
    distinctInstructions: firsts.size,
    frequentInstructions: frequent.map(([text, n]) => ({ text, episodes: n })),
    states,
    actions,
    frames,
    pictures: await picturesOf(folder, features),
    skipped,
  };
}

/** A quarter more than from q01 to q99, so that the tails show. */
function binsOf({ q01 = [], q99 = [] }: FeatureStats): Bins[] {
  return q01.map((low, d) => {
    const high = q99[d] ?? low;
    const margin = (high - low) / 4 || 0.5;
    return new Bins([low - margin, high + margin], binCount);
  });
}

function count(rows: Float32Array, bins: readonly Bins[]): void {
  for (let i = 0; i < rows.length; i += width) {
    for (let d = 0; d < width; d += 1) bins[d]?.add(rows[i + d] as number);
  }
}

const pictureCount = 6;

/** Of the first successes, one picture of a fixed camera and one of the wrist, where there are such. */
async function picturesOf(folder: string, features: Features): Promise<Picture[]> {
  const imageFeatures = [...features].filter(([, { isImage, perStep }]) => isImage && perStep).map(([name]) => name);
  const cameras = [
    ...imageFeatures
      .filter((name) => !/wrist/.test(name))
      .sort()
      .slice(0, 1),
    ...imageFeatures.filter((name) => /wrist/.test(name)),
  ];
  const language = droid.language.slice(0, 1).filter((name) => features.has(name));
  const pictures: Picture[] = [];
  const reading = { features: [droid.filePath], firstOf: [...cameras, ...language], onSkip: () => undefined };
  for await (const episode of readEpisodes(folder, reading)) {
    if (pictures.length >= pictureCount || cameras.length === 0) break;
    if (!isSuccess(textOf(episode, droid.filePath))) continue;
    pictures.push(...cameras.flatMap((camera) => pictureOf(episode, camera, language[0])));
  }
  return pictures.slice(0, pictureCount);
}

function pictureOf(episode: Episode, camera: string, language: string | undefined): Picture[] {
  const jpeg = episode.bytes[camera]?.[0];
  // An empty or other string is no JPEG.
  if (!jpeg || jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return [];
  const caption = language === undefined ? '' : textOf(episode, language).trim();
  return [
    { camera: camera.split('/').at(-1) as string, caption: caption || 'no instruction', format: 'jpeg', bytes: jpeg },
  ];
}
