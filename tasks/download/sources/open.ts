import { Problem } from '../../../cache/problem.ts';
import { HttpClient } from '../http/client.ts';
import { usualPatience } from '../pacing/retry.ts';
import { type GsClient, gsClients, listGs } from './gs.ts';
import { listHub, parseHubAddress } from './hf.ts';
import { listLinks } from './https.ts';
import { listLocal } from './local-files.ts';
import type { DownloadClient } from './download-inputs.ts';
import { plainAddress } from './plain-address.ts';
import { listRsync } from './rsync.ts';
import { listS3, type S3Client, s3Clients } from './s3.ts';
import type { Access, Remote } from './source.ts';

export type Scheme = 'gs' | 's3' | 'hf' | 'https' | 'rsync' | 'local';

/** What kind of source an address names. `HOST:PATH` is rsync's form for ssh; everything without a scheme else is a path. */
export function schemeOf(from: string): Scheme {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//.exec(from) ?? [];
  if (scheme === undefined) return /^[\w.@-]{2,}:(?!\/\/)/.test(from) ? 'rsync' : 'local';
  if (scheme === 'gs' || scheme === 's3' || scheme === 'hf' || scheme === 'rsync') return scheme;
  if (scheme === 'https' || scheme === 'http') return 'https';
  if (scheme === 'file') return 'local';
  throw new Problem('wrong-address', `"${from}" starts with ${scheme}://, which is not known.`, {
    hint: 'Use gs://, s3://, hf://, https://, rsync://, HOST:PATH or a path.',
  });
}

/** Lists the objects at an address, of whatever kind. */
export async function listRemote(
  from: string,
  { via = 'auto', access }: { via?: DownloadClient; access: Access },
): Promise<Remote> {
  const scheme = schemeOf(from);
  switch (scheme) {
    case 'gs':
      return listGs(from, clientFor(via, gsClients, from) as GsClient, access);
    case 's3':
      return listS3(from, clientFor(via, s3Clients, from) as S3Client, access);
    case 'hf':
      return listHub(parseHubAddress(from), access);
    case 'https':
      return listLinks([{ url: from }], plainAddress(from), access);
    case 'rsync':
      return listRsync(from, access);
    case 'local':
      return listLocal(from);
    default:
      return unknownScheme(scheme);
  }
}

/** Access as jobs have it: patient for minutes, with the environment that they were given. */
export function jobAccess(signal: AbortSignal): Access {
  return { env: process.env, http: new HttpClient(process.env), patience: usualPatience, signal };
}

/** Access as plans have it: somebody is waiting. */
export function planAccess(): Access {
  const patience = { tries: 4, firstWaitSeconds: 0.5, longestWaitSeconds: 4 };
  return {
    env: process.env,
    http: new HttpClient(process.env, { idleSeconds: 20 }),
    patience,
    signal: new AbortController().signal,
  };
}

function clientFor(via: DownloadClient, clients: readonly string[], from: string): DownloadClient {
  if (clients.includes(via)) return via;
  throw new Problem('wrong-way', `${from} cannot be reached via ${via}.`, { hint: `Use ${clients.join(', ')}.` });
}

function unknownScheme(scheme: never): never {
  throw new Error(`an unknown scheme: ${String(scheme)}`);
}
