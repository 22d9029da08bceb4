import type { Acceptance } from '../../cache/records.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { Cost, Counts, Event, EventOf, Failure, PlannedNode, RunStatus } from './events.ts';
import type { NodePhase } from './node-phase.ts';

/** What is known of one node of a run. Times are milliseconds since the epoch. */
export interface NodeState {
  readonly address: string;
  readonly label: string;
  readonly task: string;
  readonly phase: NodePhase;
  readonly fingerprint?: string;
  readonly attempt: number;
  readonly reason?: string;
  /** The newest attempt's folder, relative to the run's. */
  readonly job?: string;
  readonly queuedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly seconds?: number;
  readonly failure?: Failure;
  readonly because?: string;
  readonly released: number;
  /** It ran, and its outputs differ from what was known under an earlier recipe, or nothing was known. */
  readonly changed?: boolean;
  /** It is cached by what a person said of another result. */
  readonly accepted?: Acceptance;
  readonly executor?: string;
  readonly resources?: Resources;
  /** What a scheduler calls the newest attempt: its name, its place in an array of that name, and its id. */
  readonly name?: string;
  readonly index?: number;
  readonly id?: string;
  readonly host?: string;
  /** It is up while others need it, and gives nothing itself. */
  readonly isService?: boolean;
  /** Where it is, once it is ready. */
  readonly url?: string;
  /** What all its attempts in this run have cost. */
  readonly costs?: readonly Cost[];
}

export interface Saved {
  readonly nodes: number;
  readonly seconds: number;
  readonly gpuSeconds: number;
  readonly cpuSeconds: number;
}

export interface CostOfTask {
  readonly task: string;
  readonly cost: Cost;
}

/** What a run looks like: the one definition, for the terminal, `status` and every page. */
export interface RunState {
  readonly run: string;
  readonly pipeline: string;
  readonly params: unknown;
  readonly status: 'running' | RunStatus;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly planned: readonly PlannedNode[];
  /** In order of appearance; call nodes outside every `each` from the start, per-item nodes as they come. */
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly warnings: readonly string[];
  /** Jobs that run on since its driver left; undefined while one drives. */
  readonly left?: number;
  /** What cached nodes cost when they ran, in earlier runs. */
  readonly saved: Saved;
  /** What attempts under earlier drivers of this run have cost. */
  readonly earlierCosts: readonly CostOfTask[];
  readonly results: Readonly<Record<string, unknown>>;
}

/** A state that is still being folded. Who folds it owns it, and shows it to others as the `RunState` that they cannot change. */
export interface GrowingState extends RunState {
  readonly nodes: Map<string, NodeState>;
}

/** Of a run of which nothing is known yet. */
export function newState(): GrowingState {
  return {
    run: '',
    pipeline: '',
    params: {},
    status: 'running',
    host: '',
    pid: 0,
    startedAt: 0,
    planned: [],
    nodes: new Map(),
    warnings: [],
    saved: { nodes: 0, seconds: 0, gpuSeconds: 0, cpuSeconds: 0 },
    earlierCosts: [],
    results: {},
  };
}

/** What a log says. */
export function stateOf(events: readonly Event[]): GrowingState {
  return events.reduce(apply, newState());
}

/**
 * The state after one more fact. It takes `state` over and hands its map of nodes on, changed in place: a log of a million events
 * must not copy it a million times. Only what it returns is used from then on.
 */
