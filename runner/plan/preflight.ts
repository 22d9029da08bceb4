import type { JobHost, Need } from '../../tasks/core/needs.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { GraphNode } from '../../pipelines/core/graph.ts';
import { consumersOf, servicesOf } from '../dataflow/consumers.ts';
import type { Session } from '../project/session.ts';
import { doorNamed, siteFor } from '../site/doors.ts';
import { placeOf, serviceHost } from '../site/open-executors.ts';
import { refusalsOfDoor } from '../executors/door.ts';
import { broughtAlong, refusalToBring, withServices } from '../executors/with-services.ts';
import type { Lack } from './lack.ts';
import { lackingCode } from './lacking-code.ts';
import { lackingPrograms, type Missing } from './lacking-programs.ts';
import { type LookedAt, Looks } from './looked-at.ts';

/** Everything that this site lacks to run the nodes of a graph, whether or not their results are known. */
export async function preflight(session: Session, { only, executor }: LackingOptions = {}): Promise<Lack[]> {
  const nodes = session.graph.order.filter(({ address }) => only?.has(address) ?? true);
  const looks = new Looks();
  const looked = looks.of(nodes);
  const lists = await Promise.all([
    lackingResources(looked, looks, session, executor),
    lackingNeeds(looked, session, executor),
    lackingServices(nodes, looks, session, executor),
    lackingFiles(looked, session),
  ]);
  return [...lists.flat(), ...nodes.flatMap(lackingSecrets)];
}

interface LackingOptions {
  readonly only?: ReadonlySet<string> | undefined;
  /** Where jobs would run, when not where the site says. */
  readonly executor?: string | undefined;
}

async function lackingResources(
  looked: readonly LookedAt[],
  looks: Looks,
  { graph, site, storeRoot }: Session,
  executor: string | undefined,
): Promise<Lack[]> {
  const host = await serviceHost(site, executor);
  const hasServices = graph.order.some(({ node }) => node.type === 'service');
  const jobs = looked.map(({ address, label, toPlace }) => {
    const services = hasServices ? looks.of(servicesOf(graph, address)).map((one) => one.toPlace.resources) : [];
    const { resources } = toPlace;
    const where = placeOf(site, executor, toPlace);
    const refusal = where === host ? undefined : refusalToBring(resources, services);
    return { address, label, resources, services, where, refusal };
  });
  const apart = jobs.flatMap(({ address, label, refusal }) => (refusal ? [{ address, label, ...refusal }] : []));
  const asked = jobs.flatMap(({ resources, services, refusal, ...job }) => {
    const together = job.where === host ? withServices : broughtAlong;
    return refusal ? [] : [{ ...job, resources: together(resources, services) }];
  });
  const lists = [...new Set(asked.map(({ where }) => where))].map(async (where) => {
    const door = await doorNamed(site, where);
    const there = asked.filter((one) => one.where === where);
    const resources = there.map((one) => one.resources);
    const reasons = await refusalsOfDoor(door, resources, siteFor(door, { site, storeRoot }));
    return there.flatMap(({ address, label }, i) =>
      (reasons[i] ?? []).map((reason) => ({ address, label, ...reason })),
    );
  });
  return [...apart, ...(await Promise.all(lists)).flat()];
}

/** What tasks say that they need, their programs, and the folders that these start in. */
async function lackingNeeds(
  looked: readonly LookedAt[],
  session: Session,
  executor: string | undefined,
): Promise<Lack[]> {
  const { root, storeRoot, site } = session;
  const places = looked.map(({ toPlace }) => placeOf(site, executor, toPlace));
  const elsewhere = new Map<string, boolean>();
  for (const where of new Set(places)) elsewhere.set(where, await isSetUpElsewhere(where, session));
  const starting = looked.map((one, i) => ({ ...one, isElsewhere: elsewhere.get(places[i] as string) ?? false }));
  const programs = await lackingPrograms(starting, root);
  const lists = starting.flatMap((one) => {
    const needs = one.spec.needs(one.given.known);
    const missing = programs.get(one) ?? [];
    return needs.length + missing.length === 0 ? [] : [lackingOf(one, { needs, missing, storeRoot })];
  });
  return (await Promise.all(lists)).flat();
}

async function lackingOf(
  { address, label, isElsewhere }: LookedAt & { readonly isElsewhere: boolean },
  { needs, missing, storeRoot }: { needs: readonly Need[]; missing: readonly Missing[]; storeRoot: string },
): Promise<Lack[]> {
  const said = await missingNeeds(needs, { storeRoot, isElsewhere });
  // A task that says itself what is missing says better what to do about it.
  const unsaid = missing.filter(({ what, path }) => {
    return !said.some((need) => need.what === what || (path !== undefined && need.what.includes(path)));
  });
  const all = [...said, ...unsaid.map(({ what, advice }) => ({ what, advice }))];
  return all.map((lack) => ({ address, label, ...lack }));
}

async function missingNeeds(needs: readonly Need[], host: JobHost): Promise<Omit<Lack, 'address' | 'label'>[]> {
  const asked = needs.map(async (need) => {
    const missing = await need.missing(host);
    return missing === undefined ? [] : [{ what: missing, advice: need.advice, isForLooking: need.isForLooking }];
  });
  return (await Promise.all(asked)).flat();
}

/** Jobs find there what the site prepares where they run, and not here. */
async function isSetUpElsewhere(where: string, session: Session): Promise<boolean> {
  const door = await doorNamed(session.site, where);
  return door.isSetUp?.(siteFor(door, session).own) ?? false;
}

async function lackingFiles(looked: readonly LookedAt[], { root }: Session): Promise<Lack[]> {
  const bySpec = new Map<TaskSpec, LookedAt[]>();
  for (const one of looked) {
    if (one.spec.code.length > 0) bySpec.set(one.spec, [...(bySpec.get(one.spec) ?? []), one]);
  }
  const lists = [...bySpec].map(async ([spec, nodes]) => {
    const reasons = await lackingCode(spec, root);
    return nodes.flatMap(({ address, label }) => reasons.map((reason) => ({ address, label, ...reason })));
  });
  return (await Promise.all(lists)).flat();
}

/** A service is beside whoever talks to it: with the executor that hosts it, or in the same job of one node. */
async function lackingServices(
  nodes: readonly GraphNode[],
  looks: Looks,
  { graph, site }: Session,
  executor: string | undefined,
): Promise<Lack[]> {
  const host = await serviceHost(site, executor);
  return nodes.flatMap((service) => {
    const { address, label, node } = service;
    if (node.type !== 'service') return [];
    const consumers = consumersOf(graph, address);
    const spread = looks
      .of(consumers)
      .map(({ toPlace }) => toPlace)
      .find((toPlace) => (toPlace.resources.nodes ?? 1) > 1 && placeOf(site, executor, toPlace) !== host);
    const chained = consumers.find((consumer) => consumer.node.type === 'service');
    return [
      ...(spread ? [{ what: `a service runs beside one program, and ${spread.label} runs on several nodes` }] : []),
      ...(chained ? [{ what: `the service ${chained.label} takes its endpoint, and only tasks can` }] : []),
    ].map((lack) => ({ address, label, ...lack }));
  });
}

function lackingSecrets({ address, label, node }: GraphNode): Lack[] {
  if (!('spec' in node)) return [];
  return node.spec.secrets
    .filter((name) => process.env[name] === undefined)
    .map((name) => ({ address, label, what: `${name} is not set in the environment` }));
}
