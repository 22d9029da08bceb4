import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { nearest } from '../../../tasks/core/nearest.ts';
import { readRegular } from '../../../cache/regular-file.ts';
import type { Event } from '../../log/events.ts';
import { listRuns, readEvents, requestPath, type RunRequest } from '../../log/run-log.ts';
import { type RunState, stateOf } from '../../log/state.ts';
import { isAliveSince } from './is-alive.ts';

/** A run as its folder tells it. */
export interface KnownRun {
  readonly run: string;
  readonly folder: string;
  readonly state: RunState;
  readonly graph: string | undefined;
  readonly outcome: Outcome;
}

/** `interrupted`: it says that it runs, and its driver is gone. `left`: its driver went in good order, and jobs run on. */
export type Outcome = RunState['status'] | 'interrupted' | 'left';

export function readRun(root: string, run: string): KnownRun {
  const folder = join(root, 'runs', run);
  const events = readEvents(folder);
  const state = { ...stateOf(events), run };
  const started = events.findLast(
    (event): event is Extract<Event, { type: 'run-started' }> => event.type === 'run-started',
  );
  return { run, folder, state, graph: started?.graph, outcome: outcomeOf(state) };
}

/** A driver on another host is taken at its word: whether it lives cannot be seen from here. */
function outcomeOf({ status, host, pid, startedAt, left }: RunState): Outcome {
  if (status !== 'running') return status;
  if (left !== undefined) return 'left';
  if (pid === 0) return 'interrupted';
  return host !== hostname() || isAliveSince(pid, startedAt) ? 'running' : 'interrupted';
}

/** The run that a person names, `42` for `0042`; the newest when none is named. Throws `no-such-run`. */
export function findRun(root: string, name?: string): string {
  const runs = listRuns(root);
  const newest = runs.at(-1);
  if (newest === undefined)
    throw new Problem('no-such-run', `There are no runs in ${root} yet.`, { hint: 'Start one: pipeline run NAME' });
  if (name === undefined) return newest;
  const named = runs.find((run) => run === name || (/^\d+$/.test(name) && Number(run) === Number(name)));
  if (named) return named;
  const close = nearest(name, runs);
  throw new Problem('no-such-run', `There is no run "${name}"${close ? `; did you mean "${close}"?` : '.'}`, {
    hint: `The newest is ${newest}; \`pipeline runs\` lists all.`,
  });
}

const Request: z.ZodType<RunRequest> = z.object({
  pipeline: z.string(),
  name: z.string(),
  file: z.string(),
  overrides: z.array(z.string()),
  profile: z.string().optional(),
  until: z.string().optional(),
  executor: z.string().optional(),
  startedAt: z.string(),
});

/** What the run was started with. Throws `run-unreadable`. */
export function readRequest(folder: string): RunRequest {
  const path = requestPath(folder);
  try {
    return Request.parse(JSON.parse(readRegular(path)));
  } catch (cause) {
    throw new Problem(
      'run-unreadable',
      `What this run was started with cannot be read at ${path}: ${messageOf(cause)}.`,
      {
        hint: 'Start it again: pipeline run NAME, as it was started; what it finished is kept.',
        cause,
      },
    );
  }
}
