import { findNode } from '../project/names.ts';
import type { Gap } from './gaps.ts';
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
  /** What of its program's code is not followed. */
  readonly gaps: readonly Gap[];
}

/** Why a node will run or will not; one explanation for each copy of a node inside an `each`. */
export async function explain(session: Session, name: string): Promise<Explanation[]> {
  const address = findNode(session.graph, name);
  const { nodes, gaps = [] } = await makePlan(session);
  const label = session.graph.byAddress.get(address)?.label;
  const own = gaps.filter(({ nodes: labels }) => labels.some((one) => one === label));
  const copies = nodes.filter((node) => node.address === address || node.address.startsWith(`${address}[`));
  return copies.map(({ address, label, state, reason }) => ({
    address,
    label,
    state,
    reason: sentence(label, state, reason),
    lines: reason.split('; '),
    gaps: own,
  }));
}

function sentence(label: string, state: PlanNode['state'], reason: string): string {
  if (state === 'cached') return `${label} will not run: ${reason}`;
  if (state === 'run') return `${label} will run: ${reason}`;
  if (state === 'shared') return `${label} will not run: ${reason}`;
  return `whether ${label} will run is not known yet: ${reason}`;
}