export function apply(state: GrowingState, event: Event): GrowingState {
  const at = Date.parse(event.time);
  switch (event.type) {
    case 'run-started': {
      const { run, pipeline, params, host, pid, nodes: planned } = event;
      const before = event.resumed ? { earlierCosts: costsOf(state) } : {};
      const nodes = firstNodes(planned);
      return { ...newState(), ...before, run, pipeline, params, host, pid, planned, startedAt: at, nodes };
    }
    case 'node-cached':
      return {
        ...withNode(state, event, {
          phase: 'cached',
          fingerprint: event.fingerprint,
          endedAt: at,
          ...(event.accepted && { accepted: event.accepted }),
        }),
        saved: savedWith(state.saved, event),
      };
    case 'node-awaited':
      return withNode(state, event, { phase: 'awaited', fingerprint: event.fingerprint, queuedAt: at });
    case 'node-queued': {
      const { task, fingerprint, attempt, reason, job, executor, resources } = event;
      const where = {
        ...(executor === undefined ? {} : { executor }),
        ...(resources === undefined ? {} : { resources }),
        ...(event.service ? { isService: true, url: undefined } : {}),
      };
      return withNode(state, event, {
        phase: 'queued',
        task,
        fingerprint,
        attempt,
        reason,
        job,
        queuedAt: at,
        ...where,
      });
    }
    case 'node-submitted': {
      const { name, index } = event;
      return withNode(state, event, { name, index });
    }
    case 'node-accepted':
      return withNode(state, event, { id: event.id });
    case 'node-started':
      return withNode(state, event, { phase: 'running', attempt: event.attempt, startedAt: at, host: event.host });
    case 'node-requeued':
      return withNode(state, event, { phase: 'queued', reason: event.reason });
    case 'item-released':
      return withNode(state, event, { released: (state.nodes.get(event.address)?.released ?? 0) + 1 });
    case 'node-finished':
      return withNode(state, event, {
        phase: 'done',
        endedAt: at,
        seconds: event.seconds,
        changed: event.changed,
        ...costsWith(state, event),
      });
    case 'node-failed':
      return withNode(state, event, {
        ...costsWith(state, event),
        phase: event.willRetry ? 'queued' : 'failed',
        failure: event.failure,
        seconds: event.seconds,
        ...(event.willRetry ? {} : { endedAt: at }),
      });
    case 'node-skipped':
      return withNode(state, event, { phase: 'skipped', because: event.because, endedAt: at });
    case 'service-ready':
      return withNode(state, event, { phase: 'running', url: event.url });
    case 'service-stopped':
      return withNode(state, event, { phase: 'done', endedAt: at, seconds: event.seconds });
    case 'warning':
      return { ...state, warnings: [...state.warnings, event.message] };
    case 'driver-left':
      return { ...state, left: event.jobs };
    case 'run-finished':
      return { ...state, status: event.status, results: event.results, endedAt: at };
    default:
      return unknownEvent(state, event);
  }
}

export function countsOf(state: RunState): Counts {
  const counts = { done: 0, cached: 0, failed: 0, skipped: 0 };
  for (const { phase, isService } of state.nodes.values()) {
    if (isService && phase === 'done') continue; // it gave nothing that one could count
    if (phase in counts) counts[phase as keyof Counts] += 1;
  }
  return counts;
}

function firstNodes(planned: readonly PlannedNode[]): Map<string, NodeState> {
  // Services come when they are started: where everything is known, none is.
  const calls = planned.filter(({ type, perItem }) => type === 'call' && !perItem);
  return new Map(
    calls.map((node) => [node.address, { ...blank, address: node.address, label: node.label, task: node.task }]),
  );
}

function savedWith(saved: Saved, { seconds = 0, gpus = 0, cpus = 0 }: EventOf<'node-cached'>): Saved {
  return {
    nodes: saved.nodes + (seconds > 0 ? 1 : 0),
    seconds: saved.seconds + seconds,
    gpuSeconds: saved.gpuSeconds + gpus * seconds,
    cpuSeconds: saved.cpuSeconds + cpus * seconds,
  };
}

/** What all jobs of the run have cost so far, whoever drove it. */
export function costsOf({ earlierCosts, nodes }: RunState): CostOfTask[] {
  const now = [...nodes.values()].flatMap(({ task, costs = [] }) => costs.map((cost) => ({ task, cost })));
  return [...earlierCosts, ...now];
}

function costsWith(state: RunState, { address, cost }: { address: string; cost?: Cost }): Pick<NodeState, 'costs'> {
  return cost === undefined ? {} : { costs: [...(state.nodes.get(address)?.costs ?? []), cost] };
}

const blank = { address: '', label: '', task: '', phase: 'waiting', attempt: 0, released: 0 } as const;

function withNode(
  state: GrowingState,
  event: { address: string; label?: string },
  change: Partial<NodeState>,
): GrowingState {
  const node: NodeState = {
    ...(state.nodes.get(event.address) ?? {
      ...blank,
      address: event.address,
      label: event.label ?? event.address,
      task: event.address.split(/[~[]/)[0] ?? '',
    }),
    ...change,
  };
  state.nodes.set(event.address, node);
  return { ...state };
}

function unknownEvent(state: GrowingState, _event: never): GrowingState {
  return state;
}
