import type { Contradiction } from '../core/contradictions.ts';

/** What openpi's training configurations fix that parameters of ours say too (src/openpi/training/config.py at commit 15a9616). */
interface OpenpiConfig {
  readonly robot: 'DROID' | 'ALOHA' | 'LIBERO';
  readonly reads: 'RLDS' | 'LeRobot';
  /** Actions in a chunk. */
  readonly horizon: number;
  /** What the statistics that it loads by itself are of, where they are DROID's. */
  readonly released?: 'joint-position' | 'joint-velocity';
}

const aloha = { robot: 'ALOHA', reads: 'LeRobot', horizon: 50 } as const;
const libero = { robot: 'LIBERO', reads: 'LeRobot' } as const;

/** Those that ship with openpi. Of a configuration of one's own nothing is known. */
const configs: Readonly<Record<string, OpenpiConfig>> = {
  pi05_full_droid_finetune: { robot: 'DROID', reads: 'RLDS', horizon: 16, released: 'joint-position' },
  pi0_fast_full_droid_finetune: { robot: 'DROID', reads: 'RLDS', horizon: 16 },
  pi05_droid_finetune: { robot: 'DROID', reads: 'LeRobot', horizon: 16, released: 'joint-velocity' },
  pi0_aloha_sim: aloha,
  pi0_aloha_pen_uncap: aloha,
  pi05_aloha_pen_uncap: aloha,
  pi0_libero: { ...libero, horizon: 50 },
  pi0_libero_low_mem_finetune: { ...libero, horizon: 50 },
  pi0_fast_libero: { ...libero, horizon: 10 },
  pi0_fast_libero_low_mem_finetune: { ...libero, horizon: 10 },
  pi05_libero: { ...libero, horizon: 10 },
};

interface Asked {
  readonly trainer: 'openpi' | 'embedded';
  readonly config: string;
  readonly reads: OpenpiConfig['reads'];
  /** A configuration that does fit. */
  readonly usual: string;
  readonly actionSpace: 'joint-position' | 'joint-velocity';
  readonly actionHorizon: number;
  readonly normStats: 'own' | 'released';
  readonly saveInterval: number;
  readonly keepPeriod: number;
}

/** What of a training on DROID's data contradicts the configuration, or itself. */
export function openpiContradictions(asked: Asked): (Contradiction | undefined)[] {
  return [saving(asked), ...(asked.trainer === 'openpi' ? ofConfig(asked) : [])];
}

function ofConfig(asked: Asked): (Contradiction | undefined)[] {
  const { config, reads, usual, actionHorizon } = asked;
  const known = Object.hasOwn(configs, config) ? configs[config] : undefined;
  if (!known) return [];
  const given = `config=${config}`;
  if (known.robot !== 'DROID') {
    return [
      { parameters: given, why: `it trains for ${known.robot}, and the data are DROID's`, advice: `config=${usual}` },
    ];
  }
  if (known.reads !== reads) {
    return [
      {
        parameters: given,
        why: `it reads data in ${known.reads}, and these are in ${reads}`,
        advice: `config=${usual}`,
      },
    ];
  }
  return [
    known.horizon === actionHorizon
      ? undefined
      : {
          parameters: `actionHorizon=${actionHorizon} ${given}`,
          why: `that configuration trains on chunks of ${known.horizon} actions, and statistics would be of others`,
          advice: `actionHorizon=${known.horizon}, or a configuration of your own with another action_horizon`,
        },
    statistics(asked, known),
  ];
}

function statistics({ actionSpace, normStats, config }: Asked, { released }: OpenpiConfig): Contradiction | undefined {
  if (normStats !== 'released' || released === undefined || released === actionSpace) return undefined;
  return {
    parameters: `actionSpace=${actionSpace} normStats=released`,
    why: `the statistics that openpi released for ${config} are of ${inWords[released]}`,
    advice: `normStats=own makes statistics of these data; actionSpace=${released} trains what the released ones are of`,
  };
}

const inWords = { 'joint-position': 'joint positions', 'joint-velocity': 'joint velocities' };

/** Checkpoints are saved every saveInterval steps; of the others none is there to be packaged. */
function saving({ saveInterval, keepPeriod }: Asked): Contradiction | undefined {
  if (keepPeriod % saveInterval === 0) return undefined;
  return {
    parameters: `keepPeriod=${keepPeriod} saveInterval=${saveInterval}`,
    why: 'checkpoints at multiples of keepPeriod are packaged, and such steps are not saved',
    advice: `keepPeriod=${Math.ceil(keepPeriod / saveInterval) * saveInterval}`,
  };
}

/** An address is only used where something is fetched. */
export function unusedAddress({
  source,
  from,
}: {
  source: string;
  from?: string | undefined;
}): Contradiction | undefined {
  if (from === undefined || source === 'download') return undefined;
  return {
    parameters: `from=${from} source=${source}`,
    why: 'an address is only for source=download',
    advice: 'source=download, or no `from`',
  };
}
