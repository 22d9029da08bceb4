import { Problem } from '../../cache/problem.ts';

/** Chosen episodes of one dataset. `dataset` is a name or a folder; a list of these is a `datasets_file` of Demo-SCORE. */
export interface EpisodeChoice {
  readonly dataset: string;
  readonly episodes: readonly number[];
}

/** One line for each dataset, `<dataset> <episode>,<episode>…`; a dataset without episodes has no line. */
export function formatEpisodeList(choices: readonly EpisodeChoice[]): string {
  const wrong = choices.find(({ dataset }) => !/^\S+$/.test(dataset));
  if (wrong) {
    throw new Problem('wrong-dataset-name', `"${wrong.dataset}" cannot name a dataset in an episode list.`, {
      hint: 'Use a name without spaces.',
    });
  }
  const lines = choices.filter(({ episodes }) => episodes.length > 0);
  return lines.map(({ dataset, episodes }) => `${dataset} ${episodes.join(',')}\n`).join('');
}

/** Reads such a list. Empty lines are left out. */
export function parseEpisodeList(text: string): EpisodeChoice[] {
  const lines = text.split(/\r?\n/).map((line, position) => ({ line, number: position + 1 }));
  return lines.filter(({ line }) => line.trim() !== '').map(({ line, number }) => parseLine(line, number));
}

function parseLine(line: string, number: number): EpisodeChoice {
  const match = /^(\S+) (\d+(?:,\d+)*)$/.exec(line.trimEnd());
  const episodes = match?.[2]?.split(',').map(Number) ?? [];
  if (match?.[1] === undefined || !episodes.every(Number.isSafeInteger)) {
    throw new Problem('wrong-episode-list', `Line ${number} of an episode list is "${line}".`, {
      hint: 'A line is a dataset, one space, and episode numbers with commas: demos 0,1,4',
    });
  }
  return { dataset: match[1], episodes };
}
