import type { Digest } from '../../cache/digest.ts';
import { Problem } from '../../cache/problem.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import { consumersOf } from '../dataflow/consumers.ts';
import { Dataflow } from '../dataflow/dataflow.ts';
import { History } from './history.ts';
import type { Instance } from '../dataflow/instances.ts';
import { isWhole, outputsOf } from '../values/cache-hit.ts';
import { type Lack, preflight } from './preflight.ts';
import { ancestorsOf, findNode } from '../project/names.ts';
import { type KeyedCall, Recipes } from '../keys/recipes.ts';
import type { Session } from '../project/session.ts';
import type { ExecutorName } from '../executors/placement.ts';

export interface PlanNode {
  readonly address: string;
  readonly label: string;
  readonly task: string;
  /** `unknown`: it depends on something that runs first; what that gives may be what was there before. */
  readonly state: 'cached' | 'run' | 'unknown';
  /** In words. */
  readonly reason: string;
  /** A template for the items of a list that is still to come. */
  readonly perItem: boolean;
  /** How long it took the last time. */
  readonly seconds?: number;
  readonly fingerprint?: Digest;
}

export interface Plan {
  readonly nodes: readonly PlanNode[];
  /** What this site lacks to run it, all of it; empty when it can. */
  readonly refusals: readonly Refusal[];
  /** Where most of it would run; on this machine when nothing is said. */
  readonly executor?: ExecutorName;
}

export interface Refusal extends Omit<Lack, 'address' | 'label'> {
  /** Labels of the nodes that need it. */
  readonly nodes: readonly string[];
}

/** What would run, and why. Looks things up and starts nothing. */
export async function makePlan(session: Session, asked: PlanRequest = {}): Promise<Plan> {
  const nodes = await planNodes(session, asked);
  const lacks = await preflight(session, { only: onlyUntil(session, asked.until), executor: asked.executor });
  const executor = asked.executor ?? session.site.executor ?? 'local';
  return { nodes, refusals: gathered(lacks.filter(isNeeded(session.graph, nodes))), executor };
}

interface PlanRequest {
  /** Only this node and what it needs. */
  readonly until?: string;
  readonly force?: readonly string[];
  /** Where jobs would run, when not where the site says. */
  readonly executor?: ExecutorName | undefined;
}

async function planNodes(session: Session, { until, force = [] }: PlanRequest): Promise<PlanNode[]> {
  const { graph, store } = session;
  const only = onlyUntil(session, until);
  const forced = new Set(force.map((name) => findNode(graph, name)));
  const recipes = new Recipes(session.root, session.codeOf);
  const history = new History(store, session.pipelineName);
  const dataflow = new Dataflow(graph, only);
  const planned = new Map<string, PlanNode>();

  for (let ready = dataflow.takeReady(); ready.length > 0; ready = dataflow.takeReady()) {
    const call: KeyedCall[] = [];
    for (const instance of ready) {
      const one = await recipes.key(instance);
      if (instance.of.node.type === 'call') call.push(one);
      else
        dataflow.finish(instance.address, {
          endpoint: { value: new PromisedEndpoint({ address: instance.address, fingerprint: one.fingerprint }) },
        });
    }
    const records = await store.records.getMany(call.map(({ fingerprint }) => fingerprint));
    for (const [i, one] of call.entries()) {
      const record = records[i];
      const { address, label, of } = one.instance;
      const shared = { address, label, task: one.spec.name, perItem: false, fingerprint: one.fingerprint };
      const isForced = forced.has(of.address);
      const whole = record && isWhole(store, record);
      if (record && whole && !isForced) {
        planned.set(address, {
          ...shared,
          state: 'cached',
          reason: 'its result is known',
          seconds: record.provenance.seconds,
        });
        dataflow.finish(address, outputsOf(record));
        continue;
      }
      const before = await history.before(one);
      const reason = isForced
        ? 'it was asked for with --force'
        : record && !whole
          ? 'its stored result is damaged'
          : await history.reason(one);
      planned.set(address, {
        ...shared,
        state: 'run',
        reason,
        ...(before ? { seconds: before.provenance.seconds } : {}),
      });
    }
  }
  return inOrder(session, dataflow, planned, only);
}

