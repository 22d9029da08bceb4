import { placeOfDoor } from '../executors/door.ts';
import { consumersOf } from '../dataflow/consumers.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import { doorNamed, mainExecutor } from '../site/doors.ts';
import type { Session } from '../project/session.ts';
import { onlyUntil } from '../project/names.ts';
import { type Gap, gapsOf } from './gaps.ts';
import type { Planned, PlanNode, PlanRequest } from './plan-nodes.ts';
import type { Lack } from './lack.ts';
import { preflight } from './preflight.ts';

export type { PlanNode } from './plan-nodes.ts';

export interface Plan {
  readonly nodes: readonly PlanNode[];
  /** What this site lacks to run it, all of it; empty when it can. */
  readonly refusals: readonly Refusal[];
  /** What could not be told of this site. It is no reason not to run. */
  readonly notes?: readonly Refusal[];
  /** What of the programs' code is not followed. */
  readonly gaps?: readonly Gap[];
  /** Where most of it would run, as people say it. Default: this machine. */
  readonly place?: string;
}

export interface Refusal extends Omit<Lack, 'address' | 'label' | 'isForLooking' | 'isNote'> {
  /** Labels of the nodes that need it. */
  readonly nodes: readonly string[];
}

export interface PlanAsked extends PlanRequest {
  /** Where jobs would run, when not where the site says. */
  readonly executor?: string | undefined;
}

/** What would run, and why. Looks things up and starts nothing. */
export async function makePlan(session: Session, asked: PlanAsked = {}): Promise<Plan> {
  const lacks = await lacksOf(session, asked);
  const { planNodes } = await import('./plan-nodes.ts');
  const planned = await planNodes(session, asked, lacks);
  const place = await mainPlace(session, asked.executor);
  const [notes, refusing] = [lacks.filter(({ isNote }) => isNote), lacks.filter(({ isNote }) => !isNote)];
  return {
    nodes: planned.nodes,
    refusals: refusalsIn(session, refusing, planned),
    notes: gathered(notes.filter(isNeeded(session.graph, planned.nodes))),
    gaps: await gapsOf(session, onlyUntil(session.graph, asked.until)),
    place,
  };
}

/** Everything that keeps this site from running the pipeline, at once. What is known already needs nothing. */
export async function refusalsOf(session: Session, asked: PlanAsked = {}): Promise<Refusal[]> {
  const lacks = (await lacksOf(session, asked)).filter(({ isNote }) => !isNote);
  if (lacks.length === 0) return [];
  const { planNodes } = await import('./plan-nodes.ts');
  return refusalsIn(session, lacks, await planNodes(session, asked, lacks));
}

function lacksOf(session: Session, { until, executor }: PlanAsked): Promise<Lack[]> {
  return preflight(session, { only: onlyUntil(session.graph, until), executor });
}

function refusalsIn({ graph }: Session, lacks: readonly Lack[], { nodes, findings }: Planned): Refusal[] {
  return gathered([...lacks.filter(isNeeded(graph, nodes)), ...findings]);
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
  const byWhat = new Map<string, { advice: string | undefined; nodes: Set<string> }>();
  for (const { label, what, advice } of lacks) {
    const lack = byWhat.get(what) ?? { advice, nodes: new Set() };
    lack.advice ??= advice; // who says it first says what to do about it
    lack.nodes.add(label);
    byWhat.set(what, lack);
  }
  return [...byWhat].map(([what, { advice, nodes }]) => ({ what, advice, nodes: [...nodes] }));
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
