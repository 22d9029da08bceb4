import { mergeResources, type Resources } from '../../tasks/core/resources.ts';
import { refsIn } from '../../tasks/core/node.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { GraphNode } from '../../pipelines/core/graph.ts';
import { consumersOf, servicesOf } from '../dataflow/consumers.ts';
import type { Session } from '../project/session.ts';
import { placeOf } from '../site/open-executors.ts';
import { taskOf } from '../keys/service-task.ts';
import type { ExecutorName, ToPlace } from '../executors/placement.ts';
import { localCapacity } from '../executors/local/capacity.ts';
import type { Site } from '../site/site.ts';
import { broughtAlong, withServices } from '../executors/with-services.ts';
import { Slots } from '../executors/local/slots.ts';

/** Something that this site lacks to run a node. */
export interface Lack {
  readonly address: string;
  readonly label: string;
  /** What is missing, in words. */
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** Everything that this site lacks to run the nodes of a graph, whether or not their results are known. */
export async function preflight(session: Session, { only, executor }: LackingOptions = {}): Promise<Lack[]> {
  const nodes = session.graph.order.filter(({ address }) => only?.has(address) ?? true);
  const lists = await Promise.all([lackingResources(nodes, session, executor), lackingNeeds(nodes, session, executor)]);
  return [...lists.flat(), ...lackingServices(nodes, session, executor), ...nodes.flatMap(lackingSecrets)];
}

interface LackingOptions {
  readonly only?: ReadonlySet<string> | undefined;
  /** Where jobs would run, when not where the site says. */
  readonly executor?: ExecutorName | undefined;
}

async function lackingResources(
  nodes: readonly GraphNode[],
  { graph, site }: Session,
  executor: ExecutorName | undefined,
): Promise<Lack[]> {
  const asked = nodes.flatMap(({ address, label, node }) => {
    return toPlaceOf({ label, node }).map((toPlace) => {
      const services = servicesOf(graph, address)
        .flatMap(toPlaceOf)
        .map((service) => service.resources);
      const where = placeOf(site, executor, toPlace);
      const together = where === 'local' ? withServices : broughtAlong;
      return { address, label, resources: together(toPlace.resources, services), where };
    });
  });
  const [here, onSlurm] = [
    asked.filter(({ where }) => where === 'local'),
    asked.filter(({ where }) => where === 'slurm'),
  ];
  return [...(await lackingHere(here, site)), ...(onSlurm.length > 0 ? await lackingOnSlurm(onSlurm, site) : [])];
}

interface Asked {
  readonly address: string;
  readonly label: string;
  readonly resources: Resources;
}

async function lackingHere(asked: readonly Asked[], site: Site): Promise<Lack[]> {
  const slots = new Slots(
    await localCapacity(site.local, { withGpus: asked.some(({ resources }) => (resources.gpus ?? 0) > 0) }),
  );
  return asked.flatMap(({ address, label, resources }) => {
    return slots.refusals(resources).map((what) => ({ address, label, what }));
  });
}

async function lackingNeeds(
  nodes: readonly GraphNode[],
  { storeRoot, site }: Session,
  executor: ExecutorName | undefined,
): Promise<Lack[]> {
  const { modules = [], setup = [] } = site.executors?.slurm ?? {};
  const isSetUp = modules.length > 0 || setup.length > 0;
  const asked = nodes.flatMap(({ address, label, node }) => {
    const spec = taskOf(node);
    if (!spec || !('inputs' in node)) return [];
    const [toPlace] = toPlaceOf({ label, node });
    const isElsewhere = isSetUp && toPlace !== undefined && placeOf(site, executor, toPlace) === 'slurm';
    return spec.needs(knownInputs(spec, node.inputs)).map((need) => ({ address, label, need, isElsewhere }));
  });
  const lacks = await Promise.all(
    asked.map(async ({ address, label, need, isElsewhere }) => {
      const missing = await need.missing({ storeRoot, isElsewhere });
      return missing === undefined ? [] : [{ address, label, what: missing, advice: need.advice }];
    }),
  );
  return lacks.flat();
}

/** A service is beside whoever talks to it: on this machine, or in the same job of one node. */
function lackingServices(
  nodes: readonly GraphNode[],
  { graph, site }: Session,
  executor: ExecutorName | undefined,
): Lack[] {
  return nodes.flatMap((service) => {
    const { address, label, node } = service;
    if (node.type !== 'service') return [];
    const consumers = consumersOf(graph, address);
    const spread = consumers
      .flatMap(toPlaceOf)
      .find((toPlace) => (toPlace.resources.nodes ?? 1) > 1 && placeOf(site, executor, toPlace) !== 'local');
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

async function lackingOnSlurm(asked: readonly Asked[], site: Site): Promise<Lack[]> {
  const [{ slurmCommands }, { clusterRefusals }] = await Promise.all([
    import('../executors/slurm/make.ts'),
    import('../executors/slurm/queue/cluster.ts'),
  ]);
  const answer = await slurmCommands().cluster();
  if (answer.is === 'refused') {
    const advice = 'run it on a login node of the cluster, or with --executor local';
    return asked.map(({ address, label }) => ({
      address,
      label,
      what: `Slurm cannot be used: ${answer.message}`,
      advice,
    }));
  }
  // A controller that is away for a moment is no reason to refuse anything.
  if (answer.is !== 'answer') return [];
  return asked.flatMap(({ address, label, resources }) => {
    const reasons = clusterRefusals(answer.value, site.executors?.slurm ?? {}, resources);
    return reasons.map((what) => ({ address, label, what }));
  });
}

/** Resources may depend on inputs that do not exist yet; then the node is asked about when it is ready. */
function askedBy(spec: TaskSpec, inputs: Readonly<Record<string, unknown>>): Resources {
  try {
    return spec.resources(knownInputs(spec, inputs));
  } catch {
    return {}; // it looked into what does not exist yet
  }
}

/** The inputs that no other task makes, with defaults filled in. */
function knownInputs({ inputs: shape }: TaskSpec, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.entries(shape).flatMap(([name, type]) => {
    if (refsIn(given[name]).length > 0) return [];
    const parsed = type.safeParse(given[name]);
    return parsed.success ? [[name, parsed.data]] : [];
  });
  return Object.fromEntries(known) as Record<string, unknown>;
}
