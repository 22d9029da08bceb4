import type { Resources } from '../../../../tasks/core/resources.ts';
import type { SlurmSite } from '../script/slurm-site.ts';
import { secondsOf } from './queue-text.ts';

/** What is known of a cluster: what it has, and its limits. */
export interface Cluster {
  readonly version: string;
  /** Elements that an array may have. */
  readonly arraySize: number;
  /** How long an ended job stays known, in seconds. */
  readonly rememberedSeconds: number;
  readonly hasAccounting: boolean;
  readonly nodes: readonly ClusterNode[];
}

/** A node in one partition. */
export interface ClusterNode {
  readonly name: string;
  readonly partition: string;
  readonly isDefault: boolean;
  readonly isUp: boolean;
  readonly state: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly gpus: readonly { readonly type: string | undefined; readonly count: number }[];
  readonly features: readonly string[];
  /** Of the partition; undefined without a limit. */
  readonly limitSeconds: number | undefined;
  /** What jobs of the partition get that ask for no time; undefined when that is the limit. */
  readonly usualSeconds: number | undefined;
}

/** Slurm's own default of MaxArraySize, less one for the index 0. */
const usualArraySize = 1000;

/** Options with which `sinfo` writes what `parseNodes` reads. A default partition has a star behind its name. */
export const nodeOptions = ['--all', '--noheader', '--Node', '--exact', '--format=%N|%P|%a|%T|%c|%m|%l|%L|%f|%G'];

export function parseNodes(text: string): ClusterNode[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', partition = '', available, state = '', cpus, memory, limit, usual, features = '', ...gres] =
      line.split('|');
    if (partition === '') return [];
    return [
      {
        name,
        partition: partition.replace(/\*$/, ''),
        isDefault: partition.endsWith('*'),
        isUp: available === 'up',
        state,
        cpus: Number.parseInt(cpus ?? '', 10) || 0,
        memoryMb: Number.parseInt(memory ?? '', 10) || 0,
        gpus: gpusIn(gres.join('|')),
        features: features === '(null)' ? [] : features.split(','),
        limitSeconds: secondsOf(limit),
        usualSeconds: secondsOf(usual),
      },
    ];
  });
}

/** `gpu:h100:8(S:0-1),gpu:2,shard:4` */
function gpusIn(gres: string): { type: string | undefined; count: number }[] {
  return gres
    .replace(/\([^)]*\)/g, '')
    .split(',')
    .flatMap((part) => {
      const [kind, ...rest] = part.split(':');
      const count = Number(rest.at(-1));
      if (kind !== 'gpu' || !Number.isInteger(count)) return [];
      return [{ type: rest.length > 1 ? rest[0] : undefined, count }];
    });
}

/** `scontrol show config`. */
export function parseConfig(text: string): Omit<Cluster, 'nodes'> {
  const value = (name: string): string | undefined => new RegExp(`^${name}\\s*= (.*)$`, 'm').exec(text)?.[1]?.trim();
  const arraySize = Number(value('MaxArraySize'));
  return {
    version: value('SLURM_VERSION') ?? '?',
    // 0 takes arrays away, and 1 leaves room for the index 0 alone.
    arraySize: Number.isNaN(arraySize) ? usualArraySize : Math.max(1, arraySize - 1),
    rememberedSeconds: Number.parseInt(value('MinJobAge') ?? '', 10) || 300,
    hasAccounting: /slurmdbd/.test(value('AccountingStorageType') ?? ''),
  };
}

/** The nodes that jobs of this site may get. */
export function nodesFor({ nodes }: Cluster, { partition }: SlurmSite): ClusterNode[] {
  const wanted = partition?.split(',');
  return nodes.filter((node) => (wanted ? wanted.includes(node.partition) : node.isDefault));
}

