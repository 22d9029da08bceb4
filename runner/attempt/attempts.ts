import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../cache/digest.ts';
import { artifactsIn } from '../../cache/records.ts';
import { removeAll } from '../../cache/remove.ts';
import type { Change, Copy, Exit, QueueStatus, Submitted } from '../executors/executor.ts';
import { workFolder } from '../job/staged-job.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import type { Diagnostics } from '../log/diagnostics.ts';
import { type Submission, Submissions } from '../log/submissions.ts';
import { toStored } from '../values/stored.ts';
import type { Item } from '../values/output.ts';
import type { ActiveAttempt } from './active-attempt.ts';
import type { AttemptChange, AttemptEnd } from './attempt-end.ts';
import type { AttemptAsked, StageAttemptTools } from './stage-attempt.ts';
import type { StreamWatch } from './stream-watch.ts';

/** How often running jobs are looked at for new stream items, in milliseconds. */
const releasePollMs = 200;

export interface AttemptTools extends StageAttemptTools {
  readonly diagnostics: Diagnostics;
  readonly report: (change: AttemptChange) => void;
  /** Whether a fingerprint is still ours, and not another run's that took us for dead. */
  readonly isOurs: (fingerprint: Digest) => boolean;
}

/** What only jobs need: a run in which nothing starts does without. */
async function loadHands() {
  const [staging, { StreamWatch }, finishing, { claimJob, unclaimJob }, { frozenChange }] = await Promise.all([
    import('./stage-attempt.ts'),
    import('./stream-watch.ts'),
    import('./finish-attempt.ts'),
    import('../job/fence.ts'),
    import('../job/frozen-files.ts'),
  ]);
  const { stageAgain, stageAttempt } = staging;
  const { finishAttempt, takenOver } = finishing;
  return { stageAgain, stageAttempt, StreamWatch, finishAttempt, takenOver, claimJob, unclaimJob, frozenChange };
}

type Hands = Awaited<ReturnType<typeof loadHands>>;

interface Watched {
  readonly attempt: ActiveAttempt;
  readonly watch: StreamWatch;
  readonly hands: Hands;
}

/** The attempts at nodes, from their folders to their outputs in the store; any number at a time. */
export class Attempts {
  readonly #tools: AttemptTools;
  readonly #submissions: Submissions;
  /** Fingerprints that were with a scheduler when this driver started. */
  readonly #submittedBefore: ReadonlySet<string>;
  /** By address. */
  readonly #running = new Map<string, Watched>();
  /** The same by their jobs' tokens: executors may hand on a copy of a job. */
  readonly #byToken = new Map<string, Watched>();
  /** The last attempt at each node, until its folder is cleaned. */
  readonly #last = new Map<string, ActiveAttempt>();
  #poll: NodeJS.Timeout | undefined;
  #hands: Hands | undefined;

  constructor(tools: AttemptTools) {
    this.#tools = tools;
    this.#submissions = new Submissions(tools.store.root);
    this.#submittedBefore = this.#submissions.fingerprints();
    tools.executors.onChange((change) => {
      try {
        this.#onChange(change);
      } catch (error) {
        tools.report({ type: 'untold', error }); // an executor could do nothing about it
      }
    });
  }

  get running(): number {
    return this.#running.size;
  }

