import { mergeResources, type Resources } from '../tasks/core/resources.ts';
import { refsIn } from '../tasks/core/node.ts';
import type { TaskSpec } from '../tasks/core/spec.ts';
import type { GraphNode } from '../pipelines/core/graph.ts';
import type { Session } from './session.ts';
import { localCapacity } from './site.ts';
import { Slots } from './slots.ts';

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
export async function lacksOf(session: Session, only?: ReadonlySet<string>): Promise<Lack[]> {
  const nodes = session.graph.order.filter(({ address }) => only?.has(address) ?? true);
  const lists = await Promise.all([lackingResources(nodes, session), lackingNeeds(nodes, session)]);
  return [...lists.flat(), ...nodes.flatMap(lackingService), ...nodes.flatMap(lackingSecrets)];
}

async function lackingResources(nodes: readonly GraphNode[], { site }: Session): Promise<Lack[]> {
  const asked = nodes.flatMap(({ address, label, node }) => {
    if (node.type !== 'call') return [];
    return [{ address, label, resources: mergeResources(askedBy(node.spec, node.inputs), node.options.resources) }];
  });
  const slots = new Slots(
    await localCapacity(site, { withGpus: asked.some(({ resources }) => (resources.gpus ?? 0) > 0) }),
  );
  return asked.flatMap(({ address, label, resources }) => {
    return slots.refusals(resources).map((what) => ({ address, label, what }));
  });
}

async function lackingNeeds(nodes: readonly GraphNode[], { storeRoot }: Session): Promise<Lack[]> {
  const asked = nodes.flatMap(({ address, label, node }) => {
    if (node.type !== 'call') return [];
    return node.spec.needs(knownInputs(node.spec, node.inputs)).map((need) => ({ address, label, need }));
  });
  const lacks = await Promise.all(
    asked.map(async ({ address, label, need }) => {
      const missing = await need.missing({ storeRoot });
      return missing === undefined ? [] : [{ address, label, what: missing, advice: need.advice }];
    }),
  );
  return lacks.flat();
}

function lackingService({ address, label, node }: GraphNode): Lack[] {
  return node.type === 'service' ? [{ address, label, what: 'services cannot be run by this version' }] : [];
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

/** The inputs that no other task makes, with defaults filled in. */
function knownInputs({ inputs: shape }: TaskSpec, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.entries(shape).flatMap(([name, type]) => {
    if (refsIn(given[name]).length > 0) return [];
    const parsed = type.safeParse(given[name]);
    return parsed.success ? [[name, parsed.data]] : [];
  });
  return Object.fromEntries(known) as Record<string, unknown>;
}
