import { z } from 'zod';
import type { Html } from '../page/html.ts';
import { counted } from '../page/numbers.ts';
import { section, table } from '../page/layout.ts';

const Quantiles = z.array(z.number());
const Errors = z.object({ position: Quantiles, angle: Quantiles, coverage: Quantiles });

/** The part of a replay's `errors.json` that the report uses: one error for each of `quantiles`. */
export const ReplayErrors = z.object({
  quantiles: z.array(z.number().min(0).max(1)),
  atEnd: Errors,
  oneStep: Errors,
  episodes: z.array(z.unknown()),
});
export type ReplayErrors = z.output<typeof ReplayErrors>;

/** How faithful the simulation is: recorded actions, played from recorded first states. */
export function physicsSection({ quantiles, atEnd, oneStep, episodes }: ReplayErrors): Html {
  const columns = [{ name: 'Error of the tee' }, ...quantiles.map((q) => ({ name: quantileName(q), isNumber: true }))];
  const degrees = (radians: number): string => `${short((radians * 180) / Math.PI)}°`;
  const rows = [
    { name: 'position after one step, pixels', values: oneStep.position.map(short) },
    { name: 'position at the end, pixels', values: atEnd.position.map(short) },
    { name: 'angle at the end', values: atEnd.angle.map(degrees) },
    { name: 'coverage at the end', values: atEnd.coverage.map(short) },
  ];
  return section({
    title: 'The simulation against the recordings',
    note: `The actions of ${counted(episodes.length, 'demonstration')}, played in this simulation from their recorded first states and compared with what was recorded.`,
    body: table(
      columns,
      rows.map(({ name, values }) => ({ cells: [name, ...values] })),
    ),
  });
}

/** Two digits, however small. */
function short(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function quantileName(q: number): string {
  if (q === 0) return 'smallest';
  if (q === 1) return 'largest';
  return q === 0.5 ? 'median' : `${Math.round(q * 100)}%`;
}