  /** Jobs that run on without this driver. */
  get lasting(): number {
    const isLasting = ({ attempt }: Watched): boolean => attempt.executor.outlivesDriver && !attempt.isEnding;
    return [...this.#running.values()].filter(isLasting).length;
  }

  /** Whether an earlier driver left a job for this: then it needs no room. */
  isSubmitted({ fingerprint }: KeyedCall): boolean {
    return this.#submittedBefore.has(fingerprint) && this.#submissions.read(fingerprint) !== undefined;
  }

  /** Starts a job, or takes over the one that an earlier driver left. */
  async start(call: KeyedCall, asked: AttemptAsked): Promise<void> {
    const hands = (this.#hands ??= await loadHands());
    const submission = this.#submissions.read(call.fingerprint) ?? (await this.#foundAgain(call));
    if (submission) {
      this.#adopt(await hands.stageAgain(call, asked, submission, this.#tools), submission, hands);
      return;
    }

    const attempt = await hands.stageAttempt(call, asked, this.#tools);
    const { job, executor } = attempt;
    const { fingerprint } = call;
    const { address } = call.instance;
    const watch = this.#track(attempt, hands);
    const claimed = { root: this.#tools.store.root, fingerprint };
    try {
      if (!executor.outlivesDriver) hands.claimJob(claimed, job.folder);
      if (!executor.outlivesDriver && job.resuming) watch.releaseAgain();
      this.#tools.diagnostics.info({ address, fingerprint, folder: job.id, resuming: job.resuming }, 'submit');
      executor.submit(job);
    } catch (error) {
      if (!executor.outlivesDriver) hands.unclaimJob(claimed);
      this.#untrack(attempt);
      throw error;
    }
  }

  /** A job that was lost and has come to a good end all the same: then nothing has to run again. */
  async #foundAgain(call: KeyedCall): Promise<Submission | undefined> {
    for (const lost of this.#worthAsking(call)) {
      const executor = await this.#tools.executors.named(lost.executor);
      if (!executor.endedWell?.(lost.folder)) continue;
      this.#submissions.find(lost);
      return lost;
    }
    return undefined;
  }

  /** Whether one of the jobs that were lost has come to a good end after all. */
  endedWellAfterAll(call: KeyedCall): boolean {
    const { executors } = this.#tools;
    return this.#worthAsking(call).some(
      ({ executor, folder }) => executors.ready(executor)?.endedWell?.(folder) ?? false,
    );
  }

  /** Where attempts share their outputs, each has gone on with those of the one before: only the last left any. */
  #worthAsking({ fingerprint, spec }: KeyedCall): readonly Submission[] {
    const lost = this.#submissions.lostOf(fingerprint);
    return spec.onPreempt === 'resume' ? lost.slice(0, 1) : lost;
  }

  #adopt(attempt: ActiveAttempt, submission: Submission, hands: Hands): void {
    const { name, index, pack, folder, fingerprint } = submission;
    const { job, executor } = attempt;
    const { address, label } = job.call.instance;
    const { run } = this.#tools.run;
    if (submission.run !== run) this.#submissions.write({ ...submission, run, address, label });
    this.#track(attempt, hands);
    this.#tools.diagnostics.info({ address, fingerprint, folder, name }, 'adopt');
    executor.adopt(job, { name, index, pack });
  }

