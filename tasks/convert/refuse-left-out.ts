import { Problem } from '../../cache/problem.ts';
import { nearest } from '../core/nearest.ts';
import type { LeftOut } from './left-out.ts';

/** Stops with every episode that cannot be used, and why. */
export function refuseLeftOut(left: readonly LeftOut[]): void {
  if (left.length === 0) return;
  const lines = left.map(({ episode, reason }) => `${episode}: ${reason}`);
  throw new Problem(
    'episodes-incomplete',
    [`${left.length} ${left.length === 1 ? 'episode' : 'episodes'} cannot be used:`, ...lines].join('\n  '),
    { hint: 'Mend them, name them in leaveOut, or convert without strict, which leaves them out and lists them.' },
  );
}

/** Stops when no episode is left to convert. */
export function refuseNone(count: number, left: readonly LeftOut[], where: string): void {
  if (count > 0) return;
  const why = left.slice(0, 10).map(({ episode, reason }) => `${episode}: ${reason}`);
  const more = left.length > why.length ? [`and ${left.length - why.length} more`] : [];
  throw new Problem('no-episodes', [`No episode of ${where} can be used.`, ...why, ...more].join('\n  '));
}

/** Stops when something is to be left out that is not there: a typing mistake would let it in. */
export function refuseUnknownNames(
  leaveOut: readonly string[],
  episodeNames: ReadonlySet<string>,
  where: string,
): void {
  const unknown = leaveOut.filter((name) => !episodeNames.has(name));
  if (unknown.length === 0) return;
  const lines = unknown.map((name) => {
    const close = nearest(name, [...episodeNames]);
    return close === undefined ? name : `${name}; did you mean "${close}"?`;
  });
  throw new Problem('episode-unknown', [`${where} has no episodes that leaveOut names:`, ...lines].join('\n  '));
}
