import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileSystemOf } from '../../../../cache/file-system.ts';
import { type Cluster, type ClusterNode, nodesFor, typesWithoutMemory } from '../queue/cluster.ts';
import type { SlurmCommands } from '../queue/commands.ts';
import { slurmCommands } from '../queue/slurm-commands.ts';
import { siteOptions } from '../script/options.ts';
import { inShell } from '../script/shell-settings.ts';
import type { Finding } from '../../finding.ts';
import { quoted } from '../../shell-quote.ts';
import { refusalOfSite } from './refusal-of-site.ts';
import type { SlurmSite } from '../script/slurm-site.ts';
import { count, duration } from '../../../words/quantities.ts';

/** So long the probe's jobs may wait for their nodes, in seconds. */
const probeSeconds = 60;

/** What the live cluster says of the site file; with `probe` also what its nodes see of the store. */
export async function examineSlurm(
  own: SlurmSite,
  storeRoot: string,
  { probe }: { probe: boolean },
): Promise<Finding[]> {
  const site = inShell(own);
  const commands = slurmCommands(site);
  const answer = await commands.cluster();
  if (answer.is !== 'answer') {
    const advice = 'run this on a login node of the cluster; SLURM_CONF may have to be set';
    return [{ state: 'missing', what: 'slurm', found: answer.message.split('\n')[0] ?? '', advice }];
  }
  const cluster = answer.value;
  const nodes = nodesFor(cluster, site);
  const probes = probe ? await probed(commands, site, nodes, storeRoot) : undefined;
  return [
    {
      state: 'ok',
      what: 'slurm',
      found: `${cluster.version}, arrays of up to ${cluster.arraySize}, ended jobs known for ${duration(cluster.rememberedSeconds)}, ${cluster.hasAccounting ? 'with' : 'without'} accounting`,
    },
    ...partitions(cluster, site, nodes),
    ...gpuMemory(cluster, site),
    await accepted(commands, site),
    // What the nodes themselves say counts for more than what the file system looks like.
    ...(probes?.[0]?.state === 'ok' ? [] : [sharing(storeRoot)]),
    ...(probes ?? []),
  ];
}

function partitions(cluster: Cluster, { partition }: SlurmSite, nodes: readonly ClusterNode[]): Finding[] {
  if (nodes.length === 0) {
    const known = [...new Set(cluster.nodes.map((node) => node.partition))].sort().join(', ');
    const what = `partition ${partition ?? '(default)'}`;
    return [{ state: 'missing', what, found: 'not on this cluster', advice: `it has ${known}` }];
  }
  return [...new Set(nodes.map((node) => node.partition))].map((name): Finding => {
    const own = nodes.filter((node) => node.partition === name);
    const gpus = new Map<string, number>();
    for (const node of own)
      for (const { type = 'gpu', count: each } of node.gpus) gpus.set(type, (gpus.get(type) ?? 0) + each);
    const [{ limitSeconds, usualSeconds } = {}] = own;
    const mostMb = Math.max(...own.map(({ memoryMb }) => memoryMb));
    const found = [
      service(own),
      // As `memoryGb` counts, and Slurm.
      `up to ${Math.max(...own.map(({ cpus }) => cpus))} CPUs and ${Math.floor(mostMb / 1024)} GB on one`,
      gpus.size === 0 ? 'no GPUs' : `GPUs: ${[...gpus].map(([type, number]) => `${number} ${type}`).join(', ')}`,
      limitSeconds === undefined ? 'no time limit' : `jobs of up to ${duration(limitSeconds)}`,
      ...(usualSeconds === undefined || usualSeconds === limitSeconds
        ? []
        : [`of ${duration(usualSeconds)} where a task says no hours`]),
    ].join(', ');
    const state = own.some((node) => node.isUp && isUsable(node)) ? 'ok' : 'missing';
    return { state, what: `partition ${name}`, found };
  });
}