function inOrder(
  { graph }: Session,
  dataflow: Dataflow,
  planned: ReadonlyMap<string, PlanNode>,
  only: ReadonlySet<string> | undefined,
): PlanNode[] {
  const byNode = new Map<string, Instance[]>();
  for (const instance of dataflow.instances()) {
    const copies = byNode.get(instance.of.address);
    if (copies) copies.push(instance);
    else byNode.set(instance.of.address, [instance]);
  }
  return graph.order.flatMap(({ address, label, node, scope }) => {
    if (node.type !== 'call' || !(only?.has(address) ?? true)) return [];
    const copies = byNode.get(address) ?? [];
    const nodes = copies.map((instance): PlanNode => {
      const known = planned.get(instance.address);
      if (known) return known;
      const first = dataflow.missingFor(instance.address)[0];
      const label = first === undefined ? 'something that runs first' : nameOf(graph, first);
      return {
        address: instance.address,
        label: instance.label,
        task: node.spec.name,
        state: 'unknown',
        perItem: false,
        reason: `it depends on ${label}`,
      };
    });
    const isOpen = scope.length > 0 && (copies.length === 0 || nodes.some(({ state }) => state !== 'cached'));
    if (!isOpen || copies.length > 0) return nodes;
    return [
      {
        address,
        label,
        task: node.spec.name,
        state: 'unknown' as const,
        perItem: true,
        reason: 'once for each item of a list that is still to come',
      },
    ];
  });
}

/** A node as people know it: of an `each`, what it does for every item. */
function nameOf(graph: Graph, address: string): string {
  const node = graph.byAddress.get(address.replace(/\[.*\]$/, ''));
  if (!node) return address;
  if (node.node.type === 'call' || node.node.type === 'service') return node.label;
  const inside = node.needs
    .map((need) => graph.byAddress.get(need))
    .filter((need) => need && need.scope.length > node.scope.length);
  const last = inside.at(-1);
  return last ? `every ${nameOf(graph, last.address)}` : nameOf(graph, node.needs[0] ?? address);
}

/** Everything that keeps this site from running the pipeline, at once. What is known already needs nothing. */
export async function refusalsOf(
  session: Session,
  { until, executor }: { until?: string | undefined; executor?: ExecutorName | undefined } = {},
): Promise<Refusal[]> {
  const lacks = await preflight(session, { only: onlyUntil(session, until), executor });
  if (lacks.length === 0) return [];
  const nodes = await planNodes(session, { until }).catch((error: unknown) => {
    if (Problem.is(error)) return undefined; // what cannot even be planned is not known: nothing is left out
    throw error;
  });
  return gathered(nodes ? lacks.filter(isNeeded(session.graph, nodes)) : lacks);
}

function onlyUntil({ graph }: Session, until: string | undefined): Set<string> | undefined {
  return until === undefined ? undefined : ancestorsOf(graph, findNode(graph, until));
}

/** Whether a node, or for a template any of its copies, has to run or may have to; a service, when one does that takes it. */
function isNeeded(graph: Graph, nodes: readonly PlanNode[]): (lack: Lack) => boolean {
  const toRun = nodes.filter(({ state }) => state !== 'cached').map(({ address }) => address.replace(/\[.*\]$/, ''));
  const addresses = new Set(toRun);
  const isWanted = (address: string): boolean =>
    graph.byAddress.get(address)?.node.type === 'service'
      ? consumersOf(graph, address).some((consumer) => isWanted(consumer.address))
      : addresses.has(address);
  return ({ address }) => isWanted(address);
}

/** Each thing that is lacking once, with all nodes that need it. */
function gathered(lacks: readonly Lack[]): Refusal[] {
  const byThing = new Map<string, Refusal>();
  for (const { address: _, label, ...lack } of lacks) {
    const nodes = byThing.get(lack.what)?.nodes ?? [];
    byThing.set(lack.what, { ...lack, nodes: [...new Set([...nodes, label])] });
  }
  return [...byThing.values()];
}

/** The place of an executor, as a sentence begins. */
export function placeName(executor: ExecutorName): string {
  return executor === 'local' ? 'This machine' : 'The cluster';
}

/** A refusal in words: what, for which nodes, and below it what to do. */
export function refusalLines({ nodes, what, advice }: Refusal): string[] {
  return [`${nodes.join(', ')}: ${what}`, ...(advice === undefined ? [] : [`  ${advice}`])];
}
