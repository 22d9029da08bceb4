import { join, relative } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import type { ServiceNode } from '../../tasks/core/node.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import { freePlace, tokenOf } from '../job/attempt-names.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import type { Fact, Failure } from '../log/events.ts';
import type { Change, Executor } from '../executors/executor.ts';
import type { Executors } from '../executors/executors.ts';
import { failureOf } from '../attempt/failure-of.ts';
import type { Output } from '../values/output.ts';
import { JobProcess } from './job-process.ts';
import { Ports } from './ports.ts';
import { type KeyedCall, resourcesOf } from '../keys/keyed-call.ts';
import type { RunLog } from '../log/run-log.ts';
import { type Loan, ServerLife, serviceDied, type ServerMove } from './server-life.ts';
import { onPort } from '../keys/service-task.ts';
import { withServices } from '../executors/with-services.ts';
import type { CodeOfRun } from '../project/code-of-run.ts';
import type { stageJob } from '../job/stage.ts';
import { servicesIn } from '../values/leaves.ts';
import { quoted } from '../words/quoted.ts';

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

/** A service in this run. */
interface Service {
  readonly call: KeyedCall;
  readonly life: ServerLife;
  /** Addresses of consumers that run. */
  readonly borrowers: Set<string>;
}

interface Submitting {
  readonly port: number;
  readonly attempt: number;
  readonly reason: string;
  readonly stage: typeof stageJob;
}

/** Starts services when they are asked for, lends them, and stops them when nobody wants them any more. */
export class Services {
  readonly #tools: ServicesTools;
  readonly #ports = new Ports();
  readonly #services = new Map<string, Service>();
  /** Those that run, or are due to. */
  readonly #active = new Set<Service>();
  /** By token: who hands on a change may hand on a copy of the job. */
  readonly #processes = new Map<string, JobProcess>();
  /** What consumers have, by their addresses. */
  readonly #lent = new Map<string, ReadonlyMap<Service, Loan>>();
  #executor: Executor | undefined;

  constructor(tools: ServicesTools) {
    this.#tools = tools;
  }

