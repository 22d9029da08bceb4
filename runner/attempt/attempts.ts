import { join, relative } from 'node:path';
import { removeAll, removeFile } from '../../cache/remove.ts';
import type { Store } from '../../cache/store.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import { freePlace, tokenOf } from '../job/attempt-names.ts';
import type { Diagnostics } from '../log/diagnostics.ts';
import type { Fact } from '../log/events.ts';
import type { Change, Copy, Exit, QueueStatus, Submitted } from '../executors/executor.ts';
import type { Executors } from '../executors/executors.ts';
import { claimFolder, endFormerJob } from '../job/fence.ts';
import { type AttemptEnd, finishAttempt } from './finish-attempt.ts';
import { freezeFiles } from '../job/frozen-files.ts';
import type { Item } from '../values/output.ts';
import { type KeyedCall, resourcesOf, toPlace } from '../keys/recipes.ts';
import type { Tries } from '../log/tries.ts';
import type { RunLog } from '../log/run-log.ts';
import {
  againFolders,
  newActiveAttempt,
  outOf,
  type ActiveAttempt,
  type AttemptStart,
  submissionOf,
} from './active-attempt.ts';
import { nextEpoch, takeOver } from '../job/shared-outputs.ts';
import type { CodeOfRun } from '../project/code-of-run.ts';
import type { BroughtService } from '../job/job-parts.ts';
import { stagedBefore, stageJob, workFolder } from '../job/stage.ts';
import { broughtAlong } from '../executors/with-services.ts';
import { StreamWatch } from './stream-watch.ts';
import { type Submission, Submissions } from '../log/submissions.ts';

/** How often running jobs are looked at for new stream items, in milliseconds. */
const releasePollMs = 200;

/** What is particular about one attempt. */
export interface AttemptAsked {
  readonly attempt: number;
  readonly reason: string;
  /** What has failed before. */
  readonly tries: Tries;
  /** Where the services are that it uses, by address. */
  readonly urls?: ReadonlyMap<string, string> | undefined;
  /** Services that it brings along, because it runs elsewhere. */
  readonly services?: readonly KeyedCall[];
}

export interface AttemptTools {
  readonly store: Store;
  readonly code: CodeOfRun;
  readonly run: RunLog;
  readonly executors: Executors;
  readonly diagnostics: Diagnostics;
  readonly emit: (fact: Fact) => void;
  readonly released: (call: KeyedCall, output: string, item: Item) => void;
  readonly ended: (call: KeyedCall, end: AttemptEnd) => void;
}

/** One attempt at a node, from its folder to its outputs in the store; any number at a time. */
export class Attempts {
  readonly #tools: AttemptTools;
  readonly #submissions: Submissions;
  readonly #streams: StreamWatch;
  /** Fingerprints that were with a scheduler when this driver started. */
  readonly #submittedBefore: ReadonlySet<string>;
  readonly #running = new Map<string, ActiveAttempt>();
  /** The same by token: executors may hand on copies of their jobs. */
  readonly #byToken = new Map<string, ActiveAttempt>();
  /** The last attempt at each node, until its folder is cleaned. */
  readonly #last = new Map<string, ActiveAttempt>();
  #poll: NodeJS.Timeout | undefined;

