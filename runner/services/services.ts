import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import { freePlace, tokenOf } from '../job/attempt-names.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import type { Fact, Failure } from '../log/events.ts';
import type { Change, Executor, Job } from '../executors/executor.ts';
import type { Executors } from '../executors/executors.ts';
import { freePort, isListening } from './free-port.ts';
import { failureOf, judge } from '../attempt/judge.ts';
import type { Output } from '../values/output.ts';
import { isForeign } from './port-owner.ts';
import { becomesReady } from './readiness.ts';
import { type KeyedCall, resourcesOf } from '../keys/keyed-call.ts';
import type { RunLog } from '../log/run-log.ts';
import {
  asleep,
  dyingMs,
  failedFact,
  type Life,
  mostConflicts,
  newLife,
  nodeOf,
  notReady,
  portTaken,
  type Service,
} from './service-life.ts';
import { onPort } from '../keys/service-task.ts';
import { withServices } from '../executors/with-services.ts';
import type { CodeOfRun } from '../project/code-of-run.ts';
import { stageJob } from '../job/stage.ts';
import { servicesIn } from '../values/leaves.ts';

export interface ServicesTools {
  readonly store: Store;
  readonly code: CodeOfRun;
  readonly run: RunLog;
  readonly executors: Executors;
  readonly emit: (fact: Fact) => void;
  /** Ends the attempt at a consumer. */
  readonly cancel: (address: string) => void;
  /** What was asked for may have another answer now. */
  readonly changed: () => void;
  /** Whether an error says that the store has lost something: then it is made again, and everything asked for again. */
  readonly isLoss: (error: unknown) => boolean;
}

/** Whether a node can have the services that it takes; the address of one that has failed. */
type Look = 'up' | 'coming' | 'startable' | { readonly failed: string };

/** Starts services when they are asked for, lends them, and stops them when nobody wants them any more. */
export class Services {
  readonly #tools: ServicesTools;
  readonly #services = new Map<string, Service>();
  readonly #lives = new Map<Job, Life>();
  readonly #lent = new Map<string, Life[]>();
  /** Of which the log says that they are tried again, and they were not yet. */
  readonly #owed = new Set<Service>();
  #executor: Executor | undefined;

  constructor(tools: ServicesTools) {
    this.#tools = tools;
  }

  /** Processes that have not ended. */
  get running(): number {
    return this.#lives.size;
  }