  /** Services with a process that has not ended. */
  get running(): number {
    return [...this.#active].filter(({ life }) => life.loan).length;
  }

  /** Those of them that come up or go down. */
  get starting(): number {
    return [...this.#active].filter(({ life }) => life.loan && life.phase !== 'up').length;
  }

  /** The executors for everybody else: what becomes of services is told here. */
  watched(executors: Executors): Executors {
    const onChange: Executors['onChange'] = (listener) =>
      executors.onChange((change) => this.#take(change) || listener(change));
    return { ...executors, onChange };
  }

  /** What a service gives to those that take it, long before it is up. */
  promise(call: KeyedCall): Record<string, Output> {
    const { instance, fingerprint } = call;
    const { address } = instance;
    const before = this.#services.get(address);
    if (before?.call.fingerprint === fingerprint) before.borrowers.clear();
    else this.#services.set(address, this.#serviceOf(call));
    return { endpoint: { value: new PromisedEndpoint({ address, fingerprint }) } };
  }

  /**
   * How it stands with the services that a node takes. Those that are down can be started as soon as there is room for them
   * and for the node, so that none holds GPUs for somebody who waits for others. Throws when there never can be.
   */
  async look(consumer: KeyedCall, resources: Resources): Promise<Look> {
    const needed = this.#neededBy(consumer);
    const failed = needed.find(({ life }) => life.phase === 'failed');
    if (failed) return { failed: failed.call.instance.address };
    const down = needed.filter(isDown);
    if (down.length === 0) return needed.every(({ life }) => life.phase === 'up') ? 'up' : 'coming';
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
    throw new Problem('no-such-resources', `${consumer.instance.label} cannot run here beside ${all}: ${refusal}.`, {
      hint: 'Ask for less in `resources`, or run it on another machine.',
    });
  }

  /** The services that a node takes. */
  of(consumer: KeyedCall): KeyedCall[] {
    return this.#neededBy(consumer).map(({ call }) => call);
  }

  /** Starts those services of a node that are down. */
  async startFor(consumer: KeyedCall): Promise<void> {
    const reason = `${consumer.instance.label} needs it`;
    const { stageJob } = await import('../job/stage.ts'); // a run without servers does without
    for (const service of this.#neededBy(consumer)) {
      if (!isDown(service)) continue;
      const { call, life } = service;
      this.#active.add(service);
      try {
        await life.start((port, attempt) => this.#submit(call, { port, attempt, reason, stage: stageJob }));
      } catch (error) {
        this.#active.delete(service);
        if (!this.#tools.isLoss(error)) life.giveUp(failureOf(error));
      }
    }
  }

  /** Where the services are that a node takes; they are its own until it gives them back. */
  lend(consumer: KeyedCall): ReadonlyMap<string, string> {
    const { address } = consumer.instance;
    const lent = new Map(
      this.#neededBy(consumer).flatMap((service) => {
        const { loan } = service.life;
        return loan ? [[service, loan] as const] : [];
      }),
    );
    for (const { borrowers } of lent.keys()) borrowers.add(address);
    this.#lent.set(address, lent);
    return new Map([...lent].map(([{ call }, { url }]) => [call.instance.address, url]));
  }

  /** How an attempt that has ended is to be judged: whoever fails because its server died is not to blame. */
  async giveBack(consumer: KeyedCall, end: AttemptEnd, how: { isStopping: boolean }): Promise<AttemptEnd> {
    const { address } = consumer.instance;
    const lent = this.#lent.get(address) ?? new Map<Service, Loan>();
    this.#lent.delete(address);
    for (const { borrowers } of lent.keys()) borrowers.delete(address);
    if (!end.failure || how.isStopping) return end;
    for (const [{ call, life }, loan] of lent) {
      const death = await life.deathOf(loan);
      if (death === undefined) continue;
      const { instance } = call;
      const log = `pipeline logs ${this.#tools.run.run} ${quoted(instance.address)}`;
      const failure = serviceDied(instance.label, { death, log });
      return { ...end, cause: 'service-died', failure };
    }
    return end;
  }

  stopUnwanted(isWanted: (address: string) => boolean): void {
    for (const { borrowers, call, life } of this.#active) {
      if (borrowers.size === 0 && !isWanted(call.instance.address)) void life.stop();
    }
  }

  stopAll({ now = false }: { now?: boolean } = {}): void {
    for (const { life } of this.#active) void life.stop({ now });
  }

  /** Nothing runs and nothing fits: whoever is next gets the room of services that only others wait for. */
  makeRoomFor({ inputs }: KeyedCall): void {
    const needed = new Set(servicesIn(inputs));
    for (const { borrowers, call, life } of this.#active) {
      if (life.phase === 'up' && borrowers.size === 0 && !needed.has(call.instance.address)) void life.stop();
    }
  }

  /** Ends a service for good; false when there is none of that name. */
  giveUp(address: string, failure: Failure): boolean {
    const service = this.#services.get(address);
    service?.life.giveUp(failure);
    return service !== undefined;
  }

  #serviceOf(call: KeyedCall): Service {
    const { spec, options } = nodeOf(call);
    const { ready, scheme } = spec;
    const moved = (move: ServerMove): void => this.#moved(service, move);
    const life = new ServerLife({ ready, scheme, retries: options.retries, ports: this.#ports, moved });
    const service: Service = { call, life, borrowers: new Set() };
    return service;
  }

  /** Tells what became of a service, and ends its consumers with it. */
  #moved(service: Service, move: ServerMove): void {
    const { call, life, borrowers } = service;
    const { emit, cancel, changed, run } = this.#tools;
    const { address, label } = call.instance;
    if (!life.loan && life.phase !== 'due') this.#active.delete(service);
    if (move.type === 'up') emit({ type: 'service-ready', address, url: move.loan.url });
    else if (move.type !== 'stopped') {
      const { failure, seconds } = move;
      const log = move.log && relative(run.folder, move.log);
      const willRetry = life.phase === 'due';
      emit({ type: 'node-failed', address, label, failure, attempt: life.attempt, seconds, log, willRetry });
      for (const borrower of borrowers) cancel(borrower);
    } else if (life.phase === 'down') emit({ type: 'service-stopped', address, seconds: move.seconds });
    changed();
  }

  #submit(call: KeyedCall, how: Submitting): JobProcess {
    const { port, attempt, reason, stage } = how;
    const { store, run, code, emit } = this.#tools;
    const { instance, fingerprint } = call;
    const { address, label } = instance;
    const { spec } = nodeOf(call);
    const id = freePlace(run.folder, address, attempt);
    const token = tokenOf(call, attempt);
    const resources = resourcesOf(call);
    const job = { job: id, token, executor: this.#tools.executors.serviceHost, resources, service: true };
    emit({ type: 'node-queued', address, label, task: spec.name, fingerprint, attempt, reason, ...job });
    refuseChain(call);
    const folder = join(run.folder, id);
    const staged = stage(
      { ...call, spec: onPort(spec, port) },
      { store, folder, outFolder: folder, id, token, attempt, code, isRemote: false, resources, port },
    );
    if (!this.#executor) throw new Error(`nobody has looked whether there is room for ${label}`);
    const process = new JobProcess(this.#executor, staged);
    this.#processes.set(token, process);
    this.#executor.submit(staged);
    return process;
  }

  /** True when the change was one of a service. */
  #take(change: Change): boolean {
    const process = 'job' in change ? this.#processes.get(change.job.token) : undefined;
    if (!process) return false;
    process.take(change);
    const { call, attempt, token } = process.job;
    if (change.type === 'started') {
      const { host, pid } = change;
      this.#tools.emit({ type: 'node-started', address: call.instance.address, attempt, host, pid });
    }
    if (change.type === 'exited') this.#processes.delete(token);
    return true;
  }

  #neededBy({ inputs }: KeyedCall): Service[] {
    return servicesIn(inputs).map((address) => {
      const service = this.#services.get(address);
      if (!service) throw new Error(`no service at ${address}`);
      return service;
    });
  }
}

function isDown({ life }: Service): boolean {
  return life.phase === 'down' || life.phase === 'due';
}

function nodeOf({ instance }: KeyedCall): ServiceNode {
  return instance.of.node as ServiceNode;
}

function refuseChain({ instance: { label }, inputs }: KeyedCall): void {
  const [other] = servicesIn(inputs);
  if (other === undefined) return;
  throw new Problem(
    'service-of-service',
    `${label} is a service that takes the endpoint of ${other}, and only tasks can.`,
  );
}
