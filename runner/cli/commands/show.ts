import { join } from 'node:path';
import { type Described, describeParams } from '../../../pipelines/core/overrides.ts';
import { withProfile } from '../../../pipelines/core/profiles.ts';
import { isRef } from '../../../tasks/core/ref.ts';
import { loadPipeline } from '../../project/load.ts';
import { openStoreOnly } from '../../project/session.ts';
import { cut } from '../../views/columns.ts';
import { paint } from '../../views/paint.ts';
import { table } from '../../views/table.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';
import { shortPath } from '../common/short-path.ts';

/** What a pipeline takes and gives. Parameters that must be set do not stand in the way, so no graph is built where they do. */
export async function show(io: Io, [name = '']: readonly string[], { profile }: Options): Promise<number> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const { pipeline, file } = await loadPipeline(name, { cwd: io.cwd, codeFolder: join(store.root, 'code') });
    const { bold, dim } = paint(io.stdout.hasColor);
    const profiles = pipeline.options.profiles ?? {};
    const set = flat(withProfile(profiles, typeof profile === 'string' ? profile : undefined));

    io.print(`${bold(pipeline.pipelineName)}  ${dim(shortPath(io.cwd, file))}`);
    if (pipeline.options.description) io.print(pipeline.options.description);
    const params = describeParams(pipeline.params);
    if (params.length > 0)
      io.print(`\n${bold('Parameters')}${profile === undefined ? '' : ` with --profile ${profile as string}`}`);
    for (const line of table(params.map((param) => paramRow(param, set, dim)))) io.print(line);
    if (Object.keys(profiles).length > 0) io.print(`\n${bold('Profiles')}`);
    for (const line of table(Object.entries(profiles).map(([key, values]) => [`  ${key}`, dim(inWords(values))])))
      io.print(line);
    const results = resultNames(() =>
      pipeline.build(pipeline.params.parse(withProfile(profiles, profile as string | undefined))),
    );
    if (results.length > 0) io.print(`\n${bold('Results')}\n  ${results.join(', ')}`);
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

/** An enumeration of many words would push everything after it off the screen. */
const typeColumns = 32;

function paramRow(
  { name, type, default: usual, description }: Described,
  set: ReadonlyMap<string, unknown>,
  dim: (text: string) => string,
): string[] {
  const value = set.has(name) ? set.get(name) : usual;
  return [
    `  ${name}`,
    dim(cut(type, typeColumns)),
    value === undefined ? '' : JSON.stringify(value),
    dim(description ?? ''),
  ];
}

function inWords(values: unknown): string {
  return [...flat(values)].map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
}

/** The leaves of an object by dotted name. */
function flat(value: unknown, prefix = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[prefix, value]]);
  const entries = Object.entries(value).flatMap(([key, inner]) => [...flat(inner, prefix ? `${prefix}.${key}` : key)]);
  return new Map(entries);
}

function resultNames(build: () => unknown): string[] {
  let wanted: unknown;
  try {
    wanted = build();
  } catch {
    return []; // a parameter must be set first; `plan` says which
  }
  return isRef(wanted) || Array.isArray(wanted) ? ['result'] : Object.keys(wanted as object);
}
