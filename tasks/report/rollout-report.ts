import { z } from 'zod';
import { task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { htmlPage } from '../kinds/html-page.ts';
import { rolloutSummary } from '../kinds/rollout-summary.ts';

/** How the checkpoints of one training did in the same scenes: a page with a table and drawn episodes. */
export const rolloutReport = task({
  name: 'rollout-report',
  inputs: {
    title: z.string(),
    /** What was done, in a sentence. */
    lead: z.string(),
    rows: z.array(z.object({ policy: checkpoint, summary: rolloutSummary })).min(1),
    parameters: z.record(z.string(), z.json()),
  },
  outputs: { report: htmlPage },
  run: async ({ title, lead, rows, parameters }, out) => {
    const { writeFile } = await import('node:fs/promises');
    const { readOutcome } = await import('./outcomes/outcome.ts');
    const { page } = await import('./page/layout.ts');
    const { episodesSection } = await import('./sections/episodes.ts');
    const { parametersSection } = await import('./sections/parameters.ts');
    const { policiesSection } = await import('./sections/policies.ts');
    const byStep = [...rows].sort((a, b) => a.policy.meta.step - b.policy.meta.step);
    const outcomes = await Promise.all(
      byStep.map(({ policy, summary }) => readOutcome(summary.path, `step ${policy.meta.step}`, 'base')),
    );
    const body = [policiesSection(outcomes), episodesSection(outcomes), parametersSection(parameters)];
    await writeFile(out.report, page({ title, lead, body }));
    return out;
  },
});