  constructor(tools: AttemptTools) {
    this.#tools = tools;
    this.#submissions = new Submissions(tools.store.root);
    this.#streams = new StreamWatch(tools);
    this.#submittedBefore = this.#submissions.fingerprints();
    tools.executors.onChange((change) => this.#onChange(change));
  }

  get running(): number {
    return this.#running.size;
  }

  /** Jobs that run on without this driver. */
  get lasting(): number {
    return [...this.#running.values()].filter(({ executor, isEnding }) => executor.outlivesDriver && !isEnding).length;
  }

  /** Whether an earlier driver left a job for this: then it needs no room. */
  isSubmitted({ fingerprint }: KeyedCall): boolean {
    return this.#submittedBefore.has(fingerprint) && this.#submissions.read(fingerprint) !== undefined;
  }

  /**
   * The intent is on record before anything is done. A job that an earlier driver left is taken over as it is. Gives what has
   * failed before: of such a job that driver knew.
   */
  async start(call: KeyedCall, asked: AttemptAsked): Promise<Tries> {
    const submission = this.#submissions.read(call.fingerprint);
    if (submission) return this.#adopt(call, asked, submission);

    const { store, run, code, executors, emit, diagnostics } = this.#tools;
    const { instance, spec, fingerprint } = call;
    const { attempt, reason, tries, urls, services = [] } = asked;
    const executorName = executors.nameFor(toPlace(call));
    const executor = await executors.named(executorName);
    const isRemote = executor.outlivesDriver;
    const resources = broughtAlong(tries.resources ?? resourcesOf(call), services.map(resourcesOf));
    const place = freePlace(run.folder, instance.address, attempt);
    const { address, label } = instance;
    const token = tokenOf(call, attempt);
    emit({
      type: 'node-queued',
      address,
      label,
      task: spec.name,
      fingerprint,
      attempt,
      reason,
      job: place,
      token,
      executor: executorName,
      resources,
    });

    const work = spec.onPreempt === 'resume' ? workFolder(store, fingerprint) : undefined;
    if (work) await endFormerJob(work);
    const folder = join(run.folder, place);
    const freeze = (one: KeyedCall) => freezeFiles(one, { root: code.root, codeFolder: join(store.root, 'code') });
    const filesRoot = isRemote ? await freeze(call) : undefined;
    const brought: BroughtService[] = [];
    for (const service of services) brought.push({ call: service, filesRoot: await freeze(service) });
    const job = stageJob(call, {
      store,
      folder,
      outFolder: work ? (isRemote ? join(work, 'out') : await takeOver(work)) : folder,
      id: place,
      token,
      attempt,
      code,
      isRemote,
      filesRoot,
      resources,
      avoid: tries.avoid,
      urls,
      brought,
      epoch: work && isRemote ? nextEpoch(work) : undefined,
    });
    const running = this.#track({ job, executor, executorName, frozen: filesRoot !== undefined, tries });
    if (!isRemote && work && job.resuming) this.#streams.releaseAgain(running);
    else if (work && !job.resuming) removeFile(join(work, 'released.jsonl'));
    diagnostics.info({ address, fingerprint, folder: place, resuming: job.resuming }, 'submit');
    try {
      executor.submit(job);
    } catch (error) {
      this.#running.delete(address);
      this.#byToken.delete(token);
      throw error;
    }
    return tries;
  }

  async #adopt(call: KeyedCall, { reason, services = [] }: AttemptAsked, submission: Submission): Promise<Tries> {
    const { store, run, code, executors, emit, diagnostics } = this.#tools;
    const { instance, spec, fingerprint } = call;
    const { folder, token, attempt, name, index, pack, epoch, tries } = submission;
    const executor = await executors.named(submission.executor);
    const work = spec.onPreempt === 'resume' ? workFolder(store, fingerprint) : undefined;
    const place = relative(run.folder, folder);
    const resources = submission.resources as Resources;
    const outFolder = work ? join(work, 'out') : folder;
    const brought = services.map((service) => ({ call: service, filesRoot: undefined }));
    const tools = {
      store,
      folder,
      outFolder,
      id: place,
      token,
      attempt,
      code,
      isRemote: true,
      resources,
      epoch,
      brought,
    };
    const job = stagedBefore(call, tools, { resuming: submission.resuming });
    const { address, label } = instance;
    emit({
      type: 'node-queued',
      address,
      label,
      task: spec.name,
      fingerprint,
      attempt,
      reason: `${reason}; its job ${name} is taken over`,
      job: place,
      token,
      executor: submission.executor,
      resources,
      adopted: true,
    });
    emit({ type: 'node-submitted', address, attempt, name, index });
    if (submission.run !== run.run) this.#submissions.write({ ...submission, run: run.run, address, label });
    this.#track({ job, executor, executorName: submission.executor, frozen: spec.code.length > 0 && !spec.cwd, tries });
    diagnostics.info({ address, fingerprint, folder, name }, 'adopt');
    executor.adopt(job, { name, index, pack });
    return tries;
  }

  #track(one: AttemptStart): ActiveAttempt {
    const running = newActiveAttempt(one);
    const { address } = one.job.call.instance;
    this.#running.set(address, running);
    this.#byToken.set(one.job.token, running);
    this.#last.set(address, running);
    if (running.streams.length > 0) {
      this.#poll ??= setInterval(() => this.#streams.scanAll(this.#running.values()), releasePollMs);
    }
    return running;
  }

  releasedBy(address: string): ReadonlyMap<string, readonly Item[]> {
    return this.#running.get(address)?.items ?? new Map();
  }

  /** What the scheduler says of a node's job that has not ended. */
  queueStatus(address: string): QueueStatus | undefined {
    const running = this.#running.get(address);
    return running?.executor.queueStatus(running.job);
  }

