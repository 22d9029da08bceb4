import { sizeInWords } from '../../core/size-in-words.ts';
import type { Attempt } from '../../core/spec.ts';
import { listingDigest, placedBelow } from '../sources/listing.ts';
import { plainAddress } from '../sources/plain-address.ts';
import { listWanted } from '../sources/look.ts';
import { jobAccess } from '../sources/open.ts';
import type { DownloadClient } from '../sources/download-inputs.ts';
import { type Downloaded, download } from './download.ts';

interface Wanted {
  readonly from: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly listing?: string | undefined;
  readonly via: DownloadClient;
  readonly parallel: number;
  readonly checkData: boolean;
}

interface Target {
  readonly to: string;
  /** The folder below `to` that gets the files; `to` itself by default. */
  readonly below?: string;
  readonly attempt: Pick<Attempt, 'signal' | 'report'>;
}

/** The body of the tasks that download: lists, fetches, and says in the job's log what it was. */
export async function bring(
  wanted: Wanted,
  { to, below = '', attempt: { signal, report } }: Target,
): Promise<Downloaded> {
  const access = jobAccess(signal);
  const remote = await listWanted(wanted, access);
  const listing = listingDigest(remote.objects);
  process.stdout.write(
    `${plainAddress(wanted.from)}: ${remote.objects.length} files; to plan without network, listing: '${listing}'\n`,
  );
  const { parallel, checkData } = wanted;
  const done = await download(placedBelow(remote, below), to, { access, parallel, checkData, report });
  process.stdout.write(
    `${done.files} files, ${sizeInWords(done.bytes)} in ${to}; ${done.kept} were there, ${sizeInWords(done.movedBytes)} came now\n`,
  );
  return done;
}
