import type { SlurmCommands } from '../queue/commands.ts';
import { ownWords } from '../queue/own-words.ts';
import { siteOptions } from '../script/options.ts';
import type { SlurmSite } from '../script/slurm-site.ts';

/** Why Slurm takes no job with what the site says of partition, account, qos and the rest, in its own words. Nothing is submitted. */
export async function refusalOfSite(
  commands: Pick<SlurmCommands, 'test'>,
  site: SlurmSite,
): Promise<string | undefined> {
  const answer = await commands.test(
    ['--test-only', '--output=/dev/null', '--time=1', ...siteOptions(site)],
    '#!/bin/sh\n',
  );
  return answer.is === 'answer' ? undefined : ownWords(answer.message);
}
