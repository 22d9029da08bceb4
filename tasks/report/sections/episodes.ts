import type { Outcome } from '../outcomes/outcome.ts';
import { Html, html } from '../page/html.ts';
import { grouped, signed } from '../page/numbers.ts';
import { section } from '../page/layout.ts';

/** The same scene, played by each policy. Nothing when no episode was drawn. */
export function episodesSection(outcomes: readonly Outcome[]): Html | false {
  const scenes = telling(outcomes);
  if (scenes.length === 0) return false;
  return section({
    title: 'Some episodes',
    note: 'Time runs to the right. The scenes are chosen by rule from those that were drawn: where the policies differ most, where they do best, where they do worst.',
    body: scenes.map(
      (index) => html`<div class="scene"><h3>Scene of seed ${grouped(outcomes[0]?.episodes[index]?.seed ?? 0)}</h3>
${outcomes.map((outcome) => strip(outcome, index))}</div>\n`,
    ),
  });
}

/** At most three positions: largest difference in max reward between policies, best mean, worst mean. */
export function telling(outcomes: readonly Outcome[]): number[] {
  const [first] = outcomes;
  const drawn = [...(first?.films.keys() ?? [])].filter((index) => outcomes.every(({ films }) => films.has(index)));
  const scenes = drawn.map((index) => {
    const rewards = outcomes.map(({ episodes }) => episodes[index]?.maxReward ?? 0);
    const total = rewards.reduce((sum, reward) => sum + reward, 0);
    return { index, spread: Math.max(...rewards) - Math.min(...rewards), total };
  });
  const orders = [
    (a: Scene, b: Scene) => b.spread - a.spread,
    (a: Scene, b: Scene) => b.total - a.total,
    (a: Scene, b: Scene) => a.total - b.total,
  ];
  const chosen: number[] = [];
  for (const order of orders) {
    const next = [...scenes]
      .sort((a, b) => order(a, b) || a.index - b.index)
      .find(({ index }) => !chosen.includes(index));
    if (next) chosen.push(next.index);
  }
  return chosen;
}

interface Scene {
  readonly index: number;
  readonly spread: number;
  readonly total: number;
}

/** The drawing is an image of its own, so that its styles and ids stay inside it and nothing in it can run. */
function strip({ name, episodes, films }: Outcome, index: number): Html | false {
  const episode = episodes[index];
  const film = films.get(index);
  if (!episode || film === undefined) return false;
  const outcome = episode.success ? `success after ${episode.length} steps` : 'no success';
  const source = new Html(`data:image/svg+xml;base64,${Buffer.from(film).toString('base64')}`);
  return html`<div class="strip"><p class="strip-name"><span>${name}</span><span class="note">${outcome}, max reward ${signed(episode.maxReward, 3)}</span></p>
<div class="film" tabindex="0"><img src="${source}" alt="${name}, ${outcome}"></div></div>
`;
}
