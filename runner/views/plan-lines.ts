import { cannotRun, type Plan, type PlanNode, type Refusal, refusalLines } from '../plan/plan.ts';
import { type Gap, gapHeading, gapLines } from '../plan/gaps.ts';
import { oneLine } from './columns.ts';
import type { Paint } from './paint.ts';
import { allKnown, duration } from '../words/quantities.ts';

/** A plan in words: what runs and why, what may run, and what is known already. */
export function planLines(pipeline: string, plan: Plan, paint: Paint): string[] {
  const { nodes, refusals, notes = [], gaps = [], place = 'this machine' } = plan;
  const cached = nodes.filter(({ state }) => state === 'cached');
  const run = nodes.filter(({ state }) => state === 'run');
  const shared = nodes.filter(({ state }) => state === 'shared');
  const unknown = nodes.filter(({ state }) => state === 'unknown');
  if (run.length + unknown.length === 0) {
    return [
      `${paint.green('✓')} ${paint.bold(pipeline)}: nothing to do: ${allKnown(nodes.length)}`,
      ...acceptedOf(cached).map((node) => `  ${told(node, paint)}`),
      ...notFollowed(gaps, paint),
      ...refused(refusals, place, paint),
      ...noted(notes, paint),
    ];
  }
  return [
    ...run.map(
      (node) =>
        `${paint.cyan('●')} ${paint.bold(oneLine(node.label))} will run: ${oneLine(node.reason)}${before(node, paint)}`,
    ),
    ...shared.map((node) => `${paint.cyan('○')} ${oneLine(node.label)}${paint.dim(`: ${oneLine(node.reason)}`)}`),
    ...unknown.map(
      (node) =>
        `${paint.yellow('?')} ${oneLine(node.label)}${paint.dim(`${node.perItem ? ', per item' : ''}: ${oneLine(node.reason)}`)}`,
    ),
    ...known(cached, paint),
    '',
    `${paint.bold(pipeline)}: ${[`${run.length} will run`, ...(shared.length > 0 ? [`${shared.length} the same`] : []), ...(unknown.length > 0 ? [`${unknown.length} may run`] : []), `${cached.length} cached`].join(', ')}${price(run, unknown, paint)}`,
    ...notFollowed(gaps, paint),
    ...refused(refusals, place, paint),
    ...noted(notes, paint),
  ];
}

function noted(notes: readonly Refusal[], { dim }: Paint): string[] {
  return notes.flatMap((note) => refusalLines(note).map((line) => dim(oneLine(line))));
}

/** Known nodes are told by name as long as they are few: nobody reads two hundred lines of "cached". */
const namedAtMost = 12;

function known(cached: readonly PlanNode[], paint: Paint): string[] {
  const { green, dim } = paint;
  if (cached.length <= namedAtMost) return cached.map((node) => `${green('✓')} ${told(node, paint)}`);
  const accepted = acceptedOf(cached).map((node) => `${green('✓')} ${told(node, paint)}`);
  return [...accepted, `${green('✓')} ${dim(`${cached.length - accepted.length} nodes are cached`)}`];
}

/** What a person said is told however many nodes there are. */
function acceptedOf(cached: readonly PlanNode[]): PlanNode[] {
  return cached.filter(({ accepted }) => accepted !== undefined);
}

function told({ label, accepted, reason }: PlanNode, { dim }: Paint): string {
  return dim(`${oneLine(label)}: ${accepted ? oneLine(reason) : 'cached'}`);
}

function before({ seconds }: PlanNode, { dim }: Paint): string {
  return seconds === undefined ? '' : dim(` (took ${duration(seconds)} before)`);
}

function price(run: readonly PlanNode[], unknown: readonly PlanNode[], { dim }: Paint): string {
  const certain = sum(run);
  const rest = sum(unknown);
  if (certain.timed + rest.timed === 0) return '';
  const share = certain.timed < run.length ? ` for ${certain.timed} of the ${run.length}` : '';
  const about = certain.timed === 0 ? '' : ` about ${duration(certain.seconds)}${share}`;
  const more =
    rest.timed === 0 ? '' : ` up to ${duration(rest.seconds)}${about === '' ? '' : ' more'} for what may run`;
  return dim(`; one after another${[about, more].filter(Boolean).join(', and')}, by earlier runs`);
}

function sum(nodes: readonly PlanNode[]): { readonly timed: number; readonly seconds: number } {
  const timed = nodes.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  return { timed: timed.length, seconds: timed.reduce((all, seconds) => all + seconds, 0) };
}

function notFollowed(gaps: readonly Gap[], { yellow, dim }: Paint): string[] {
  if (gaps.length === 0) return [];
  const lines = gaps.flatMap((gap) => {
    const [what, advice] = gapLines(gap).map(oneLine);
    return [`  ${what}`, dim(`    ${advice}`)];
  });
  return ['', yellow(gapHeading), ...lines];
}

function refused(refusals: readonly Refusal[], place: string, { red, dim }: Paint): string[] {
  if (refusals.length === 0) return [];
  const lines = refusals.flatMap((refusal) => {
    const [what = '', ...advice] = refusalLines(refusal).map(oneLine);
    return [`  ${what}`, ...advice.map((line) => dim(`    ${line}`))];
  });
  return ['', red(cannotRun(place)), ...lines];
}
