import type { Digest } from '../../cache/digest.ts';
import { Problem } from '../../cache/problem.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import { consumersOf } from '../dataflow/consumers.ts';
import { Dataflow } from '../dataflow/dataflow.ts';
import { History } from './history.ts';
import type { Instance } from '../dataflow/instance.ts';
import { outputsOf } from '../values/cache-hit.ts';
import { lookUp, type Verdict } from './look-up.ts';
import { type Lack, preflight } from './preflight.ts';
import { ancestorsOf, findNode } from '../project/names.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { Recipes } from '../keys/recipes.ts';
import type { Session } from '../project/session.ts';
import { placeOfDoor } from '../executors/door.ts';
import { doorNamed, mainExecutor } from '../site/doors.ts';

export interface PlanNode {
  readonly address: string;
  readonly label: string;
  readonly task: string;
  /**
   * `shared`: it is the same as another node that runs, and takes what that gives. `unknown`: it depends on something that
   * runs first; what that gives may be what was there before.
   */
  readonly state: 'cached' | 'run' | 'shared' | 'unknown';
  /** In words. */
  readonly reason: string;
  /** A template for the items of a list that is still to come. */
  readonly perItem: boolean;
  /** How long it took the last time. */
  readonly seconds?: number | undefined;
  readonly fingerprint?: Digest;
}

export interface Plan {
  readonly nodes: readonly PlanNode[];
  /** What this site lacks to run it, all of it; empty when it can. */
  readonly refusals: readonly Refusal[];
  /** Where most of it would run, as people say it. Default: this machine. */
  readonly place?: string;
}

export interface Refusal extends Omit<Lack, 'address' | 'label'> {
  /** Labels of the nodes that need it. */
  readonly nodes: readonly string[];
}

/** What would run, and why. Looks things up and starts nothing. */
export async function makePlan(session: Session, asked: PlanRequest = {}): Promise<Plan> {
  const nodes = await planNodes(session, asked);
  const lacks = await preflight(session, { only: onlyUntil(session, asked.until), executor: asked.executor });
  const place = await mainPlace(session, asked.executor);
  return { nodes, refusals: gathered(lacks.filter(isNeeded(session.graph, nodes))), place };
}

interface PlanRequest {
  /** Only this node and what it needs. */
  readonly until?: string;
  readonly force?: readonly string[];
  /** Where jobs would run, when not where the site says. */
  readonly executor?: string | undefined;
}

async function planNodes(session: Session, { until, force = [] }: PlanRequest): Promise<PlanNode[]> {
  const { graph, store } = session;
  const only = onlyUntil(session, until);
  const forced = new Set(force.map((name) => findNode(graph, name)));
  const recipes = new Recipes(session);
  const history = new History(store, session.pipelineName);
  const dataflow = new Dataflow(graph, only);
  const planned = new Map<string, PlanNode>();
  const owners = new Map<Digest, string>();

  for (let ready = dataflow.takeReady(); ready.length > 0; ready = dataflow.takeReady()) {
    const calls: KeyedCall[] = [];
    for (const instance of ready) {
      const { address, of } = instance;
      const keyed = await recipes.key(instance);
      if (of.node.type === 'call') calls.push(keyed);
      else {
        const endpoint = new PromisedEndpoint({ address, fingerprint: keyed.fingerprint });
        dataflow.finish(address, { endpoint: { value: endpoint } });
      }
    }
    const verdicts = lookUp(calls, {
      store,
      history,
      isForced: ({ instance }) => forced.has(instance.of.address),
      ownerOf: (fingerprint) => owners.get(fingerprint),
    });
    for await (const [call, verdict] of verdicts) {
      const { address } = call.instance;
      if (verdict.is === 'run') owners.set(call.fingerprint, address);
      planned.set(address, await planNode(call, verdict, { history, labelOf: (at) => planned.get(at)?.label ?? at }));
      if (verdict.is === 'hit') dataflow.finish(address, outputsOf(verdict.record));
    }
  }
  return inOrder(session, dataflow, planned, only);
}

async function planNode(
  call: KeyedCall,
  verdict: Verdict,
  { history, labelOf }: { history: History; labelOf: (address: string) => string },
): Promise<PlanNode> {
  const { spec, fingerprint, instance } = call;
  const node = { address: instance.address, label: instance.label, task: spec.name, perItem: false, fingerprint };
  switch (verdict.is) {
    case 'hit': {
      const { seconds } = verdict.record.provenance;
      return { ...node, state: 'cached', reason: 'its result is known', seconds };
    }
    case 'shared':
      return { ...node, state: 'shared', reason: `it is the same as ${labelOf(verdict.owner)}, which runs` };
    case 'run': {
      const before = await history.before(call);
      return { ...node, state: 'run', reason: verdict.reason, seconds: before?.provenance.seconds };
    }
  }
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
  { until, executor }: { until?: string | undefined; executor?: string | undefined } = {},
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

/** Where jobs run for which nothing else is said, as people say it: `the cluster`. */
export async function mainPlace({ site }: Session, asked: string | undefined): Promise<string> {
  return placeOfDoor(await doorNamed(site, mainExecutor(site, asked)));
}

/** As the sentence begins before a list of refusals: `The cluster cannot run it:`. */
export function cannotRun(place: string): string {
  return `${place.charAt(0).toUpperCase()}${place.slice(1)} cannot run it:`;
}

/** A refusal in words: what, for which nodes, and below it what to do. */
export function refusalLines({ nodes, what, advice }: Refusal): string[] {
  return [`${nodes.join(', ')}: ${what}`, ...(advice === undefined ? [] : [`  ${advice}`])];
}