  /** Those of them that come up or go down. */
  get starting(): number {
    return [...this.#lives.values()].filter(({ service }) => service.phase !== 'up').length;
  }

  /** The executors for everybody else: what becomes of services is told here. */
  watched(executors: Executors): Executors {
    return {
      nameFor: (job) => executors.nameFor(job),
      serviceHost: executors.serviceHost,
      named: (name) => executors.named(name),
      ready: (name) => executors.ready(name),
      get opened() {
        return executors.opened;
      },
      onChange: (listener) => executors.onChange((change) => this.#take(change) || listener(change)),
    };
  }

  /** What a service gives to those that take it, long before it is up. */
  promise(call: KeyedCall): Record<string, Output> {
    const { instance, fingerprint } = call;
    const { address } = instance;
    const before = this.#services.get(address);
    if (before?.call.fingerprint === fingerprint) before.borrowers.clear();
    else this.#services.set(address, { ...asleep(), call });
    return { endpoint: { value: new PromisedEndpoint({ address, fingerprint }) } };
  }

  /**
   * How it stands with the services that a node takes. Those that are down can be started as soon as there is room for them
   * and for the node, so that none holds GPUs for somebody who waits for others. Throws when there never can be.
   */
  async look({ instance, inputs }: KeyedCall, resources: Resources): Promise<Look> {
    const needed = servicesIn(inputs).map((address) => this.#get(address));
    const failed = needed.find(({ phase }) => phase === 'failed');
    if (failed) return { failed: failed.call.instance.address };
    const down = needed.filter(({ phase }) => phase === 'down');
    if (down.length === 0) return needed.every(({ phase }) => phase === 'up') ? 'up' : 'coming';
    this.#executor ??= await this.#tools.executors.named(this.#tools.executors.serviceHost);
    const together = (services: readonly Service[]): Resources =>
      withServices(
        resources,
        services.map(({ call }) => resourcesOf(call)),
      );
    if (this.#executor.hasRoom(together(down))) return 'startable';
    const refusal = this.#executor.refusal(together(needed));
    if (refusal === undefined) return 'coming';
    const all = needed.map(({ call }) => call.instance.label).join(' and ');
    throw new Problem('no-such-resources', `${instance.label} cannot run here beside ${all}: ${refusal}.`, {
      hint: 'Ask for less in `resources`, or run it on another machine.',
    });
  }

  /** The services that a node takes. */
  of({ inputs }: KeyedCall): KeyedCall[] {
    return servicesIn(inputs).map((address) => this.#get(address).call);
  }

  /** Starts those services of a node that are down. */
  async startFor(consumer: KeyedCall): Promise<void> {
    for (const address of servicesIn(consumer.inputs)) {
      const service = this.#get(address);
      if (service.phase !== 'down') continue;
      const port = await freePort(new Set([...this.#lives.values()].map((life) => life.port)));
      this.#start(service, port, consumer);
    }
  }

  /** Where the services are that a node takes; they are its own until it gives them back. */
  lend({ instance, inputs }: KeyedCall): ReadonlyMap<string, string> {
    const lives = servicesIn(inputs).flatMap((address) => this.#get(address).life ?? []);
    for (const { service } of lives) service.borrowers.add(instance.address);
    this.#lent.set(instance.address, lives);
    return new Map(lives.map(({ service, url }) => [service.call.instance.address, url]));
  }

  /** How an attempt that has ended is to be judged: whoever fails because its server died is not to blame. */
  async giveBack(
    { instance }: KeyedCall,
    end: AttemptEnd,
    { isStopping }: { isStopping: boolean },
  ): Promise<AttemptEnd> {
    const lives = this.#lent.get(instance.address) ?? [];
    this.#lent.delete(instance.address);
    for (const { service } of lives) service.borrowers.delete(instance.address);
    if (!end.failure || isStopping) return end;
    for (const life of lives) {
      const death = await this.#deathOf(life);
      if (death === undefined) continue;
      const { label } = life.service.call.instance;
      const message = `The service ${label} died while it was used: ${death}`;
      const hint = `What it said: pipeline logs ${this.#tools.run.run} ${life.service.call.instance.address}`;
      return { ...end, cause: 'service-died', failure: { code: 'service-died', message, hint } };
    }
    return end;
  }

  stopUnwanted(isWanted: (address: string) => boolean): void {
    for (const service of this.#active()) {
      if (service.borrowers.size === 0 && !isWanted(service.call.instance.address)) this.#stop(service);
    }
  }

  stopAll({ now = false }: { now?: boolean } = {}): void {
    for (const service of this.#active()) this.#stop(service, { now });
  }

  /** Nothing runs and nothing fits: whoever is next gets the room of services that only others wait for. */
  makeRoomFor({ inputs }: KeyedCall): void {
    const needed = new Set(servicesIn(inputs));
    for (const service of this.#active()) {
      const isNeeded = needed.has(service.call.instance.address);
      if (service.phase === 'up' && service.borrowers.size === 0 && !isNeeded) this.#stop(service);
    }
  }

  /** Ends a service for good; false when there is none of that name. */
  giveUp(address: string, failure: Failure): boolean {
    const service = this.#services.get(address);
    if (!service || service.phase === 'failed') return service !== undefined;
    if (service.life) service.life.death = failure.message;
    this.#stop(service);
    this.#fail(service, failure, service.life, 0);
    for (const borrower of service.borrowers) this.#tools.cancel(borrower);
    return true;
  }

  #start(service: Service, port: number, consumer: KeyedCall): void {
    const { store, run, code, emit } = this.#tools;
    const { call } = service;
    const { instance, fingerprint } = call;
    const { address, label } = instance;
    service.attempt += 1;
    this.#owed.delete(service);
    service.phase = 'starting';
    const { attempt } = service;
    const place = freePlace(run.folder, address, attempt);
    const token = tokenOf(call, attempt);
    const resources = resourcesOf(call);
    const { spec } = nodeOf(call);
    const reason = `${consumer.instance.label} needs it`;
    const job = { job: place, token, executor: this.#tools.executors.serviceHost, resources, service: true };
    emit({ type: 'node-queued', address, label, task: spec.name, fingerprint, attempt, reason, ...job });
    const folder = join(run.folder, place);
    let life: Life | undefined;
    try {
      refuseChain(call);
      const staged = stageJob(
        { ...call, spec: onPort(spec, port) },
        { store, folder, outFolder: folder, id: place, token, attempt, code, isRemote: false, resources, port },
      );
      life = newLife(service, staged, port, `${spec.scheme}://127.0.0.1:${port}`);
      service.life = life;
      this.#lives.set(staged, life);
      this.#executor?.submit(staged);
      void this.#awaitReady(life);
    } catch (error) {
      if (life) this.#lives.delete(life.job);
      service.life = undefined;
      service.phase = 'down';
      if (!this.#tools.isLoss(error)) this.#fail(service, failureOf(error), life, 0);
    }
  }

  async #awaitReady(life: Life): Promise<void> {
    const { service, job, port, url, settled } = life;
    const { ready } = nodeOf(service.call).spec;
    const isUp = await becomesReady(ready, { port, log: join(job.folder, 'log.txt'), signal: settled.signal });
    if (settled.signal.aborted) return; // its end tells the rest
    life.isConflict = isUp && life.group !== undefined && isForeign(port, life.group);
    if (isUp && !life.isConflict) {
      service.phase = 'up';
      this.#tools.emit({ type: 'service-ready', address: service.call.instance.address, url });
      this.#tools.changed();
      return;
    }
    life.failure = life.isConflict ? portTaken(port) : notReady(ready);
    this.#executor?.cancel(job, { now: life.isConflict });
  }

  /** True when the change was one of a service. */
  #take(change: Change): boolean {
    const life = 'job' in change ? this.#lives.get(change.job) : undefined;
    if (!life) return false;
    const { address } = life.service.call.instance;
    if (change.type === 'started') {
      const { host, pid } = change;
      life.group = pid;
      const { attempt } = life.service;
      this.#tools.emit({ type: 'node-started', address, attempt, host, pid });
    }
    if (change.type === 'exited') {
      life.settled.abort();
      life.failure ??= judge(life.job, change.exit) ?? {
        code: 'ended-early',
        message: 'It ended by itself, with exit code 0, while it was needed.',
      };
      void this.#ended(life, life.failure);
    }
    return true;
  }

  async #ended(life: Life, failure: Failure): Promise<void> {
    const { service, port } = life;
    const { address } = service.call.instance;
    const seconds = (performance.now() - life.startedAt) / 1000;
    const isConflict = service.phase === 'starting' && (life.isConflict || (await isListening(port)));
    this.#lives.delete(life.job);
    service.life = undefined;
    if (life.isStopping) {
      if (service.phase === 'stopping') {
        service.phase = 'down';
        this.#tools.emit({ type: 'service-stopped', address, seconds });
      }
    } else if (service.phase === 'up') {
      life.death = failure.message;
      this.#tryAgain(service, failure, life, seconds);
      for (const borrower of service.borrowers) this.#tools.cancel(borrower);
    } else if (isConflict && service.conflicts < mostConflicts) {
      service.conflicts += 1;
      this.#tryAgain(service, portTaken(port), life, seconds);
    } else if (service.failures < (nodeOf(service.call).options.retries ?? 0)) {
      service.failures += 1;
      this.#tryAgain(service, failure, life, seconds);
    } else {
      this.#fail(service, failure, life, seconds);
    }
    life.end();
    this.#tools.changed();
  }

  #tryAgain(service: Service, failure: Failure, life: Life, seconds: number): void {
    service.phase = 'down';
    this.#owed.add(service);
    this.#tools.emit({ ...failedFact(service, failure, life, seconds), willRetry: true });
  }

  #fail(service: Service, failure: Failure, life: Life | undefined, seconds: number): void {
    service.phase = 'failed';
    this.#owed.delete(service);
    this.#tools.emit({ ...failedFact(service, failure, life, seconds), willRetry: false });
    this.#tools.changed();
  }

  #stop(service: Service, { now = false }: { now?: boolean } = {}): void {
    const { life, phase, call } = service;
    if (life) {
      if (life.isStopping && !now) return;
      life.isStopping = true;
      life.settled.abort();
      if (phase !== 'failed') service.phase = 'stopping';
      this.#executor?.cancel(life.job, { now });
      return;
    }
    if (!this.#owed.delete(service)) return;
    this.#tools.emit({ type: 'service-stopped', address: call.instance.address, seconds: 0 });
  }

  /** Of what a server died that somebody used, if it did. One that is silent has died, or is ended. */
  async #deathOf(life: Life): Promise<string | undefined> {
    if (life.death === undefined) await Promise.race([life.ended, delay(dyingMs)]);
    if (life.death !== undefined || life.isStopping) return life.death;
    if (!(await isListening(life.port))) {
      life.failure = { code: 'silent', message: 'It did not listen any more.' };
      this.#executor?.cancel(life.job, { now: true });
      await life.ended;
    }
    return life.death;
  }

  #active(): Set<Service> {
    return new Set([...[...this.#lives.values()].map(({ service }) => service), ...this.#owed]);
  }

  #get(address: string): Service {
    const service = this.#services.get(address);
    if (!service) throw new Error(`no service at ${address}`);
    return service;
  }
}

function refuseChain({ instance: { label }, inputs }: KeyedCall): void {
  const [other] = servicesIn(inputs);
  if (other === undefined) return;
  throw new Problem(
    'service-of-service',
    `${label} is a service that takes the endpoint of ${other}, and only tasks can.`,
  );
}
