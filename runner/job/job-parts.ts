import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Digest } from '../../cache/digest.ts';
import type { Store } from '../../cache/store.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import type { CodeOfRun } from '../project/code-of-run.ts';
import { placeName } from '../files/entry-names.ts';
import { hookVariables } from './reads-hook.ts';
import type { WorkerJob } from './worker-job.ts';
import { type KeyedCall, resourcesOf } from '../keys/keyed-call.ts';
import type { Part, ServedJob } from './served-job.ts';
import { mapArtifacts } from '../values/leaves.ts';

/** A service that comes along with a job on a cluster, and where its declared code files lie. */
export interface BroughtService {
  readonly call: KeyedCall;
  readonly filesRoot: string | undefined;
}

/** Of a job's services, its folder in the job's. */
export function serviceFolder(index: number): string {
  return `service.${index}`;
}

/** Prepares the folder of a service within that of its job. */
export function stageBrought(
  brought: BroughtService,
  place: string,
  { store, code, folder, inputFolders }: { store: Store; code: CodeOfRun; folder: string; inputFolders: string[] },
): ServedJob['services'][number] {
  const { call } = brought;
  const own = join(folder, place);
  mkdirSync(own, { recursive: true });
  const inputs = checkedOut(call.inputs, own, { store, inputFolders });
  const job = { ...workerJobOf(call, code, { folder: own, inputs }), out: {}, resuming: false };
  if (call.spec.run) writeFileSync(join(own, 'job.json'), JSON.stringify(job));
  return { address: call.instance.address, place, job, part: partOf(brought, inputs, { code, folder: own }) };
}

/** Inputs with the paths where a job may read them; their folders are added to `inputFolders`. */
export function checkedOut(
  inputs: Readonly<Record<string, unknown>>,
  folder: string,
  { store, inputFolders }: { store: Store; inputFolders: string[] },
): Record<string, unknown> {
  return mapArtifacts({ ...inputs }, ({ kind, digest, meta }, _, keys) => {
    const dest = inputFolder(folder, keys);
    inputFolders.push(dest);
    return { kind, digest, meta, path: store.checkout(digest as Digest, dest).path };
  });
}

/** What a worker needs to run it, as far as it has no outputs. */
export function workerJobOf(
  { instance }: KeyedCall,
  { entry, seal, points, graph }: CodeOfRun,
  { folder, inputs }: { folder: string; inputs: Record<string, unknown> },
): Omit<WorkerJob, 'out' | 'resuming'> {
  const { label, of } = instance;
  const scratch = join(folder, 'scratch');
  return { format: 1, label, entry, seal, points: [...points], node: of.address, graph, inputs, scratch };
}

/** How it is started, as one of the programs of a job. */
export function partOf(
  { call, filesRoot }: BroughtService,
  inputs: Readonly<Record<string, unknown>>,
  { code, folder }: { code: CodeOfRun; folder: string },
): Part {
  const { spec, recipe } = call;
  const { gpus = 0, cpus = 1 } = resourcesOf(call);
  return {
    command: recipe.command && [...recipe.command],
    cwd: startFolder(call, inputs, { root: filesRoot ?? code.root, folder }),
    env: {
      ...spec.env,
      ...(spec.run ? { STET_HOME: packageRoot() } : {}),
      ...hookVariables(code.readsHook, folder, spec),
    },
    handed: [...spec.inherits, ...spec.secrets],
    gpus,
    cpus,
  };
}

/** `keys` lead to it in the inputs, and may come from data. */
export function inputFolder(folder: string, keys: readonly string[]): string {
  return join(folder, placeName(['in', ...keys]));
}

/** A program that counts files of the project finds them where it starts; everything else starts in a folder of its own. */
function startFolder(
  { spec }: KeyedCall,
  inputs: Readonly<Record<string, unknown>>,
  { root, folder }: { root: string; folder: string },
): string {
  if (spec.cwd) return resolve(root, spec.cwd(inputs));
  return spec.command && spec.code.length > 0 ? root : folder;
}
