import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { printTable } from '../bench/table.ts';
import { drawnRounds, type FaultName, faultNames } from './drawn-round.ts';
import { knockOuts, shortened } from './knock-outs.ts';
import { playRound } from './round.ts';
import { copySubject } from './subject.ts';

const help = `Draws graphs, edits and faults, and compares every value with a reference that has no cache.

  npm run test:faults -- [--minutes 4] [--lanes 2] [--acts 5] [--shrink-minutes 5] [--only FAULT,…]
  npm run test:faults -- --seed N [--rounds 1]         plays that round again
  npm run test:faults -- --knock-out NAME [--minutes 4]   takes a mend out: 0 when the engine finds that it is missing

faults: ${faultNames.join(', ')}
knock-outs: ${Object.keys(knockOuts).join(', ')}
`;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '4' },
    lanes: { type: 'string', default: '2' },
    acts: { type: 'string', default: '5' },
    'shrink-minutes': { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    seed: { type: 'string' },
    rounds: { type: 'string' },
    'knock-out': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}

const knockOut = options['knock-out'] === undefined ? undefined : knockOuts[options['knock-out']];
if (options['knock-out'] !== undefined && !knockOut) refuse(`There is no knock-out ${options['knock-out']}.`);
const faults = (options.only === '' ? (knockOut?.faults ?? faultNames) : options.only.split(',')) as FaultName[];
const stranger = faults.find((name) => !faultNames.includes(name));
if (stranger !== undefined) refuse(`There is no fault ${stranger}.`);

const startedAt = performance.now();
const firstSeed = Number(options.seed ?? Date.now() % 1_000_000_000);
const mostRounds = Number(options.rounds ?? (options.seed === undefined ? Number.POSITIVE_INFINITY : 1));
const end = startedAt + Number(options.minutes) * 60_000;
const counts = new Map<string, number>();
const count = (what: string, times = 1): void => void counts.set(what, (counts.get(what) ?? 0) + times);
let findings = 0;
let nextRound = 0;

const scratch = mkdtempSync(join(realpathSync(tmpdir()), 'stet-subject-'));
try {
  const subject = copySubject(join(scratch, 'stet'), [...shortened, ...(knockOut?.replacements ?? [])]);
  tell(`from seed ${firstSeed}; faults: ${faults.join(', ')}${knockOut ? `; taken out: ${knockOut.what}` : ''}`);
  await Promise.all(Array.from({ length: Number(options.lanes) }, () => lane(subject)));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
printTable(
  `${((performance.now() - startedAt) / 60_000).toFixed(1)} minutes from seed ${firstSeed}: ${findings} findings`,
  ['what', 'times'],
  [...counts].sort().map(([what, times]) => [what, String(times)]),
);
process.exitCode = findings > 0 === (knockOut !== undefined) ? 0 : 1;

/** One round after the other, each drawn from a seed of its own, until the time is over. */
async function lane(subject: string): Promise<void> {
  const rounds = drawnRounds(faults, Number(options.acts));
  while (nextRound < mostRounds && performance.now() < end && !(knockOut && findings > 0)) {
    const seed = firstSeed + nextRound;
    nextRound += 1;
    const property = fc.asyncProperty(rounds, (drawn) => playRound(drawn, { subject, count }));
    const limit = Math.max(1, end - performance.now()) + Number(options['shrink-minutes']) * 60_000;
    const found = await fc.check(property, {
      seed,
      numRuns: 1,
      unbiased: true,
      interruptAfterTimeLimit: limit,
      endOnFailure: knockOut !== undefined,
    });
    count('rounds');
    // Without an example it was not over when the time was.
    if (!found.failed || found.counterexample === null) continue;
    findings += 1;
    const [smallest] = found.counterexample;
    tell(`FOUND in the round of seed ${seed}, after ${found.numShrinks} steps smaller:`);
    process.stdout.write(
      `${JSON.stringify(smallest)}\n${String(found.errorInstance)}\nagain: npm run test:faults -- --seed ${seed}\n`,
    );
  }
}

function tell(line: string): void {
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

function refuse(what: string): never {
  process.stderr.write(`${what}\n\n${help}`);
  process.exit(2);
}
