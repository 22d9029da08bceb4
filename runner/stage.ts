import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Digest } from '../cache/digest.ts';
import { Problem } from '../cache/problem.ts';
import type { Store } from '../cache/store.ts';
import { packageRoot } from '../tasks/core/package-root.ts';
import type { Job } from './executors/executor.ts';
import type { WorkerJob } from './job.ts';
import { jobScript } from './job-script.ts';
import { type Prepared, resourcesOf } from './recipes.ts';
import { mapArtifacts } from './values.ts';
import type { Point } from './wanted.ts';

/** What workers need to find a body again. */
export interface CodeOfRun {
  readonly entry: string;
  /** The project's folder: paths of its own code are relative to it. */
  readonly root: string;
  readonly points: readonly Point[];
  readonly graph: string;
}

/** A prepared folder, and where its outputs will be. */
export interface StagedJob extends Job {
  readonly prepared: Prepared;
  readonly attempt: number;
  /** Absolute paths by output name. */
  readonly out: Readonly<Record<string, string>>;
  /** The parent of the output paths; shared by all attempts at the fingerprint when they resume. */
  readonly outFolder: string;
  readonly inputFolders: readonly string[];
  readonly resuming: boolean;
}

/** Where attempts at one fingerprint share their output folder. */
export function workFolder(store: Store, fingerprint: Digest): string {
  return join(store.root, 'work', fingerprint.slice('sha256:'.length));
}

/**
 * Prepares a job folder:
 *
 *     job.sh      the command             log.txt     its output          exit.json   how it ended
 *     job.json    for TypeScript bodies   in.NAME     its inputs          scratch/    of a TypeScript body
 *     out.NAME    its outputs, unless attempts share work/<fingerprint>/out
 *
 * Inputs and outputs lie side by side, because on some file systems a folder takes ten times as long as a file.
 * Only the parent of an output path is made, never the path: programs differ in what they expect to find.
 */
export function stageJob(prepared: Prepared, { store, folder, id, attempt, code, token }: StageTools): StagedJob {
  const { spec, instance } = prepared;
  mkdirSync(folder, { recursive: true });
  const shares = spec.onPreempt === 'resume';
  const outFolder = shares ? join(workFolder(store, prepared.fingerprint), 'out') : folder;
  const resuming = shares && existsSync(outFolder) && readdirSync(outFolder).length > 0;
  if (shares) mkdirSync(outFolder, { recursive: true });
  const place = (name: string): string => join(outFolder, shares ? name : `out.${name}`);
  const out = Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, place(name)]));

  const inputFolders: string[] = [];
  const inputs = mapArtifacts(prepared.inputs, ({ kind, digest, meta }, where) => {
    const dest = join(folder, `in.${where}`);
    inputFolders.push(dest);
    return { kind, digest, meta, path: store.checkout(digest as Digest, dest).path };
  });

  const args = spec.command
    ? spec.command(inputs, out, { resuming })
    : workerCommand(folder, {
        format: 1,
        label: instance.label,
        entry: code.entry,
        points: [...code.points],
        node: instance.of.address,
        graph: code.graph,
        inputs,
        out,
        scratch: join(folder, 'scratch'),
        resuming,
      });
  const command = {
    args,
    cwd: startFolder(prepared, inputs, { root: code.root, folder }),
    env: { ...spec.env, ...(spec.run ? { STET_HOME: packageRoot() } : {}) },
  };
  const script = jobScript({ ...command, label: instance.label, exitRecord: join(folder, 'exit.json') });
  writeFileSync(join(folder, 'job.sh'), script);

  return {
    id,
    token,
    label: instance.label,
    folder,
    command,
    resources: resourcesOf(prepared),
    secrets: { ...inherited(spec.inherits), ...secretsOf(spec.name, spec.secrets) },
    prepared,
    attempt,
    out,
    outFolder,
    inputFolders,
    resuming,
  };
}

/** A program that counts files of the project finds them where it starts; everything else starts in a folder of its own. */
function startFolder(
  { spec }: Prepared,
  inputs: Readonly<Record<string, unknown>>,
  { root, folder }: { root: string; folder: string },
): string {
  if (spec.cwd) return resolve(root, spec.cwd(inputs));
  return spec.command && spec.code.length > 0 ? root : folder;
}

interface StageTools {
  readonly store: Store;
  readonly folder: string;
  readonly id: string;
  readonly token: string;
  readonly attempt: number;
  readonly code: CodeOfRun;
}

function workerCommand(folder: string, job: WorkerJob): string[] {
  writeFileSync(join(folder, 'job.json'), JSON.stringify(job));
  const worker = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  const loader = worker.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, worker, folder];
}

function inherited(names: readonly string[]): Record<string, string> {
  const set = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return Object.fromEntries(set) as Record<string, string>;
}

function secretsOf(task: string, names: readonly string[]): Record<string, string> {
  const missing = names.filter((name) => process.env[name] === undefined);
  if (missing.length > 0) {
    throw new Problem('secret-missing', `${task} needs ${missing.join(', ')} in the environment.`, {
      hint: `Set ${missing.length > 1 ? 'them' : 'it'} before the run: export ${missing[0]}=…`,
    });
  }
  return Object.fromEntries(names.map((name) => [name, process.env[name] as string]));
}
