import { findNode } from '../project/names.ts';
import { makePlan, type PlanNode } from './plan.ts';
import type { Session } from '../project/session.ts';

export interface Explanation {
  readonly address: string;
  readonly label: string;
  readonly state: PlanNode['state'];
  /** One sentence: `train-act seed=1 will run: input steps 20000 -> 40000`. */
  readonly reason: string;
  /** One line for each difference. */
  readonly lines: readonly string[];
}

/** Why a node will run or will not; one explanation for each copy of a node inside an `each`. */
export async function explain(session: Session, name: string): Promise<Explanation[]> {
  const address = findNode(session.graph, name);
  const { nodes } = await makePlan(session);
  const copies = nodes.filter((node) => node.address === address || node.address.startsWith(`${address}[`));
  return copies.map(({ address, label, state, reason }) => ({
    address,
    label,
    state,
    reason: sentence(label, state, reason),
    lines: reason.split('; '),
  }));
}

function sentence(label: string, state: PlanNode['state'], reason: string): string {
  if (state === 'cached') return `${label} will not run: ${reason}`;
  if (state === 'run') return `${label} will run: ${reason}`;
  if (state === 'shared') return `${label} will not run: ${reason}`;
  return `whether ${label} will run is not known yet: ${reason}`;
}