  #track(attempt: ActiveAttempt, hands: Hands): StreamWatch {
    const { call } = attempt.job;
    const { address } = call.instance;
    const watch = new hands.StreamWatch(attempt, {
      store: this.#tools.store,
      released: (output, item) => this.#released(call, output, item),
      isOurs: () => this.#tools.isOurs(call.fingerprint),
    });
    const watched = { attempt, watch, hands };
    this.#running.set(address, watched);
    this.#byToken.set(attempt.job.token, watched);
    this.#last.set(address, attempt);
    if (!watch.isEmpty) this.#poll ??= setInterval(() => this.#lookAtStreams(), releasePollMs);
    return watch;
  }

  #untrack({ job }: ActiveAttempt): void {
    this.#running.delete(job.call.instance.address);
    this.#byToken.delete(job.token);
    if (this.#running.size > 0) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #lookAtStreams(): void {
    const now = performance.now();
    for (const { watch } of this.#running.values()) watch.look(now);
  }

  #released(call: KeyedCall, output: string, item: Item): void {
    const { address } = call.instance;
    const digest = (item.value as { digest?: string } | null)?.digest;
    const inner = digest === undefined ? artifactsIn(toStored(item.value)).map((one) => one.digest) : [];
    this.#tools.emit({
      type: 'item-released',
      address,
      output,
      key: item.key,
      digest,
      inner: inner.length > 0 ? inner : undefined,
    });
    this.#tools.report({ type: 'item-released', call, output, item });
  }

  releasedBy(address: string): ReadonlyMap<string, readonly Item[]> {
    return this.#running.get(address)?.watch.items ?? new Map();
  }

  /** What the scheduler says of a node's job that has not ended. */
  queueStatus(address: string): QueueStatus | undefined {
    const running = this.#running.get(address);
    return running?.attempt.executor.queueStatus(running.attempt.job);
  }

  /** Inputs that the job wrote to, or that changed where they lie; its frozen code, which it may have written to, is one. */
  changedInputs(call: KeyedCall): string[] {
    const { store, code } = this.#tools;
    const last = this.#last.get(call.instance.address);
    const changed = (last?.job.inputFolders ?? []).flatMap((folder) => store.changedInputs(folder));
    if (!last?.frozen) return changed;
    const ownCode = this.#hands?.frozenChange(call, { root: code.root, codeFolder: join(store.root, 'code') });
    return ownCode === undefined ? changed : [...changed, `its frozen code (${ownCode})`];
  }

  /** Removes what a finished node no longer needs; its log and scripts stay. */
  clean(call: KeyedCall): void {
    const last = this.#last.get(call.instance.address);
    if (!last) return;
    this.#last.delete(call.instance.address);
    const { job, jobInCopy } = last;
    const left = Object.values(job.out);
    if (jobInCopy.folder !== job.folder) left.push(...Object.values(jobInCopy.out), ...againFolders(job.folder));
    if (call.spec.run) left.push(join(job.folder, 'scratch'));
    for (const path of left) removeAll(path);
    for (const path of job.inputFolders) this.#tools.store.giveBack(path);
    if (call.spec.onPreempt === 'resume') removeAll(workFolder(this.#tools.store, call.fingerprint));
  }

  /** The job is nobody's business any more: what it gave is on record, or it gave nothing. Of one that was lost nobody knows. */
  forget({ fingerprint }: KeyedCall, { isLost = false }: { isLost?: boolean } = {}): void {
    if (isLost) this.#submissions.lose(fingerprint);
    else this.#submissions.remove(fingerprint);
  }

  /** Whether what its job made can be taken in by a later driver. */
  staysWithScheduler(call: KeyedCall): boolean {
    const last = this.#last.get(call.instance.address);
    return last?.executor.outlivesDriver === true && this.#submissions.read(call.fingerprint) !== undefined;
  }

  /** Its result is known: what lost jobs of it may still come to does not matter. */
  forgetLost({ fingerprint }: KeyedCall): void {
    this.#submissions.forgetLost(fingerprint);
  }

  /** Another run has taken a fingerprint over: what works on it here ends, or is left to that run. */
  letGo(fingerprint: Digest): void {
    for (const { attempt, hands } of this.#running.values()) {
      if (attempt.job.call.fingerprint !== fingerprint || attempt.isEnding) continue;
      if (!attempt.executor.outlivesDriver) attempt.executor.cancel(attempt.job, { now: true });
      else this.#ended(attempt, hands.takenOver(attempt));
    }
  }

  /** Ends jobs; those that can do without a driver only when `lasting`. */
  cancelAll({ now, lasting = false }: { now: boolean; lasting?: boolean }): void {
    for (const { attempt } of this.#running.values()) {
      if (lasting || !attempt.executor.outlivesDriver) attempt.executor.cancel(attempt.job, { now });
    }
  }

  /** False when no attempt at this node is on its way. */
  cancel(address: string): boolean {
    const attempt = this.#running.get(address)?.attempt;
    attempt?.executor.cancel(attempt.job);
    return attempt !== undefined;
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
    if (!running || running.attempt.isEnding) return;
    const { attempt: active, watch } = running;
    const { attempt, call } = active.job;
    const { address } = call.instance;
    switch (change.type) {
      case 'submitting': {
        const { name, index } = change.as;
        this.#submissions.write(submissionOf(active, change.as, this.#tools.run.run));
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
        active.requeued();
        if (call.spec.onPreempt === 'restart') watch.forget();
        this.#tools.emit({ type: 'node-requeued', address, attempt, reason: change.reason });
        return;
      case 'exited':
        this.#exited(running, change.exit, change.copy);
    }
  }

  #started({ attempt, watch }: Watched, { host, pid, copy, secondsAgo = 0 }: ChangeOf<'started'>): void {
    const { job, executor } = attempt;
    const { address } = job.call.instance;
    attempt.started(copy, secondsAgo);
    this.#tools.emit({ type: 'node-started', address, attempt: job.attempt, host, pid });
    if (executor.outlivesDriver && watch.items.size === 0) watch.releaseAgain();
  }

  #exited({ attempt, watch, hands }: Watched, exit: Exit, copy: Copy | undefined): void {
    const { fingerprint } = attempt.job.call;
    attempt.exited(copy);
    if (!this.#tools.isOurs(fingerprint)) return this.#ended(attempt, hands.takenOver(attempt));
    if (!attempt.executor.outlivesDriver) hands.unclaimJob({ root: this.#tools.store.root, fingerprint });
    void hands.finishAttempt(attempt, watch, exit, this.#tools).then((end) => {
      const { address } = attempt.job.call.instance;
      this.#tools.diagnostics.info({ address, exit, seconds: end.seconds, failure: end.failure?.code }, 'ended');
      this.#ended(attempt, end);
    });
  }

  #ended(attempt: ActiveAttempt, end: AttemptEnd): void {
    this.#untrack(attempt);
    this.#tools.report({ type: 'attempt-ended', call: attempt.job.call, end });
  }
}

type ChangeOf<T extends Change['type']> = Extract<Change, { type: T }>;

function idOf({ id = '', index }: Submitted): string {
  return index === undefined ? id : `${id}_${index}`;
}

/** What later copies of a job wrote. */
function againFolders(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.startsWith('again-') ? [join(folder, name)] : []));
}

/** What is to be remembered of a job before a scheduler is asked to take it. */
function submissionOf(
  { job, executorName, tries }: ActiveAttempt,
  { name, index, pack }: Submitted,
  run: string,
): Submission {
  const { fingerprint, instance } = job.call;
  return {
    format: 3,
    executor: executorName,
    fingerprint,
    token: job.token,
    name,
    index,
    pack,
    run,
    address: instance.address,
    label: instance.label,
    attempt: job.attempt,
    folder: job.folder,
    resources: { ...job.resources },
    epoch: job.shared?.epoch,
    resuming: job.resuming,
    tries,
  };
}
