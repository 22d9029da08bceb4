import { posix } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import type { Answer } from '../http/client.ts';
import { refuseOtherStatus } from '../http/refusals.ts';
import { inParallel } from '../pacing/parallel.ts';
import { patiently } from '../pacing/retry.ts';
import { sortedByName } from './listing.ts';
import { plainAddress } from './plain-address.ts';
import { readRange } from './ranged-read.ts';
import type { Access, Remote, RemoteObject } from './source.ts';

/** One file of a list: where it is, and what it will be called here (by default the address's last part). */
export interface Link {
  readonly url: string;
  readonly name?: string | undefined;
  /** `sha256:` and 64 hex digits, where they are known. */
  readonly digest?: string | undefined;
}

/** Files by their addresses. What tells one content from another is the ETag, else the time of the last change. */
export async function listLinks(links: readonly Link[], from: string, access: Access): Promise<Remote> {
  refusePasswords(links);
  const objects: RemoteObject[] = [];
  await inParallel(links, 8, async ({ url, name, digest }) => {
    const ask = async (): Promise<Answer> => {
      const answer = await access.http.open(url, { method: 'HEAD', signal: access.signal });
      answer.body.resume();
      refuseOtherStatus(answer, [200], plainAddress(url));
      return answer;
    };
    const { headers } = await patiently(ask, { what: `asking for ${plainAddress(url)}`, ...access });
    if (!/^\d+$/.test(headers['content-length'] ?? '')) {
      throw new Problem('size-unknown', `${plainAddress(url)} does not say how long it is.`, {
        hint: 'Fetch it by hand and adopt it.',
      });
    }
    const generation = generationOf(headers);
    objects.push({
      name: name ?? nameOf(url),
      sizeBytes: Number(headers['content-length']),
      checksums: digest === undefined ? [] : [{ of: 'sha256', value: digest.replace(/^sha256:/, '') }],
      generation,
      address: url,
    });
  });
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'stream',
      read: (object, { offset, signal }) =>
        readRange(object, { http: access.http, url: new URL(object.address), offset, signal, generationOf }),
    },
  };
}

/** An address is an input, and inputs are kept in plain sight. */
function refusePasswords(links: readonly Link[]): void {
  const wrong = links.filter(({ url }) => new URL(url).username !== '').map(({ url }) => plainAddress(url));
  if (wrong.length === 0) return;
  throw new Problem('secret-in-address', `These addresses hold a user name or password:\n${wrong.join('\n')}`, {
    hint: 'Fetch such files by hand and adopt them.',
  });
}

/** A weak ETag (`W/`) stands for meaning, not for bytes. */
function generationOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const { etag, 'last-modified': modified } = headers;
  if (typeof etag === 'string' && !etag.startsWith('W/')) return `etag ${etag}`;
  return typeof modified === 'string' ? `modified ${modified}` : undefined;
}

function nameOf(url: string): string {
  const name = posix.basename(decodeURIComponent(new URL(url).pathname));
  if (name !== '') return name;
  throw new Problem('wrong-address', `${plainAddress(url)} does not name a file.`, { hint: 'Give its name as well.' });
}
