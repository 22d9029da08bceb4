import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Statement } from '../../cache/accepted.ts';
import { acceptedRecords, describedIn } from '../../cache/accepted-records.ts';
import { isLocked } from '../../cache/lock.ts';
import { Problem } from '../../cache/problem.ts';
import { type Recipe, recipeDifference } from '../../cache/recipe.ts';
import type { NodeRecord } from '../../cache/records.ts';
import type { Store } from '../../cache/store.ts';
import { fitsToday } from '../keys/fit-record.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { findNode, onlyUntil } from '../project/names.ts';
import type { Session } from '../project/session.ts';
import { isWhole } from '../values/cache-hit.ts';
import { type PlanNode, planNodes } from './plan-nodes.ts';
import { preflight } from './preflight.ts';

/** A node, and what was said of it or why nothing was. */
export interface AcceptedNode {
  readonly label: string;
  readonly statement?: Statement;
  readonly refusal?: string;
}

/**
 * Says of a node that has to run that its old result holds: of all copies of a node inside an `each`. The old result is the one of
 * the same task that differs least, the newest of several. Throws `not-accepted` when that can be said of none.
 */
export async function acceptNode(session: Session, name: string, why: string | undefined): Promise<AcceptedNode[]> {
  const address = findNode(session.graph, name);
  const lacks = await preflight(session, { only: onlyUntil(session.graph, name) });
  const { nodes, calls } = await planNodes(session, { until: name }, lacks);
  const copies = nodes.filter((node) => node.address === address || node.address.startsWith(`${address}[`));
  const said: AcceptedNode[] = [];
  for (const node of copies) said.push(await acceptOne(session, node, { call: calls.get(node.address), why }));
  if (said.some(({ statement }) => statement !== undefined)) return said;
  const reasons = said.map(({ label, refusal = '' }) => `${label}: ${refusal}`);
  throw new Problem(
    'not-accepted',
    reasons.length > 0 ? reasons.join('\n') : `"${name}" is a service: nothing is kept of it that could be accepted.`,
    { hint: 'Nothing was accepted.' },
  );
}

async function acceptOne(
  session: Session,
  { label, state, accepted, reason }: PlanNode,
  { call, why }: { call: KeyedCall | undefined; why: string | undefined },
): Promise<AcceptedNode> {
  const { store } = session;
  if (accepted) return { label, refusal: `its result is ${reason}` };
  if (state === 'cached') return { label, refusal: 'its result is known, so there is nothing to accept' };
  if (!call) return { label, refusal: `what it is is not known yet: ${reason}` };
  if (isLocked(join(store.root, 'locks'), call.fingerprint)) return { label, refusal: 'a run works on it now' };
  const old = await closest(store, call);
  if (typeof old === 'string') return { label, refusal: old };
  const fitted = await fitsToday(store, call, old);
  if (typeof fitted === 'string') return { label, refusal: `the old result does not fit: ${fitted}` };
  const statement = statementOf(session, call, { old, fitted, why });
  store.accepted.write(statement);
  return { label, statement };
}

function statementOf(
  session: Session,
  { fingerprint, recipe, instance }: KeyedCall,
  { old, fitted, why }: { old: NodeRecord; fitted: NodeRecord; why: string | undefined },
): Statement {
  return {
    format: 1,
    fingerprint,
    recipe,
    as: old.fingerprint,
    run: old.provenance.run,
    node: instance.label,
    pipeline: session.pipelineName,
    by: userName(),
    at: new Date().toISOString(),
    ...(why === undefined ? {} : { why }),
    differences: recipeDifference(old.recipe, recipe),
    ...(fitted === old ? {} : describedIn(fitted)),
  };
}

/** The result of the same task that differs least from a call, the newest of several; in words why there is none. */
async function closest(store: Store, { recipe }: KeyedCall): Promise<NodeRecord | string> {
  let isDamaged = false;
  let best: { record: NodeRecord; rank: Rank } | undefined;
  for (const some of [store.records.all(), acceptedRecords(store.records, store.accepted)]) {
    for await (const record of some) {
      if (record.recipe.task !== recipe.task) continue;
      const rank = rankOf(record, recipe);
      if (best && !isCloser(rank, best.rank)) continue;
      if (isWhole(store, record)) best = { record, rank };
      else isDamaged = true;
    }
  }
  if (best) return best.record;
  return isDamaged ? 'its old result is damaged' : `there is no earlier result of ${recipe.task} in the store`;
}

interface Rank {
  /** Differences of inputs, which say what an experiment is, before those of code. */
  readonly inputs: number;
  readonly all: number;
  readonly at: string;
}

function rankOf({ recipe, provenance, accepted }: NodeRecord, now: Recipe): Rank {
  const lines = recipeDifference(recipe, now);
  const inputs = lines.filter((line) => line.startsWith('input ')).length;
  return { inputs, all: lines.length, at: accepted?.at ?? provenance.finishedAt };
}

function isCloser(one: Rank, other: Rank): boolean {
  if (one.inputs !== other.inputs) return one.inputs < other.inputs;
  return one.all === other.all ? one.at > other.at : one.all < other.all;
}

/** A user without a name has a number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? '?'}`;
  }
}
