import { messageOf, Problem } from '../../../cache/problem.ts';
import { isCommit, parseHubAddress, resolveCommit } from './hf.ts';
import { type Choice, listingDigest, selectObjects } from './listing.ts';
import { listPlace, planAccess, schemeOf } from './open.ts';
import type { Way } from './place-inputs.ts';
import { plainAddress } from './plain-address.ts';
import type { Access, Remote } from './source.ts';

interface Place extends Choice {
  readonly from: string;
  readonly via: Way;
  readonly listing?: string | undefined;
}

/**
 * What pins the content of a place, as a plan sees it: the digest of its listing, or the commit of a repository. A pinned
 * place is asked nothing.
 */
export async function lookAt(place: Place): Promise<Readonly<Record<string, string | number>>> {
  if (place.listing !== undefined) return {};
  const access = planAccess();
  try {
    if (schemeOf(place.from) === 'hf') {
      const address = parseHubAddress(place.from);
      return isCommit(address.revision) ? {} : { commit: await resolveCommit(address, access) };
    }
    const remote = await listWanted(place, access);
    return { listing: listingDigest(remote.objects), files: remote.objects.length };
  } catch (cause) {
    if (!Problem.is(cause) || cause.code !== 'unreachable') throw cause;
    throw new Problem('unreachable', `Cannot look at ${plainAddress(place.from)}: ${messageOf(cause)}`, {
      hint: 'Without a network, pin what it holds: listing: "sha256:…", as the log of the download tells it.',
      cause,
    });
  }
}

/** Lists what is wanted of a place, and refuses when it is not what was pinned. */
export async function listWanted(place: Place, access: Access): Promise<Remote> {
  const remote = selectObjects(await listPlace(place.from, { via: place.via, access }), place);
  if (place.listing === undefined) return remote;
  const found = listingDigest(remote.objects);
  if (found === place.listing) return remote;
  throw new Problem(
    'listing-differs',
    `${plainAddress(place.from)} no longer holds what was pinned: ${place.listing} expected, ${found} found.`,
    {
      hint: 'Somebody changed it there. To take what is there now, pin that, or leave out `listing`.',
    },
  );
}