function gpuMemory(cluster: Cluster, site: SlurmSite): Finding[] {
  const unknown = typesWithoutMemory(cluster, site);
  if (unknown.length === 0) return [];
  return [
    {
      state: 'absent',
      what: 'GPU memory',
      found: `not known of ${unknown.join(', ')}`,
      advice: `tasks that ask for it take any; say it in pipeline.config.ts: gpuMemoryGb: { '${unknown[0]}': 80 }`,
    },
  ];
}

/** A partition that was taken out of service has nodes that are in order. */
function service(own: readonly ClusterNode[]): string {
  if (!own.some(({ isUp }) => isUp)) return `the partition is not up, with ${count(own.length, 'node')}`;
  return `${own.filter(isUsable).length} of ${count(own.length, 'node')} in service`;
}

function isUsable({ state }: ClusterNode): boolean {
  return !/down|drain|fail|maint|power|unk|\*/i.test(state);
}

async function accepted(commands: SlurmCommands, site: SlurmSite): Promise<Finding> {
  const given = siteOptions(site).join(' ');
  const refusal = await refusalOfSite(commands, site);
  if (refusal === undefined) return { state: 'ok', what: 'options', found: given === '' ? 'none' : given };
  const advice = `correct executors.slurm in pipeline.config.ts (${given})`;
  return { state: 'missing', what: 'options', found: refusal, advice };
}

function sharing(storeRoot: string): Finding {
  const { name, kind } = fileSystemOf(storeRoot);
  if (kind === 'network') return { state: 'ok', what: 'shared store', found: `on ${name}` };
  return {
    state: 'absent',
    what: 'shared store',
    found: `on a file system that looks local (${name})`,
    advice: 'jobs must see the store at the same path; `pipeline doctor --executor slurm --probe` tries it',
  };
}

/** A job on each node writes a file into the store, and says whether it finds our Node. */
async function probed(
  commands: SlurmCommands,
  site: SlurmSite,
  nodes: readonly ClusterNode[],
  storeRoot: string,
): Promise<Finding[]> {
  const name = `stet-probe.${randomBytes(4).toString('hex')}`;
  const folder = join(storeRoot, 'tmp', name);
  mkdirSync(folder);
  const asked = [...new Set(nodes.filter(isUsable).map((node) => node.name))].sort();
  try {
    for (const node of asked) {
      const script = [
        '#!/bin/sh',
        `[ -x ${quoted(process.execPath)} ] && has=node || has=`,
        `echo "$has" >${quoted(join(folder, node))}.part && mv ${quoted(join(folder, node))}.part ${quoted(join(folder, node))}`,
        '',
      ].join('\n');
      const options = [
        '--parsable',
        `--job-name=${name}`,
        '--output=/dev/null',
        '--chdir=/',
        '--export=ALL',
        '--time=1',
        `--nodelist=${node}`,
      ];
      await commands.submit([...options, ...siteOptions(site)], script, {});
    }
    const end = performance.now() + probeSeconds * 1000;
    while (performance.now() < end && answered(folder).length < asked.length) await delay(500);
    const seeing = answered(folder);
    const blind = asked.filter((node) => !seeing.includes(node));
    const without = seeing.filter((node) => readFileSync(join(folder, node), 'utf8').trim() !== 'node');
    return [
      blind.length === 0
        ? {
            state: 'ok',
            what: 'probe',
            found: `${count(seeing.length, 'node')} wrote into the store${without.length === 0 ? ', and have Node' : ''}`,
          }
        : {
            state: seeing.length === 0 ? 'missing' : 'absent',
            what: 'probe',
            found: `no sign within ${probeSeconds} s of ${blind.join(', ')}`,
            advice: 'they are busy, or do not see the store at this path',
          },
      ...(without.length === 0
        ? []
        : [
            {
              state: 'absent' as const,
              what: 'node on nodes',
              found: `${process.execPath} is not to be seen on ${without.join(', ')}`,
              advice: 'TypeScript tasks need it there; programs do not',
            },
          ]),
    ];
  } finally {
    await commands.cancel(name, []);
    rmSync(folder, { recursive: true, force: true });
  }
}

function answered(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.endsWith('.part'));
}
