import type { LeftOut } from './left-out.ts';
import { refuseLeftOut, refuseNone, refuseUnknownNames } from './refuse-left-out.ts';
import type { ShardEpisode } from './rlds-episodes.ts';
import type { RldsMapping } from './rlds-mapping.ts';

interface Gathering<File> {
  readonly shards: readonly {
    readonly file: File;
    readonly episodes: readonly ShardEpisode[];
    readonly left: readonly LeftOut[];
    readonly damaged: readonly LeftOut[];
  }[];
  readonly mapping: RldsMapping;
  readonly instruction?: number | undefined;
  readonly successOnly: boolean;
  /** Names of episodes, or digests of records. */
  readonly leaveOut: readonly string[];
  readonly strict: boolean;
}

/** What `gatherRldsEpisodes` gives. */
export function gatherEpisodes<File>(gathering: Gathering<File>) {
  const { shards, leaveOut, successOnly, strict } = gathering;
  const left = shards.flatMap(({ damaged, left: incomplete }) => [...damaged, ...incomplete]);
  const byRecord = new Map<string, ShardEpisode & { file: File }>();
  for (const { file, episodes } of shards) {
    for (const episode of episodes)
      if (!byRecord.has(episode.record)) byRecord.set(episode.record, { ...episode, file });
  }
  const uniqueEpisodes = [...byRecord.values()];
  refuseUnknownNames(leaveOut, new Set(uniqueEpisodes.flatMap(({ name, record }) => [name, record])), 'The dataset');
  const unwanted = new Set(leaveOut);
  const wanted = uniqueEpisodes.filter(
    ({ name, record, success }) => !unwanted.has(name) && !unwanted.has(record) && (success || !successOnly),
  );
  if (strict) refuseLeftOut(left);
  refuseNone(wanted.length, left, 'the dataset');
  const uses = new Map<string, number>();
  for (const { name } of wanted) uses.set(name, (uses.get(name) ?? 0) + 1);
  const episodes = wanted.map(({ name, record, steps, instructions, file, place }) => ({
    key: uses.get(name) === 1 ? name : `${name}-${record.slice('sha256:'.length, 'sha256:'.length + 8)}`,
    record,
    steps,
    task: taskOf(instructions, gathering),
    shard: file,
    place,
  }));
  return { episodes, left };
}

function taskOf(instructions: readonly string[], { instruction, mapping }: Gathering<unknown>): string {
  const chosen =
    instruction === undefined ? instructions.find((text) => text.trim() !== '') : instructions[instruction - 1];
  return chosen === undefined || chosen.trim() === '' ? mapping.defaultTask : chosen;
}
