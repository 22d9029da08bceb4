import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, freemem, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { otherWriters } from '../../cache/store-border.ts';
import { freeBytes } from '../../cache/file-system.ts';
import { findProgram } from '../../tasks/core/needs.ts';
import { asking } from '../executors/door.ts';
import type { Finding } from '../executors/finding.ts';
import { mainPlace, makePlan } from '../plan/plan.ts';
import { locateStore, openSession, openStoreOnly, type SessionRequest, type StoreRequest } from '../project/session.ts';
import { allDoors, doorNamed, mainExecutor, siteFor } from '../site/doors.ts';
import type { Site } from '../site/site.ts';
import { sizeInWords } from '../../tasks/core/size-in-words.ts';
import { count } from '../words/quantities.ts';

/** A pipeline with its parameters, which may decide what it needs. */
type Named = Pick<SessionRequest, 'name' | 'overrides' | 'profile'>;

interface Where {
  /** Instead of what the site says. */
  readonly executor?: string | undefined;
  /** Start a tiny job on every node. */
  readonly probe?: boolean | undefined;
}

/** Below this much room a run is likely to end for want of it, in bytes. */
const littleRoom = 2e9;

/** What this machine has of what runs need; of what one pipeline needs, when it is named. */
export async function examine(place: StoreRequest, pipeline?: Named, where: Where = {}): Promise<Finding[]> {
  const located = await locateStore(place);
  const store = await examineStore(place);
  const isOpen = store.every(({ what, state }) => what !== 'store' || state === 'ok');
  return [
    { state: 'ok', what: 'node', found: process.versions.node },
    { state: 'ok', what: 'platform', found: `${platform()} ${arch()}` },
    { state: 'ok', what: 'cores', found: String(availableParallelism()) },
    { state: 'ok', what: 'memory', found: `${sizeInWords(totalmem())}, ${sizeInWords(freemem())} free` },
    ...store,
    ...(await examineExecutors(located, where)),
    // Its code would be frozen in the store.
    ...(pipeline && isOpen ? await examinePipeline(place, pipeline, where) : []),
  ];
}

async function examineStore(place: StoreRequest): Promise<Finding[]> {
  let store: Store;
  try {
    ({ store } = await openStoreOnly(place));
  } catch (error) {
    return [
      {
        state: 'missing',
        what: 'store',
        found: messageOf(error),
        advice: (Problem.is(error) && error.hint) || 'choose another with --store',
      },
    ];
  }
  try {
    const free = freeBytes(store.root);
    const { place: records, warning } = store.records;
    return [
      { state: 'ok', what: 'store', found: store.root },
      writable(store.root),
      writers(store.root),
      {
        state: 'ok',
        what: 'disk',
        found: `${sizeInWords(free)} free at the store`,
        ...(free < littleRoom
          ? { advice: 'that is little; free some space, or choose another disk with --store' }
          : {}),
      },
      { state: 'ok', what: 'files', found: howFilesTravel(store.root) },
      { state: 'ok', what: 'records', found: records, advice: warning },
    ];
  } finally {
    await store.close();
  }
}

function writable(root: string): Finding {
  const path = join(root, 'tmp', `doctor-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(path, 'ok');
    return { state: 'ok', what: 'writable', found: 'yes' };
  } catch (error) {
    return {
      state: 'missing',
      what: 'writable',
      found: messageOf(error),
      advice: 'give this user the right to write there, or choose another store with --store',
    };
  } finally {
    rmSync(path, { force: true });
  }
}

function writers(root: string): Finding {
  const others = otherWriters(root);
  if (others === undefined) return { state: 'ok', what: 'writers', found: 'you alone' };
  return {
    state: 'ok',
    what: 'writers',
    found: `others too: ${others}`,
    advice: 'they can change results and which code runs here; use it if you trust them',
  };
}

/** How files get from the store to jobs. Root may write through any hard link, so its jobs get copies. */
function howFilesTravel(root: string): string {
  const base = join(root, 'tmp', `doctor-${randomBytes(6).toString('hex')}`);
  try {
    writeFileSync(base, 'ok');
    if (works(() => copyFileSync(base, `${base}-clone`, constants.COPYFILE_FICLONE_FORCE)))
      return 'reach jobs by reflink: at once, and no room taken';
    const mayLink = process.env.STET_LINK === 'hard' || process.getuid?.() !== 0;
    if (!mayLink) return 'reach jobs by copy: hard links do not protect the store from root';
    if (works(() => linkSync(base, `${base}-link`))) return 'reach jobs by hard link, read-only';
    return 'reach jobs by copy: this file system has neither reflinks nor hard links';
  } catch (error) {
    return `could not be tried: ${messageOf(error)}`;
  } finally {
    for (const suffix of ['', '-clone', '-link']) rmSync(base + suffix, { force: true });
  }
}

function works(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false; // the file system cannot, which is the answer
  }
}

interface Tool {
  readonly name: string;
  readonly purpose: string;
}

const tools: readonly Tool[] = [
  { name: 'python3', purpose: 'trainers and simulators written in Python need it' },
  { name: 'ffmpeg', purpose: 'datasets with videos need it' },
  { name: 'nvidia-smi', purpose: 'tasks that ask for GPUs need an NVIDIA driver' },
];

async function examineTool({ name, purpose }: Tool): Promise<Finding> {
  const path = await findProgram(name);
  if (path) return { state: 'ok', what: name, found: path };
  return { state: 'absent', what: name, found: 'not on PATH', advice: purpose };
}

/** Programs that are looked for everywhere and for each executor, and what the executor that is asked for finds. */
async function examineExecutors(
  located: { readonly site: Site; readonly storeRoot: string },
  { executor, probe = false }: Where,
): Promise<Finding[]> {
  const { site } = located;
  const programs = (await allDoors(site)).flatMap((door) => door.programs ?? []);
  const door = await doorNamed(site, mainExecutor(site, executor));
  return [
    ...(await Promise.all([...tools, ...programs].map(examineTool))),
    ...((await asking(door, 'examine', () => door.examine?.(siteFor(door, located), { probe }))) ?? []),
  ];
}

async function examinePipeline(place: StoreRequest, named: Named, { executor }: Where): Promise<Finding[]> {
  const session = await openSession({ ...place, ...named });
  const { name } = named;
  try {
    const { refusals } = await makePlan(session, { executor });
    if (refusals.length === 0)
      return [
        {
          state: 'ok',
          what: name,
          found: `${count(session.graph.order.length, 'node')}, ${await mainPlace(session, executor)} can run all of them`,
        },
      ];
    return refusals.map(({ nodes, what, advice }) => ({
      state: 'missing',
      what: name,
      found: `${nodes.join(', ')}: ${what}`,
      advice,
    }));
  } finally {
    await session.close();
  }
}
