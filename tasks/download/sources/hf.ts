import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../../cache/file-problem.ts';
import { Problem } from '../../../cache/problem.ts';
import type { Answer } from '../http/client.ts';
import { refuseOtherStatus } from '../http/refusals.ts';
import { patiently } from '../pacing/retry.ts';
import { sortedByName } from './listing.ts';
import { parseJson } from './parse-json.ts';
import { readRange } from './ranged-read.ts';
import type { Access, Remote, RemoteObject } from './source.ts';

/** A folder of a repository of the Hugging Face hub. */
export interface HubAddress {
  readonly type: 'datasets' | 'models';
  /** `OWNER/NAME`. */
  readonly repo: string;
  /** A commit, branch or tag. */
  readonly revision: string;
  /** Empty for the whole repository. */
  readonly path: string;
}

/** Reads `hf://datasets/OWNER/NAME@REVISION/PATH` and `hf://models/…`; the revision is `main` unless it is given. */
export function parseHubAddress(from: string): HubAddress {
  const form = /^hf:\/\/(datasets|models)\/([\w.-]+\/[\w.-]+)(?:@([^/]+))?(?:\/(.*?))?\/*$/s;
  const [, type, repo, revision = 'main', path = ''] = form.exec(from) ?? [];
  if ((type === 'datasets' || type === 'models') && repo !== undefined) {
    return { type, repo, revision: decodeURIComponent(revision), path };
  }
  throw new Problem('wrong-address', `"${from}" is not the address of a repository of the hub.`, {
    hint: 'Write hf://datasets/OWNER/NAME@REVISION or hf://models/OWNER/NAME@REVISION, with a folder after it if need be.',
  });
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The commit that a branch or tag is at now. A full commit needs no request. */
export async function resolveCommit(address: HubAddress, access: Access): Promise<string> {
  if (isCommit(address.revision)) return address.revision;
  const { type, repo, revision } = address;
  const url = `${hub(access)}/api/${type}/${repo}/revision/${encodeURIComponent(revision)}`;
  return (await askHub(url, Revision, address, access)).value.sha;
}

const Revision = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
const Tree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.int().min(0),
    oid: z.string(),
    lfs: z.object({ oid: z.string(), size: z.int().min(0) }).nullish(),
  }),
);

/** Lists one commit: sha256 for large files, git's own name for small ones. */
export async function listHub(address: HubAddress, access: Access): Promise<Remote> {
  const { type, repo, path } = address;
  const commit = await resolveCommit(address, access);
  const from = `hf://${type}/${repo}@${commit}${path === '' ? '' : `/${path}`}`;
  const objects: RemoteObject[] = [];
  const start = `${hub(access)}/api/${type}/${repo}/tree/${commit}${path === '' ? '' : `/${encodePath(path)}`}?recursive=true`;
  const seen = new Set<string>();
  for (let url: string | undefined = start; url !== undefined; ) {
    if (seen.has(url)) throw new Problem('wrong-answer', `The listing of ${from} goes in circles.`);
    seen.add(url);
    const page: Asked<typeof Tree> = await askHub(url, Tree, { ...address, revision: commit }, access);
    for (const row of page.value) {
      if (row.type !== 'file') continue;
      const checksum = row.lfs
        ? { of: 'sha256' as const, value: row.lfs.oid }
        : { of: 'git-blob' as const, value: row.oid };
      const name = path === '' ? row.path : row.path.slice(path.length + 1);
      objects.push({
        name,
        sizeBytes: row.lfs?.size ?? row.size,
        checksums: [checksum],
        generation: commit,
        address: row.path,
      });
    }
    url = nextPage(page.answer, hub(access));
  }
  const root = `${hub(access)}/${type === 'datasets' ? 'datasets/' : ''}${repo}/resolve/${commit}`;
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'stream',
      read: async (object, { offset, signal }) => {
        const url = new URL(`${root}/${encodePath(object.address)}`);
        const headers = await tokenHeader(access);
        return readRange(object, { http: access.http, url, headers, offset, signal }).catch((error: unknown) => {
          // The hub lists gated repositories to everybody, and refuses their files.
          throw Problem.is(error) && error.code === 'access-denied' ? gated(address) : error;
        });
      },
    },
  };
}

interface Asked<S extends z.ZodType> {
  readonly answer: Answer;
  readonly value: z.output<S>;
}

async function askHub<S extends z.ZodType>(
  url: string,
  schema: S,
  address: HubAddress,
  access: Access,
): Promise<Asked<S>> {
  const what = `${address.repo} at ${address.revision}`;
  const headers = await tokenHeader(access);
  const ask = async (): Promise<Asked<S>> => {
    const { answer, text } = await access.http.text(url, { headers, signal: access.signal });
    refuseLocked(answer, address, 'authorization' in headers);
    refuseOtherStatus(answer, [200], what);
    return { answer, value: parseJson(text, schema, what) };
  };
  return patiently(ask, { what: `asking the hub for ${what}`, patience: access.patience, signal: access.signal });
}

/** The hub answers 401 for what is private and for what is not there, so that nobody learns which it is. */
function refuseLocked({ status, headers }: Answer, address: HubAddress, hasToken: boolean): void {
  if (status !== 401 && status !== 403) return;
  if (headers['x-error-code'] === 'GatedRepo' || status === 403) throw gated(address);
  const { repo } = address;
  const who = hasToken ? 'the account of the token may not see it' : 'it is private and needs a login';
  throw new Problem('access-denied', `${repo} cannot be read: either there is no such repository, or ${who}.`, {
    hint: `Look at ${pageOf(address)}; if it is there, ask for access, then ${login}.`,
  });
}

function gated(address: HubAddress): Problem {
  return new Problem('gated', `${address.repo} is given only to those whom its owners have let in.`, {
    hint: `Ask for access at ${pageOf(address)}, then ${login}.`,
  });
}

const login = 'log in with `hf auth login`, or set HF_TOKEN';

function pageOf({ type, repo }: HubAddress): string {
  return `https://huggingface.co/${type === 'datasets' ? 'datasets/' : ''}${repo}`;
}

/** A page elsewhere would be sent the token. */
function nextPage({ headers, url }: Answer, hubAddress: string): string | undefined {
  const [, link] = /<([^>]+)>;\s*rel="next"/.exec(String(headers.link ?? '')) ?? [];
  if (link === undefined) return undefined;
  const next = new URL(link, url);
  if (next.origin === new URL(hubAddress).origin) return next.href;
  throw new Problem('wrong-answer', `The hub's listing goes on at another server, ${next.host}.`);
}

/** The token of HF_TOKEN, or the one that `hf auth login` has left. */
async function tokenHeader({ env }: Access): Promise<Record<string, string>> {
  const token = env.HF_TOKEN || (await loginToken(env));
  return token ? { authorization: `Bearer ${token}` } : {};
}

async function loginToken(env: Access['env']): Promise<string | undefined> {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(env.HOME ?? '', '.cache'), 'huggingface');
  try {
    return (await readFile(env.HF_TOKEN_PATH || join(home, 'token'), 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined; // nobody has logged in
    throw error;
  }
}

function hub({ env }: Access): string {
  return (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
