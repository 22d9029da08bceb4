import { messageOf, Problem } from '../../../cache/problem.ts';
import { isCommit, parseHubAddress, resolveCommit } from './hf.ts';
import { type Choice, listingDigest, selectObjects } from './listing.ts';
import { listRemote, planAccess, schemeOf } from './open.ts';
import type { DownloadClient } from './download-inputs.ts';
import { plainAddress } from './plain-address.ts';
import type { Access, Remote } from './source.ts';

interface Wanted extends Choice {
  readonly from: string;
  readonly via: DownloadClient;
  readonly listing?: string | undefined;
}

/**
 * What pins the content of an address, as a plan sees it: the digest of its listing, or the commit of a repository. A
 * pinned address is asked nothing.
 */
export async function lookAt(wanted: Wanted): Promise<Readonly<Record<string, string | number>>> {
  if (wanted.listing !== undefined) return {};
  const access = planAccess();
  try {
    if (schemeOf(wanted.from) === 'hf') {
      const address = parseHubAddress(wanted.from);
      return isCommit(address.revision) ? {} : { commit: await resolveCommit(address, access) };
    }
    const remote = await listWanted(wanted, access);
    return { listing: listingDigest(remote.objects), files: remote.objects.length };
  } catch (cause) {
    if (!Problem.is(cause) || cause.code !== 'unreachable') throw cause;
    throw new Problem('unreachable', `Cannot look at ${plainAddress(wanted.from)}: ${messageOf(cause)}`, {
      hint: 'Without a network, pin what it holds: listing: "sha256:…", as the log of the download tells it.',
      cause,
    });
  }
}

/** Lists the wanted objects of an address, and refuses a listing that is not the pinned one. */
export async function listWanted(wanted: Wanted, access: Access): Promise<Remote> {
  const remote = selectObjects(await listRemote(wanted.from, { via: wanted.via, access }), wanted);
  if (wanted.listing === undefined) return remote;
  const digest = listingDigest(remote.objects);
  if (digest === wanted.listing) return remote;
  throw new Problem(
    'listing-differs',
    `${plainAddress(wanted.from)} no longer holds what was pinned: ${wanted.listing} expected, ${digest} found.`,
    {
      hint: 'Somebody changed it there. To take what is there now, pin that, or leave out `listing`.',
    },
  );
}