/** Why no node of the cluster can ever run such a job: all reasons. Nodes that are down may come back, so they count. */
export function clusterRefusals(cluster: Cluster, site: SlurmSite, asked: Resources): string[] {
  const { cpus = 1, gpus = 0, gpuType, gpuMemoryGb = 0, memoryGb = 0, hours, nodes = 1 } = asked;
  const own = nodesFor(cluster, site);
  if (own.length === 0) return cluster.nodes.length === 0 ? [] : [noPartition(cluster, site)];
  const where = `partition ${[...new Set(own.map(({ partition }) => partition))].join(', ')}`;
  const perNode = Math.ceil(gpus / nodes);
  const count = (node: ClusterNode): number => gpusOf(node, { gpuType, gpuMemoryGb }, site);
  const reasons: string[] = [];
  if (gpus % nodes !== 0)
    reasons.push(`it asks for ${gpus} GPUs on ${nodes} nodes, and each node gets the same number`);
  if (gpus > 0 && gpuType !== undefined && !own.some((node) => count(node) > 0)) {
    const types = [...new Set(own.flatMap((node) => node.gpus.map(({ type }) => type ?? untyped)))].sort();
    reasons.push(
      `it asks for GPUs of type ${gpuType}, and ${where} has ${types.length > 0 ? types.join(', ') : 'none'}`,
    );
  } else if (gpus > 0 && gpuMemoryGb > 0 && !own.some((node) => count(node) > 0)) {
    const types = own.flatMap((node) =>
      node.gpus.map(({ type }) => `${type ?? untyped} (${memoryOf(type, site) ?? '?'} GB)`),
    );
    const has = types.length > 0 ? [...new Set(types)].sort().join(', ') : 'no GPUs';
    reasons.push(`it asks for GPUs with ${gpuMemoryGb} GB of memory, and ${where} has ${has}`);
  } else if (gpus > 0 && !own.some((node) => count(node) >= perNode)) {
    reasons.push(`it asks for ${perNode} GPUs on a node, and nodes of ${where} have at most ${most(own.map(count))}`);
  }
  if (!own.some((node) => node.cpus >= cpus)) {
    reasons.push(
      `it asks for ${cpus} CPUs on a node, and nodes of ${where} have at most ${most(own.map((node) => node.cpus))}`,
    );
  }
  if (!own.some((node) => node.memoryMb >= memoryGb * 1024)) {
    const gb = Math.floor(most(own.map(({ memoryMb }) => memoryMb)) / 1024);
    reasons.push(`it asks for ${memoryGb} GB of memory on a node, and nodes of ${where} have at most ${gb} GB`);
  }
  if (hours !== undefined && !own.some(({ limitSeconds = Number.POSITIVE_INFINITY }) => limitSeconds >= hours * 3600)) {
    const limit = most(own.map(({ limitSeconds = 0 }) => limitSeconds)) / 3600;
    reasons.push(`it asks for ${hours} hours, and ${where} allows ${limit}`);
  }
  const fitting = own.filter((node) => {
    const hasGpus = gpus === 0 || count(node) >= perNode;
    return hasGpus && node.cpus >= cpus && node.memoryMb >= memoryGb * 1024;
  });
  const names = new Set(fitting.map(({ name }) => name));
  if (reasons.length === 0 && names.size < nodes) {
    reasons.push(
      `it asks for ${nodes === 1 ? 'a node' : `${nodes} nodes`} with all of that at once, and ${where} has ${names.size}`,
    );
  }
  return reasons;
}

/** How the cluster spells a GPU type: `h100` is `nvidia_h100_80gb_hbm3` in some. Untyped GPUs are taken at the user's word. */
export function gresType(cluster: Cluster, site: SlurmSite, gpuType: string): string | undefined {
  const types = nodesFor(cluster, site).flatMap(({ gpus }) =>
    gpus.flatMap(({ type }) => (type === undefined ? [] : [type])),
  );
  if (types.length === 0) return undefined;
  return types.find((type) => type === gpuType) ?? types.find((type) => isOfType(type, gpuType)) ?? gpuType;
}

/**
 * The type to ask for so that GPUs have the memory: of those that do the one with least, so that the others are left for who needs
 * them. Undefined when every GPU will do, or it is not known of any.
 */
export function typeWithMemory(cluster: Cluster, site: SlurmSite, gpuMemoryGb: number): string | undefined {
  const all = nodesFor(cluster, site).flatMap(({ gpus }) =>
    gpus.map(({ type }) => ({ type, gb: memoryOf(type, site) })),
  );
  const has = ({ gb }: { gb: number | undefined }): boolean => gb !== undefined && gb >= gpuMemoryGb;
  if (all.every(has)) return undefined;
  return all.filter(has).sort((a, b) => (a.gb ?? 0) - (b.gb ?? 0))[0]?.type;
}

/** Types of the partition of which the site does not say how much memory they have. */
export function typesWithoutMemory(cluster: Cluster, site: SlurmSite): string[] {
  const types = nodesFor(cluster, site).flatMap(({ gpus }) => gpus.map(({ type }) => type));
  return [...new Set(types.filter((type) => memoryOf(type, site) === undefined).map((type) => type ?? untyped))].sort();
}

/** What GPUs are called to which the cluster gives no type. */
const untyped = 'untyped';

function memoryOf(type: string | undefined, { gpuMemoryGb = {} }: SlurmSite): number | undefined {
  const name = type ?? untyped;
  if (Object.hasOwn(gpuMemoryGb, name)) return gpuMemoryGb[name];
  return Object.entries(gpuMemoryGb).find(([part]) => isOfType(name, part))?.[1];
}

function gpusOf(
  { gpus }: ClusterNode,
  { gpuType, gpuMemoryGb }: { gpuType: string | undefined; gpuMemoryGb: number },
  site: SlurmSite,
): number {
  const fitting = gpus.filter(({ type }) => {
    if (type !== undefined && gpuType !== undefined && !isOfType(type, gpuType)) return false;
    return (memoryOf(type, site) ?? gpuMemoryGb) >= gpuMemoryGb;
  });
  return fitting.reduce((total, { count }) => total + count, 0);
}

/** A slice of a GPU (`a100_1g.5gb`) is none of its type: it is meant by who names it as a slice. */
function isOfType(type: string, wanted: string): boolean {
  if (slice.test(type) && !slice.test(wanted)) return false;
  return type.toLowerCase().includes(wanted.toLowerCase());
}

const slice = /\d+g\.\d+gb/i;

function noPartition(cluster: Cluster, { partition }: SlurmSite): string {
  const known = [...new Set(cluster.nodes.map((node) => node.partition))].sort().join(', ');
  return partition === undefined
    ? `the cluster has no default partition; name one in pipeline.config.ts: ${known}`
    : `the cluster shows no partition ${partition}, but ${known}`;
}

function most(values: readonly number[]): number {
  return Math.max(0, ...values);
}
