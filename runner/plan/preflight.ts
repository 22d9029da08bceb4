import { mergeResources, type Resources } from '../../tasks/core/resources.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { GraphNode } from '../../pipelines/core/graph.ts';
import { consumersOf, servicesOf } from '../dataflow/consumers.ts';
import type { Session } from '../project/session.ts';
import { doorNamed, siteFor } from '../site/doors.ts';
import { placeOf, serviceHost } from '../site/open-executors.ts';
import { taskOf } from '../keys/service-task.ts';
import { type Reason, refusalsOfDoor } from '../executors/door.ts';
import type { ToPlace } from '../executors/placement.ts';
import { broughtAlong, refusalToBring, withServices } from '../executors/with-services.ts';
import type { Lack } from './lack.ts';
import { knownInputs } from './known-inputs.ts';
import { lackingCode } from './lacking-code.ts';
import { lackingProgram, type Missing } from './lacking-programs.ts';

/** Everything that this site lacks to run the nodes of a graph, whether or not their results are known. */
export async function preflight(session: Session, { only, executor }: LackingOptions = {}): Promise<Lack[]> {
  const nodes = session.graph.order.filter(({ address }) => only?.has(address) ?? true);
  const lists = await Promise.all([
    lackingResources(nodes, session, executor),
    lackingNeeds(nodes, session, executor),
    lackingServices(nodes, session, executor),
    lackingFiles(nodes, session),
  ]);
  return [...lists.flat(), ...nodes.flatMap(lackingSecrets)];
}

interface LackingOptions {
  readonly only?: ReadonlySet<string> | undefined;
  /** Where jobs would run, when not where the site says. */
  readonly executor?: string | undefined;
}

async function lackingResources(
  nodes: readonly GraphNode[],
  session: Session,
  executor: string | undefined,
): Promise<Lack[]> {
  const { graph, site } = session;
  const host = await serviceHost(site, executor);
  const jobs = nodes.flatMap(({ address, label, node }) => {
    return toPlaceOf({ label, node }).map((toPlace) => {
      const services = servicesOf(graph, address)
        .flatMap(toPlaceOf)
        .map((service) => service.resources);
      const { resources } = toPlace;
      const where = placeOf(site, executor, toPlace);
      const refusal = where === host ? undefined : refusalToBring(resources, services);
      return { address, label, resources, services, where, refusal };
    });
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
    const reasons = await refusalsOfDoor(door, resources, siteFor(door, session));
    return there.flatMap(({ address, label }, i) =>
      (reasons[i] ?? []).map((reason) => ({ address, label, ...reason })),
    );
  });
  return [...apart, ...(await Promise.all(lists)).flat()];
}

/** What tasks say that they need, their programs, and the folders that these start in. */
async function lackingNeeds(
  nodes: readonly GraphNode[],
  session: Session,
  executor: string | undefined,
): Promise<Lack[]> {
  const { root, storeRoot, site } = session;
  const isElsewhere = async (where: string | undefined): Promise<boolean> => {
    if (where === undefined) return false;
    const door = await doorNamed(site, where);
    return door.isSetUp?.(siteFor(door, session).own) ?? false;
  };
  const looks = new Map<string, Promise<Missing[]>>();
  const lists = nodes.map(async ({ address, label, node }) => {
    const spec = taskOf(node);
    if (!spec || !('inputs' in node)) return [];
    const [toPlace] = toPlaceOf({ label, node });
    const place = { storeRoot, isElsewhere: await isElsewhere(toPlace && placeOf(site, executor, toPlace)) };
    const asked = spec.needs(knownInputs(spec, node.inputs)).map(async (need) => {
      const missing = await need.missing(place);
      return missing === undefined ? [] : [{ what: missing, advice: need.advice, isForLooking: need.isForLooking }];
    });
    const needs = (await Promise.all(asked)).flat();
    const programs = await lackingProgram(spec, node.inputs, { root, looks, isElsewhere: place.isElsewhere });
    // A task that says itself what is missing says better what to do about it.
    const unsaid = programs.filter(({ what, path }) => {
      return !needs.some((need) => need.what === what || (path !== undefined && need.what.includes(path)));
    });
    return [...needs, ...unsaid.map(({ what, advice }) => ({ what, advice }))].map((lack) => ({
      address,
      label,
      ...lack,
    }));
  });
  return (await Promise.all(lists)).flat();
}

async function lackingFiles(nodes: readonly GraphNode[], { root }: Session): Promise<Lack[]> {
  const known = new Map<TaskSpec, Promise<Reason[]>>();
  const lists = nodes.map(async ({ address, label, node }) => {
    const spec = taskOf(node);
    if (!spec) return [];
    const reasons = known.get(spec) ?? lackingCode(spec, root);
    known.set(spec, reasons);
    return (await reasons).map((reason) => ({ address, label, ...reason }));
  });
  return (await Promise.all(lists)).flat();
}

/** A service is beside whoever talks to it: with the executor that hosts it, or in the same job of one node. */
async function lackingServices(
  nodes: readonly GraphNode[],
  { graph, site }: Session,
  executor: string | undefined,
): Promise<Lack[]> {
  const host = await serviceHost(site, executor);
  return nodes.flatMap((service) => {
    const { address, label, node } = service;
    if (node.type !== 'service') return [];
    const consumers = consumersOf(graph, address);
    const spread = consumers
      .flatMap(toPlaceOf)
      .find((toPlace) => (toPlace.resources.nodes ?? 1) > 1 && placeOf(site, executor, toPlace) !== host);
    const chained = consumers.find((consumer) => consumer.node.type === 'service');
    return [
      ...(spread ? [{ what: `a service runs beside one program, and ${spread.label} runs on several nodes` }] : []),
      ...(chained ? [{ what: `the service ${chained.label} takes its endpoint, and only tasks can` }] : []),
    ].map((lack) => ({ address, label, ...lack }));
  });
}

function toPlaceOf({ label, node }: Pick<GraphNode, 'label' | 'node'>): ToPlace[] {
  const spec = taskOf(node);
  if (!spec || !('options' in node)) return [];
  const resources = mergeResources(askedBy(spec, node.inputs), node.options.resources);
  return [{ task: spec.name, label, isTypeScript: spec.run !== undefined, resources }];
}

function lackingSecrets({ address, label, node }: GraphNode): Lack[] {
  if (!('spec' in node)) return [];
  return node.spec.secrets
    .filter((name) => process.env[name] === undefined)
    .map((name) => ({ address, label, what: `${name} is not set in the environment` }));
}

/** Resources may depend on inputs that do not exist yet; then the node is asked about when it is ready. */
function askedBy(spec: TaskSpec, inputs: Readonly<Record<string, unknown>>): Resources {
  try {
    return spec.resources(knownInputs(spec, inputs));
  } catch {
    return {}; // it looked into what does not exist yet
  }
}
