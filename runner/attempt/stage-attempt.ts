import { join, relative } from 'node:path';
import { removeFile } from '../../cache/remove.ts';
import type { Store } from '../../cache/store.ts';
import { ownPath } from '../../cache/store-border.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { Executors } from '../executors/executors.ts';
import { freePlace, tokenOf } from '../job/attempt-names.ts';
import { formerJob } from '../job/fence.ts';
import { freezeFiles, staysInPlace } from '../job/frozen-files.ts';
import type { BroughtService } from '../job/job-parts.ts';
import { nextEpoch, noteUnseenUser, takeOver } from '../job/shared-outputs.ts';
import { stagedBefore, stageJob } from '../job/stage.ts';
import { workFolder } from '../job/staged-job.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import type { Fact } from '../log/events.ts';
import type { RunLog } from '../log/run-log.ts';
import type { Submission } from '../log/submissions.ts';
import type { Tries } from '../log/tries.ts';
import type { CodeOfRun } from '../project/code-of-run.ts';
import { ActiveAttempt } from './active-attempt.ts';

/** What is particular about one attempt. */
export interface AttemptAsked {
  readonly attempt: number;
  readonly reason: string;
  /** What has failed before. */
  readonly tries: Tries;
  /** Where it runs, by the executor's name. */
  readonly executor: string;
  /** What its job gets, the services that it brings along included. */
  readonly resources: Resources;
  /** Where the services are that it uses, by address. */
  readonly urls?: ReadonlyMap<string, string> | undefined;
  /** Services that it brings along, because it runs elsewhere. */
  readonly services: readonly KeyedCall[];
}

export interface StageAttemptTools {
  readonly store: Store;
  readonly code: CodeOfRun;
  readonly run: RunLog;
  readonly executors: Executors;
  readonly emit: (fact: Fact) => void;
}

/** Makes the folder of a new attempt. The intent is on record before anything is done. */
export async function stageAttempt(
  call: KeyedCall,
  asked: AttemptAsked,
  { store, run, code, executors, emit }: StageAttemptTools,
): Promise<ActiveAttempt> {
  const { instance, spec, fingerprint } = call;
  const { attempt, tries, resources } = asked;
  const executor = await executors.named(asked.executor);
  const isRemote = executor.outlivesDriver;
  const place = freePlace(run.folder, instance.address, attempt);
  const token = tokenOf(call, attempt);
  emit(queuedFact(call, asked, { attempt, job: place, token, reason: asked.reason }));

  const work = spec.onPreempt === 'resume' ? workFolder(store, fingerprint) : undefined;
  // What runs here was waited for; what may run elsewhere writes to where nobody looks from now on.
  const isUnseen = work !== undefined && formerJob({ root: store.root, fingerprint })?.is === 'elsewhere';
  if (isUnseen) noteUnseenUser(work);
  const folder = ownPath(run.folder, place);
  const freeze = (one: KeyedCall) => freezeFiles(one, { root: code.root, codeFolder: join(store.root, 'code') });
  const filesRoot = await freeze(call);
  const brought: BroughtService[] = [];
  for (const service of asked.services) brought.push({ call: service, filesRoot: await freeze(service) });
  const job = stageJob(call, {
    store,
    folder,
    outFolder: work ? (isRemote ? ownPath(work, 'out') : await takeOver(work)) : folder,
    id: place,
    token,
    attempt,
    code,
    isRemote,
    filesRoot,
    resources,
    avoid: tries.avoid,
    urls: asked.urls,
    brought,
    epoch: work && isRemote ? nextEpoch(work) : undefined,
  });
  if (work && !job.resuming) removeFile(join(work, 'released.jsonl'));
  return new ActiveAttempt({ job, executor, executorName: asked.executor, frozen: filesRoot !== undefined, tries });
}

/** An attempt whose job an earlier driver left with a scheduler: it is taken over as it is, with what had failed before it. */
export async function stageAgain(
  call: KeyedCall,
  asked: AttemptAsked,
  submission: Submission,
  { store, run, code, executors, emit }: StageAttemptTools,
): Promise<ActiveAttempt> {
  const { spec, instance, fingerprint } = call;
  const { folder, token, attempt, name, index, epoch, tries } = submission;
  const executor = await executors.named(submission.executor);
  const resources = submission.resources as Resources;
  const work = spec.onPreempt === 'resume' ? workFolder(store, fingerprint) : undefined;
  const place = relative(run.folder, folder);
  const tools = {
    store,
    folder,
    outFolder: work ? join(work, 'out') : folder,
    id: place,
    token,
    attempt,
    code,
    isRemote: true,
    resources,
    epoch,
    brought: asked.services.map((service) => ({ call: service, filesRoot: undefined })),
  };
  const job = stagedBefore(call, tools, { resuming: submission.resuming });
  const reason = `${asked.reason}; its job ${name} is taken over`;
  const where = { executor: submission.executor, resources };
  emit({ ...queuedFact(call, where, { attempt, job: place, token, reason }), adopted: true });
  emit({ type: 'node-submitted', address: instance.address, attempt, name, index });
  const frozen = spec.code.length > 0 && !spec.cwd && !(await staysInPlace(call, code.root));
  return new ActiveAttempt({ job, executor, executorName: submission.executor, frozen, tries });
}

function queuedFact(
  { instance: { address, label }, spec, fingerprint }: KeyedCall,
  { executor, resources }: Pick<AttemptAsked, 'executor' | 'resources'>,
  { attempt, job, token, reason }: { attempt: number; job: string; token: string; reason: string },
): Fact & { type: 'node-queued' } {
  const task = spec.name;
  const type = 'node-queued';
  return { type, address, label, task, fingerprint, attempt, reason, job, token, executor, resources };
}
