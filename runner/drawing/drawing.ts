import type { NodePhase } from '../log/node-phase.ts';

/** A graph as it is drawn: by whatever, of whatever it was made. Nodes are in dependency order. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  /** From what is needed to what needs it. */
  readonly edges: readonly (readonly [string, string])[];
}

export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  readonly type: 'call' | 'service' | 'each' | 'filter';
  /** A template, copied for every item of a list. */
  readonly perItem: boolean;
  readonly phase?: NodePhase;
}
