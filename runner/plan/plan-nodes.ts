import type { Digest } from '../../cache/digest.ts';
import type { Acceptance } from '../../cache/records.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import { Dataflow } from '../dataflow/dataflow.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { Recipes, specOf } from '../keys/recipes.ts';
import { findNode, onlyUntil } from '../project/names.ts';
import type { Session } from '../project/session.ts';
import { acceptedInWords } from '../words/accepted.ts';
import { outputsOf } from '../values/cache-hit.ts';
import { Certainty } from './certainty.ts';
import { History } from './history.ts';
import { forcedInWords, lookUp, type Verdict } from './look-up.ts';
import { Looking } from './looking.ts';
import type { Lack } from './lack.ts';

export interface PlanNode {
  readonly address: string;
  readonly label: string;
  readonly task: string;
  /**
   * `run`: it runs, whatever comes from what runs before it; of calls that turn out to be the same, one.
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
  /** Its result is another fingerprint's, by what a person said. */
  readonly accepted?: Acceptance;
}

export interface PlanRequest {
  /** Only this node and what it needs. */
  readonly until?: string | undefined;
  readonly force?: readonly string[] | undefined;
}

export interface Planned {
  readonly nodes: readonly PlanNode[];
  /** What came up while nodes were looked at, such as an address that does not answer. */
  readonly findings: readonly Lack[];
  /** The calls of which it is known what they are, by address. */
  readonly calls: ReadonlyMap<string, KeyedCall>;
}

/** What would become of each node. `lacks`, found before, say of which nodes nothing more can be found out. */
export async function planNodes(
  session: Session,
  { until, force = [] }: PlanRequest,
  lacks: readonly Lack[],
): Promise<Planned> {
  const { graph, store } = session;
  const only = onlyUntil(graph, until);
  const forced = new Set(force.map((name) => findNode(graph, name)));
  const recipes = new Recipes(session);
  const history = new History(store, session.pipelineName);
  const dataflow = new Dataflow(graph, only);
  const planned = new Map<string, PlanNode>();
  const looking = new Looking(recipes, lacks);
  const owners = new Map<Digest, string>();
  const known = new Map<string, KeyedCall>();

  for (let ready = dataflow.takeReady(); ready.length > 0; ready = dataflow.takeReady()) {
    const calls: KeyedCall[] = [];
    for (const instance of ready) {
      const { address, of } = instance;
      const keyed = await looking.key(instance);
      if (!keyed) continue;
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
      known.set(address, call);
      if (verdict.is === 'run') owners.set(call.fingerprint, address);
      planned.set(address, await planNode(call, verdict, { history, labelOf: (at) => planned.get(at)?.label ?? at }));
      if (verdict.is === 'hit') dataflow.finish(address, outputsOf(verdict.record));
    }
  }
  const waiting = dataflow.instances().filter(({ address }) => !planned.has(address) && !looking.unseen.has(address));
  const certainty = new Certainty(store, recipes, history);
  for (const instance of waiting) {
    const reason = forced.has(instance.of.address)
      ? forcedInWords
      : await looking.ahead(instance, () => certainty.reasonToRun(instance, soFar(dataflow, instance)));
    if (reason === undefined) continue;
    const seconds = (await history.before({ instance }))?.provenance.seconds;
    planned.set(instance.address, { ...asNode(instance), state: 'run', reason, seconds });
  }
  return {
    nodes: inOrder(session, dataflow, { planned, unseen: looking.unseen, only, history }),
    findings: looking.findings,
    calls: known,
  };
}

async function planNode(
  call: KeyedCall,
  verdict: Verdict,
  { history, labelOf }: { history: History; labelOf: (address: string) => string },
): Promise<PlanNode> {
  const { fingerprint, instance } = call;
  const node = { ...asNode(instance), fingerprint };
  switch (verdict.is) {
    case 'hit': {
      const { accepted, provenance } = verdict.record;
      const reason = accepted ? acceptedInWords(accepted) : 'its result is known';
      return { ...node, state: 'cached', reason, seconds: provenance.seconds, ...(accepted && { accepted }) };
    }
    case 'shared':
      return { ...node, state: 'shared', reason: `it is the same as ${labelOf(verdict.owner)}, which runs` };
    case 'run': {
      const before = await history.before({ instance });
      return { ...node, state: 'run', reason: verdict.reason, seconds: before?.provenance.seconds };
    }
  }
}

/** The inputs of a call with the values that are known already in place of refs. */
function soFar(dataflow: Dataflow, { of: { node, scope } }: Instance): Readonly<Record<string, unknown>> {
  if (!('inputs' in node)) return {};
  if (scope.length > 0) return node.inputs;
  const given = Object.entries(node.inputs);
  return Object.fromEntries(given.map(([name, value]) => [name, dataflow.value(value) ?? value]));
}

function asNode(instance: Instance): Pick<PlanNode, 'address' | 'label' | 'task' | 'perItem'> {
  return { address: instance.address, label: instance.label, task: specOf(instance).name, perItem: false };
}

function inOrder(
  { graph }: Session,
  dataflow: Dataflow,
  {
    planned,
    unseen,
    only,
    history,
  }: {
    planned: ReadonlyMap<string, PlanNode>;
    unseen: ReadonlyMap<string, string>;
    only: ReadonlySet<string> | undefined;
    history: History;
  },
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
      const reason = unseen.get(instance.address) ?? `it depends on ${label}`;
      return { ...asNode(instance), state: 'unknown', reason, seconds: history.secondsOf(instance.address) };
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
