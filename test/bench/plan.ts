import { join } from 'node:path';
import { compare, inTemporaryFolder } from './measure.ts';
import { runNode, runPipeline } from './program.ts';
import { ms, printTable } from './table.ts';

/** `pipeline plan` of what ships, whole program, against the start of Node. */
export async function benchPlan(): Promise<void> {
  const rows: string[][] = [];
  await inTemporaryFolder(async (folder) => {
    const plan = (): void => runPipeline(['plan', 'demo-score'], { store: join(folder, 'store') });
    plan(); // freezes the code
    const { floorMs, runMs, ratio } = await compare(() => runNode(['-e', '0']), plan, { times: 15 });
    rows.push(['demo-score, nothing known', ms(floorMs), ms(runMs), ratio.toFixed(2)]);
  });
  printTable('plan', ['what', 'node -e 0', 'stet', 'ratio'], rows);
}