  /** Inputs that the job wrote to, or that changed where they lie. */
  changedInputs({ instance }: KeyedCall): string[] {
    const last = this.#last.get(instance.address);
    return (last?.job.inputFolders ?? []).flatMap((folder) => this.#tools.store.changedInputs(folder));
  }

  /** Removes what a finished node no longer needs; its log and scripts stay. */
  clean(call: KeyedCall): void {
    const last = this.#last.get(call.instance.address);
    if (!last) return;
    this.#last.delete(call.instance.address);
    const { job, copy } = last;
    const left = [...Object.values(job.out), ...job.inputFolders];
    if (copy && copy.folder !== job.folder) left.push(...Object.values(outOf(job, copy)), ...againFolders(job.folder));
    for (const path of call.spec.run ? [...left, join(job.folder, 'scratch')] : left) removeAll(path);
    if (call.spec.onPreempt === 'resume') removeAll(workFolder(this.#tools.store, call.fingerprint));
  }

  /** The job is nobody's business any more: what it gave is on record, or it gave nothing. */
  forget({ fingerprint }: KeyedCall): void {
    this.#submissions.remove(fingerprint);
  }

  /** Ends jobs; those that can do without a driver only when `lasting`. */
  cancelAll({ now, lasting = false }: { now: boolean; lasting?: boolean }): void {
    for (const { job, executor } of this.#running.values()) {
      if (lasting || !executor.outlivesDriver) executor.cancel(job, { now });
    }
  }

  /** False when no attempt at this node is on its way. */
  cancel(address: string): boolean {
    const running = this.#running.get(address);
    if (running) running.executor.cancel(running.job);
    return running !== undefined;
  }

  async settle(): Promise<void> {
    await Promise.all(this.#tools.executors.opened.map((executor) => executor.settle()));
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    await Promise.all(this.#tools.executors.opened.map((executor) => executor.close()));
  }

  #onChange(change: Change): void {
    if (change.type === 'trouble') {
      this.#tools.emit({ type: 'warning', message: change.message });
      return;
    }
    const running = this.#byToken.get(change.job.token);
    if (!running || running.isEnding) return;
    const { job } = running;
    const { attempt } = job;
    const { address } = job.call.instance;
    switch (change.type) {
      case 'submitting': {
        const { name, index } = change.as;
        this.#submissions.write(submissionOf(running, change.as, this.#tools.run.run));
        this.#tools.emit({ type: 'node-submitted', address, attempt, name, index });
        return;
      }
      case 'submitted':
        this.#tools.emit({ type: 'node-accepted', address, attempt, id: idOf(change.as) });
        return;
      case 'started':
        this.#started(running, change);
        return;
      case 'requeued':
        running.copy = undefined;
        // A task that does not resume makes all of them again.
        if (job.call.spec.onPreempt === 'restart') running.items.clear();
        this.#tools.emit({ type: 'node-requeued', address, attempt, reason: change.reason });
        return;
      case 'exited':
        this.#exited(running, change.exit, change.copy);
    }
  }

  #started(running: ActiveAttempt, { host, pid, copy, secondsAgo = 0 }: EventOfChange<'started'>): void {
    const { job, executor } = running;
    const { address } = job.call.instance;
    if (job.call.spec.onPreempt === 'resume' && pid !== undefined) {
      claimFolder(workFolder(this.#tools.store, job.call.fingerprint), pid);
    }
    running.copy = copy;
    running.startedAt = performance.now() - secondsAgo * 1000;
    this.#tools.emit({
      type: 'node-started',
      address,
      attempt: job.attempt,
      host,
      pid,
    });
    if (executor.outlivesDriver && running.streams.length > 0 && running.items.size === 0)
      this.#streams.releaseAgain(running);
  }

  #exited(running: ActiveAttempt, exit: Exit, copy: Copy | undefined): void {
    const { job } = running;
    const { address } = job.call.instance;
    running.copy = copy ?? running.copy;
    running.isEnding = true;
    void finishAttempt(running, exit, { ...this.#tools, streams: this.#streams }).then((end) => {
      this.#running.delete(address);
      this.#byToken.delete(job.token);
      if (this.#running.size === 0) {
        clearInterval(this.#poll);
        this.#poll = undefined;
      }
      this.#tools.diagnostics.info({ address, exit, seconds: end.seconds, failure: end.failure?.code }, 'ended');
      this.#tools.ended(job.call, end);
    });
  }
}

type EventOfChange<T extends Change['type']> = Extract<Change, { type: T }>;

function idOf({ id = '', index }: Submitted): string {
  return index === undefined ? id : `${id}_${index}`;
}
