import { mkdirSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Digest } from '../cache/digest.ts';
import { Problem } from '../cache/problem.ts';
import type { Store } from '../cache/store.ts';
import { packageRoot } from '../tasks/core/package-root.ts';
import type { Resources } from '../tasks/core/resources.ts';
import type { TaskSpec, Warning } from '../tasks/core/spec.ts';
import type { Job } from './executors/executor.ts';
import type { WorkerJob } from './job.ts';
import { jobScript } from './job-script.ts';
import { type Prepared, resourcesOf } from './recipes.ts';
import { hasState, newestOut } from './shared-outputs.ts';
import { mapArtifacts, withUrls } from './values.ts';
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
  /** It runs on another host, and on without its driver. */
  readonly isRemote: boolean;
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
export function stageJob(prepared: Prepared, tools: StageTools): StagedJob {
  const { store, folder, outFolder, code, isRemote } = tools;
  const { spec, instance } = prepared;
  mkdirSync(folder, { recursive: true });
  const shares = spec.onPreempt === 'resume';
  const resuming = shares && hasState(isRemote ? newestOut(workFolder(store, prepared.fingerprint)) : outFolder);
  if (shares && !isRemote) mkdirSync(outFolder, { recursive: true });
  const out = outPaths(prepared, outFolder);

  const inputFolders: string[] = [];
  const placed = withUrls(prepared.inputs, ({ address }) => tools.urls?.get(address) ?? '');
  const inputs = mapArtifacts(placed, ({ kind, digest, meta }, where) => {
    const dest = inputFolder(folder, where);
    inputFolders.push(dest);
    return { kind, digest, meta, path: store.checkout(digest as Digest, dest).path };
  });

  const argsWhen = (isResuming: boolean): readonly string[] | undefined =>
    spec.command?.(inputs, out, { resuming: isResuming });
  const args =
    argsWhen(resuming && !isRemote) ??
    workerCommand(folder, {
      format: 1,
      label: instance.label,
      entry: code.entry,
      points: [...code.points],
      node: instance.of.address,
      graph: code.graph,
      inputs,
      out,
      ...(shares ? { sharedOut: outFolder } : {}),
      scratch: join(folder, 'scratch'),
      resuming,
      ...(tools.port === undefined ? {} : { port: tools.port }),
    });
  const command = {
    args,
    cwd: startFolder(prepared, inputs, { root: tools.filesRoot ?? code.root, folder }),
    env: { ...spec.env, ...(spec.run ? { STET_HOME: packageRoot() } : {}) },
    // A scheduler may start it again when there is something to go on from.
    ...(shares && isRemote && spec.command ? { resumeArgs: argsWhen(true) } : {}),
  };
  if (!isRemote) {
    const script = jobScript({ ...command, label: instance.label, exitRecord: join(folder, 'exit.json') });
    writeFileSync(join(folder, 'job.sh'), script);
  }
  return jobOf(prepared, tools, { command, inputFolders, resuming, secrets: secretsFor(spec) });
}

/** A job that was staged by an earlier driver and is with a scheduler: where it reads and writes, and nothing to start it with. */
export function stagedBefore(prepared: Prepared, tools: StageTools, { resuming }: { resuming: boolean }): StagedJob {
  const inputFolders: string[] = [];
  mapArtifacts(prepared.inputs, (artifact, where) => {
    inputFolders.push(inputFolder(tools.folder, where));
    return { ...artifact, path: '' };
  });
  return jobOf(prepared, tools, { command: { args: [], cwd: '', env: {} }, inputFolders, resuming, secrets: {} });
}

function jobOf(
  prepared: Prepared,
  tools: StageTools,
  more: Pick<StagedJob, 'command' | 'inputFolders' | 'resuming' | 'secrets'>,
): StagedJob {
  const { store, folder, outFolder, id, attempt, token, turn, avoid } = tools;
  const { spec, instance, fingerprint } = prepared;
  return {
    ...more,
    id,
    token,
    label: instance.label,
    folder,
    resources: tools.resources ?? resourcesOf(prepared),
    ...(avoid?.length ? { avoid } : {}),
    ...(tools.port === undefined ? {} : { isService: true }),
    warning: warningOf(spec),
    shared: turn === undefined ? undefined : { work: workFolder(store, fingerprint), turn },
    prepared,
    attempt,
    isRemote: tools.isRemote,
    out: outPaths(prepared, outFolder),
    outFolder,
  };
}

/** A task that can go on later is told in time to save its state; another would only be ended early. */
function warningOf({ warning, onPreempt }: TaskSpec): Warning | undefined {
  if (warning === 'none') return undefined;
  return warning ?? (onPreempt === 'resume' ? { signal: 'SIGTERM', seconds: 120 } : undefined);
}

function outPaths({ spec }: Prepared, outFolder: string): Record<string, string> {
  const shares = spec.onPreempt === 'resume';
  const names = Object.keys(spec.outputs);
  return Object.fromEntries(names.map((name) => [name, join(outFolder, shares ? name : `out.${name}`)]));
}

function inputFolder(folder: string, where: string): string {
  return join(folder, `in.${where}`);
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

export interface StageTools {
  readonly store: Store;
  readonly folder: string;
  /** The parent of the output paths, as the command is told it. */
  readonly outFolder: string;
  readonly id: string;
  readonly token: string;
  readonly attempt: number;
  readonly code: CodeOfRun;
  /** It starts on another host, perhaps much later, and perhaps more than once. */
  readonly isRemote: boolean;
  /** Where declared code files lie when they do not lie in the project. */
  readonly filesRoot?: string | undefined;
  /** Instead of those that the task asks for. */
  readonly resources?: Resources | undefined;
  readonly avoid?: readonly string[] | undefined;
  readonly turn?: number | undefined;
  /** Where the services are that it uses, by address. */
  readonly urls?: ReadonlyMap<string, string> | undefined;
  /** It is a service, and listens there. */
  readonly port?: number | undefined;
}

function workerCommand(folder: string, job: WorkerJob): string[] {
  writeFileSync(join(folder, 'job.json'), JSON.stringify(job));
  const worker = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  const loader = worker.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  return [process.execPath, ...loader, worker, folder];
}

function secretsFor(spec: TaskSpec): Record<string, string> {
  return { ...inherited(spec.inherits), ...secretsOf(spec.name, spec.secrets) };
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
