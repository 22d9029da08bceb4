import type { Statement, Statements } from './accepted.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Digest } from './digest.ts';
import { type Acceptance, artifactsIn, type NodeRecord, type Records } from './records.ts';

/**
 * Records that also answer for what was accepted: with the old result under the new recipe, marked as `accepted`. What lies in the
 * records stays as it is: such an answer is written nowhere but into its statement.
 */
export function withAccepted(records: Records, statements: Statements): Records {
  return {
    ...records,
    get: async (fingerprint) =>
      (await records.get(fingerprint)) ?? acceptedRecord(fingerprint, { records, statements }),
    getMany: async (fingerprints) => {
      const found = await records.getMany(fingerprints);
      if (found.every((record) => record !== undefined)) return found;
      const tools = { records, statements };
      return Promise.all(found.map(async (record, i) => record ?? acceptedRecord(fingerprints[i] as Digest, tools)));
    },
    set: async (...all) => {
      await records.set(...all.filter(({ accepted }) => !accepted));
      for (const record of all.filter(({ accepted }) => accepted)) {
        const statement = statements.find(record.fingerprint);
        if (statement) statements.write({ ...statement, ...describedIn(record) });
      }
    },
  };
}

/** What a statement keeps of a record that fits today's types. */
export function describedIn({ outputs, types }: NodeRecord): Pick<Statement, 'outputs' | 'types'> {
  return { outputs, ...(types && { types }) };
}

/** All that was accepted and whose results are there. */
export async function* acceptedRecords(records: Records, statements: Statements): AsyncGenerator<NodeRecord> {
  for (const { fingerprint } of statements.all()) {
    const record = await records.get(fingerprint);
    if (record?.accepted) yield record;
  }
}

interface Tools {
  readonly records: Records;
  readonly statements: Statements;
}

async function acceptedRecord(
  fingerprint: Digest,
  { records, statements }: Tools,
  asked: ReadonlySet<Digest> = new Set(),
): Promise<NodeRecord | undefined> {
  const statement = asked.has(fingerprint) ? undefined : statements.find(fingerprint);
  if (!statement) return undefined;
  const seen = new Set(asked).add(fingerprint);
  const old = (await records.get(statement.as)) ?? (await acceptedRecord(statement.as, { records, statements }, seen));
  return old && asAccepted(old, statement);
}

function asAccepted(old: NodeRecord, statement: Statement): NodeRecord {
  const { fingerprint, recipe, outputs, types } = statement;
  const described = outputs && hasSameFiles(old, outputs) ? { outputs, ...(types && { types }) } : {};
  return { ...old, ...described, fingerprint, recipe, accepted: acceptanceOf(statement) };
}

/** What a statement says of files may differ from what the old result says; which files they are may not. */
function hasSameFiles(old: NodeRecord, outputs: NonNullable<Statement['outputs']>): boolean {
  const files = (of: NodeRecord['outputs']): string =>
    canonicalJson(Object.entries(of).map(([name, json]) => [name, artifactsIn(json).map(({ digest }) => digest)]));
  return files(old.outputs) === files(outputs);
}

function acceptanceOf({ as, run, node, by, at, why, differences }: Statement): Acceptance {
  return { as, run, node, by, at, ...(why === undefined ? {} : { why }), differences };
}
