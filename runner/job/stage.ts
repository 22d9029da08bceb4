import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { TaskSpec, Warning } from '../../tasks/core/spec.ts';
import type { CodeOfRun } from '../project/code-of-run.ts';
import {
  type BroughtService,
  checkedOut,
  inputFolder,
  partOf,
  serviceFolder,
  stageBrought,
  workerJobOf,
} from './job-parts.ts';
import { jobScript } from './job-script.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { secretsFor } from './job-secrets.ts';
import { laterUrl, type ServedJob } from './served-job.ts';
import { hasState, newestOut } from './shared-outputs.ts';
import { mapArtifacts, withUrls } from '../values/leaves.ts';
import { outPaths, type StagedJob, workFolder } from './staged-job.ts';
import { nodeArgs } from './worker-args.ts';

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
export function stageJob(call: KeyedCall, tools: StageTools): StagedJob {
  const { store, folder, outFolder, code, isRemote } = tools;
  const { spec, instance } = call;
  mkdirSync(folder, { recursive: true });
  const shares = spec.onPreempt === 'resume';
  const resuming = shares && hasState(isRemote ? newestOut(workFolder(store, call.fingerprint)) : outFolder);
  if (shares && !isRemote) mkdirSync(outFolder, { recursive: true });
  const out = outPaths(call, outFolder);

  const brought = tools.brought ?? [];
  const isBrought = new Set(brought.map((service) => service.call.instance.address));
  const inputFolders: string[] = [];
  const placed = withUrls(call.inputs, ({ address }) => {
    return isBrought.has(address) ? laterUrl(address) : (tools.urls?.get(address) ?? '');
  });
  const inputs = checkedOut(placed, folder, { store, inputFolders });

  const workerJob = {
    ...workerJobOf(call, code, { folder, inputs }),
    out,
    sharedOut: shares ? outFolder : undefined,
    resuming,
    port: tools.port,
  };
  const argsWhen = (isResuming: boolean): readonly string[] | undefined =>
    spec.command?.(inputs, out, { resuming: isResuming });
  const part = partOf({ call, filesRoot: tools.filesRoot }, inputs, { code, folder });
  const services = brought.map((service, i) => {
    return stageBrought(service, serviceFolder(i), { store, code, folder, inputFolders });
  });
  const isServed = services.length > 0;
  if (!spec.command) writeFileSync(join(folder, 'job.json'), JSON.stringify(workerJob));
  if (isServed) {
    if ((tools.resources.nodes ?? 1) > 1) {
      throw new Problem('service-spread', `${instance.label} runs on several nodes, and a service beside one program.`);
    }
    const served: ServedJob = { format: 1, root: code.root, job: workerJob, program: part, services };
    writeFileSync(join(folder, 'services.json'), JSON.stringify(served));
  }
  const ownArgs = (): readonly string[] => argsWhen(resuming && !isRemote) ?? nodeArgs('worker', folder);
  const command = {
    args: isServed ? nodeArgs('with-services', folder) : ownArgs(),
    cwd: isServed ? folder : part.cwd,
    env: isServed ? { STET_HOME: packageRoot() } : part.env,
    // A scheduler may start it again when there is something to go on from.
    resumeArgs: shares && isRemote && spec.command && !isServed ? argsWhen(true) : undefined,
  };
  if (!isRemote) {
    const script = jobScript({ ...command, label: instance.label, exitRecord: join(folder, 'exit.json') });
    writeFileSync(join(folder, 'job.sh'), script);
  }
  const secrets = Object.assign({}, ...[...brought.map((one) => one.call.spec), spec].map(secretsFor)) as {
    [name: string]: string;
  };
  return jobOf(call, tools, { command, inputFolders, resuming, secrets });
}

/** A job that was staged by an earlier driver and is with a scheduler: where it reads and writes, and nothing to start it with. */
export function stagedBefore(call: KeyedCall, tools: StageTools, { resuming }: { resuming: boolean }): StagedJob {
  const inputFolders: string[] = [];
  const parts = [call, ...(tools.brought ?? []).map((service) => service.call)];
  for (const [i, part] of parts.entries()) {
    const folder = i === 0 ? tools.folder : join(tools.folder, serviceFolder(i - 1));
    mapArtifacts(part.inputs, (artifact, _, keys) => {
      inputFolders.push(inputFolder(folder, keys));
      return { ...artifact, path: '' };
    });
  }
  return jobOf(call, tools, { command: { args: [], cwd: '', env: {} }, inputFolders, resuming, secrets: {} });
}

function jobOf(
  call: KeyedCall,
  tools: StageTools,
  more: Pick<StagedJob, 'command' | 'inputFolders' | 'resuming' | 'secrets'>,
): StagedJob {
  const { store, folder, outFolder, id, attempt, token, epoch, avoid, resources } = tools;
  const { spec, instance, fingerprint } = call;
  return {
    ...more,
    id,
    token,
    label: instance.label,
    folder,
    resources,
    avoid,
    isService: tools.port !== undefined,
    warning: warningOf(spec),
    shared: epoch === undefined ? undefined : { work: workFolder(store, fingerprint), epoch },
    call,
    attempt,
    isRemote: tools.isRemote,
    out: outPaths(call, outFolder),
    outFolder,
  };
}

/** A task that can go on later is told in time to save its state; another would only be ended early. */
function warningOf({ warning, onPreempt }: TaskSpec): Warning | undefined {
  if (warning === 'none') return undefined;
  return warning ?? (onPreempt === 'resume' ? { signal: 'SIGTERM', seconds: 120 } : undefined);
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
  /** What its job gets. */
  readonly resources: Resources;
  readonly avoid?: readonly string[] | undefined;
  readonly epoch?: number | undefined;
  /** Services that come along with it. */
  readonly brought?: readonly BroughtService[] | undefined;
  /** Where the services are that it uses, by address. */
  readonly urls?: ReadonlyMap<string, string> | undefined;
  /** It is a service, and listens there. */
  readonly port?: number | undefined;
}
