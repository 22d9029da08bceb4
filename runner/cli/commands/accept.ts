import { join } from 'node:path';
import type { Statement } from '../../../cache/accepted.ts';
import { Problem } from '../../../cache/problem.ts';
import type { Store } from '../../../cache/store.ts';
import { acceptNode, type AcceptedNode } from '../../plan/accept.ts';
import { openSession, openStoreOnly, type SessionRequest } from '../../project/session.ts';
import { oneLine } from '../../views/columns.ts';
import { inStore } from '../../views/suggest.ts';
import type { Io } from '../../views/io.ts';
import { paint } from '../../views/paint.ts';
import { table } from '../../views/table.ts';
import { oldResult, shortPrint, whySaid } from '../../words/accepted.ts';
import { localTime } from '../../words/quantities.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Options } from '../common/options.ts';
import { sessionRequest, storeOptions } from '../common/session-options.ts';
import { findRun, readRequest } from '../runs/find-run.ts';

/** A person says that what changed of a node does not matter: its old result holds. */
export async function accept(io: Io, args: readonly string[], options: Options): Promise<number> {
  const { why } = options as { why?: string };
  const { request, node } = await asked(io, args, options);
  const session = await openSession(request);
  try {
    for (const one of await acceptNode(session, node, why)) for (const line of said(one, io)) io.print(line);
    return exitCodes.fine;
  } finally {
    await session.close();
  }
}

/** A node of a pipeline as `plan` takes it, or, when no pipeline is named, of what the newest run was started with. */
async function asked(
  io: Io,
  [first = '', ...more]: readonly string[],
  options: Options,
): Promise<{ request: SessionRequest; node: string }> {
  const [node, ...overrides] = more;
  if (node !== undefined) return { request: sessionRequest(io, first, overrides, options), node };
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const { file, overrides, profile } = readRequest(join(store.root, 'runs', findRun(store.root)));
    return { request: { name: file, overrides, profile, ...storeOptions(io) }, node: first };
  } finally {
    await store.close();
  }
}

function said({ label, statement, refusal }: AcceptedNode, io: Io): string[] {
  const { bold, dim } = paint(io.stdout.hasColor);
  if (!statement) return [`${bold(oneLine(label))}: ${oneLine(refusal ?? '')}`];
  const { differences, fingerprint } = statement;
  return [
    `${bold(oneLine(label))}: accepted as the same as ${oldResult(statement)}, by ${oneLine(statement.by + whySaid(statement))}`,
    ...differences.map((line) => `  ${oneLine(line)}`),
    dim(`  To take it back: pipeline accepted --revoke ${shortPrint(fingerprint)}${inStore(io.storeFolder)}`),
  ];
}

/** Lists what was accepted in a store, or takes some of it back. */
export async function accepted(io: Io, _: readonly string[], options: Options): Promise<number> {
  const { revoke } = options as { revoke?: string };
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const lines = revoke === undefined ? await listed(store, io) : takenBack(store, revoke);
    for (const line of lines) io.print(line);
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

async function listed(store: Store, io: Io): Promise<string[]> {
  const { dim } = paint(io.stdout.hasColor);
  const statements = store.accepted.all();
  if (statements.length === 0) return ['Nothing was accepted in this store.'];
  const lines: string[] = [];
  const heads = table(statements.map((one) => headOf(one)));
  for (const [i, one] of statements.entries()) {
    const stands = await standing(store, one);
    const below = [...(stands === undefined ? [] : [stands]), ...one.differences];
    lines.push(heads[i] as string, ...below.map((line) => dim(`  ${oneLine(line)}`)));
  }
  return lines;
}

function headOf(one: Statement): string[] {
  const { fingerprint, node, pipeline, by, at } = one;
  const who = `by ${oneLine(by)}, ${localTime(Date.parse(at))}${oneLine(whySaid(one))}`;
  return [shortPrint(fingerprint), `${oneLine(node)} of ${oneLine(pipeline)}`, `as ${oldResult(one)}`, who];
}

/** What a statement is worth today, when that is not what it says. */
async function standing(store: Store, { fingerprint }: Statement): Promise<string | undefined> {
  const record = await store.records.get(fingerprint);
  if (!record) return 'that result is no longer in the store, so this stands for nothing';
  return record.accepted ? undefined : 'it has run since, and has a result of its own';
}

/** Throws `not-accepted-before`. */
function takenBack({ accepted }: Store, asked: string): string[] {
  const all = accepted.all();
  const isMeant = ({ node, fingerprint }: Statement): boolean =>
    node === asked ||
    fingerprint === asked ||
    (/^[0-9a-f]{6,}$/.test(asked) && fingerprint.startsWith(`sha256:${asked}`));
  const meant = all.filter(isMeant);
  if (meant.length === 0) {
    throw new Problem('not-accepted-before', `Nothing was accepted for "${asked}".`, {
      hint:
        all.length === 0
          ? 'Nothing is accepted in this store.'
          : `Accepted are: ${all.map(({ node, fingerprint }) => `${node} (${shortPrint(fingerprint)})`).join(', ')}.`,
    });
  }
  const gone = new Set(meant.map(({ fingerprint }) => fingerprint));
  const fallen = all.filter(({ fingerprint }) => {
    return !gone.has(fingerprint) && accepted.chainOf(fingerprint).some((print) => gone.has(print));
  });
  for (const fingerprint of gone) accepted.remove(fingerprint);
  return [
    ...meant.map(
      ({ node, fingerprint }) =>
        `${oneLine(node)} (${shortPrint(fingerprint)}) is no longer accepted; it runs when it is needed.`,
    ),
    ...fallen.map(({ node, fingerprint }) => {
      return `${oneLine(node)} (${shortPrint(fingerprint)}) was accepted as the same as that, and stands for nothing now.`;
    }),
  ];
}
