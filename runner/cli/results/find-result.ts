import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { isTable } from '../../../cache/canonical-json.ts';
import { messageOf, Problem } from '../../../cache/problem.ts';
import type { Store } from '../../../cache/store.ts';
import { nearest } from '../../../tasks/core/nearest.ts';
import { inStore } from '../../views/suggest.ts';
import { quoted } from '../../words/quoted.ts';
import { fieldsOf, itemsOf, leafOf, namedResults } from '../../values/results.ts';
import { type KnownRun, readRequest } from '../runs/find-run.ts';
import { knownRuns } from '../runs/known-runs.ts';

/** The result of that name from the newest run of the pipeline that has it. Throws `no-such-run`, `no-such-result`. */
export function newestWith(
  store: Store,
  name: string,
  output: string,
  storeFolder: string | undefined,
): { run: KnownRun; value: unknown } {
  const outputs = new Set<string>();
  for (const run of runsOf(store, name, storeFolder)) {
    const value = resultOf(run.state.results, output);
    if (value !== undefined) return { run, value };
    for (const { name } of namedResults(run.state.results)) outputs.add(name);
  }
  throw noOutput(name, output, [...outputs]);
}

/** The runs of the pipeline that a person means, the newest first. Throws `no-such-run` when there are none. */
export function* runsOf(store: Store, name: string, storeFolder: string | undefined): Generator<KnownRun> {
  const pipelines = new Set<string>();
  let hasRun = false;
  for (const run of knownRuns(store)) {
    pipelines.add(run.state.pipeline);
    if (!isRunOf(run, name, store)) continue;
    hasRun = true;
    yield run;
  }
  if (!hasRun) throw noRun(name, [...pipelines], storeFolder);
}

function isRunOf({ run, state, folder }: KnownRun, name: string, store: Store): boolean {
  if (state.pipeline === name) return true;
  // The file may have another name than the pipeline in it.
  if (!existsSync(`${folder}/run.json`)) return false;
  try {
    const request = readRequest(folder);
    return request.name === name || basename(request.file, extname(request.file)) === name;
  } catch (error) {
    store.warn(`Run ${run} counts for its pipeline ${state.pipeline || '?'} alone: ${messageOf(error)}`);
    return false;
  }
}

function resultOf(results: Readonly<Record<string, unknown>>, output: string): unknown {
  const named = namedResults(results).find(({ name }) => name === output);
  if (named) return named.value;
  return within(results, output);
}

/** Walks into records by dotted names and into lists by key; a key may hold dots itself. */
function within(value: unknown, path: string): unknown {
  const entries =
    itemsOf(value)?.map((item) => [item.key, item.value] as const) ??
    (isTable(value) && !leafOf(value) ? fieldsOf(value) : []);
  for (const [key, inner] of entries) {
    if (key === path) return inner;
    const innermost = path.startsWith(`${key}.`) ? within(inner, path.slice(key.length + 1)) : undefined;
    if (innermost !== undefined) return innermost;
  }
  return undefined;
}

function noRun(name: string, pipelines: readonly string[], store: string | undefined): Problem {
  const close = nearest(name, pipelines);
  return new Problem('no-such-run', `There is no run of "${name}"${close ? `; did you mean "${close}"?` : '.'}`, {
    hint: close
      ? `The runs there are: pipeline runs${inStore(store)}`
      : `Start one: pipeline run ${quoted(name)}${inStore(store)}`,
  });
}

function noOutput(name: string, output: string, outputs: readonly string[]): Problem {
  const close = nearest(output, outputs);
  return new Problem(
    'no-such-result',
    `No run of ${name} has a result "${output}"${close ? `; did you mean "${close}"?` : '.'}`,
    {
      hint:
        outputs.length > 0
          ? `Its results: ${outputs.join(', ')}.`
          : `None of its runs got that far: pipeline run ${quoted(name)}`,
    },
  );
}
