import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import type { ExecutorName } from '../site.ts';
import { findNode } from '../names.ts';
import { refusalLines, refusalsOf } from '../plan.ts';
import { createRun, openLog, type RunRequest } from '../run-log.ts';
import { openSession, type Session } from '../session.ts';
import { drive } from './drive.ts';
import type { Io } from './io.ts';
import type { Options } from './options.ts';
import { sessionRequest } from './session-options.ts';

interface RunOptions {
  readonly profile?: string;
  readonly json?: boolean;
  readonly jobs?: number;
  readonly until?: string;
  readonly force?: readonly string[];
  readonly failFast?: boolean;
  readonly executor?: ExecutorName;
  readonly detach?: boolean;
  /** The run's folder is there already: its number. */
  readonly numbered?: string;
}

export async function run(io: Io, [name = '', ...overrides]: readonly string[], given: Options): Promise<number> {
  const { profile, ...options } = given as RunOptions;
  const session = await openSession(sessionRequest(io, name, overrides, given));
  try {
    // Names are checked before the run has a number.
    for (const node of [...(options.force ?? []), ...(options.until === undefined ? [] : [options.until])])
      findNode(session.graph, node);
    await refuseUnfit(session, options.until);

    const { run, folder } = createRun(session.storeRoot);
    const request: RunRequest = {
      pipeline: session.pipelineName,
      name,
      file: session.loaded.file,
      overrides,
      ...(profile === undefined ? {} : { profile }),
      ...(options.until === undefined ? {} : { until: options.until }),
      ...(options.executor === undefined ? {} : { executor: options.executor }),
      startedAt: new Date().toISOString(),
    };
    writeFileSync(join(folder, 'run.json'), `${JSON.stringify(request, null, 2)}\n`);
    const log = openLog(session.storeRoot, run);
    try {
      const { json, jobs, until, force, failFast, executor } = options;
      return await drive(
        session,
        {
          run: log,
          name,
          resumed: false,
          ...(json === undefined ? {} : { json }),
          ...(jobs === undefined ? {} : { jobs }),
          ...(until === undefined ? {} : { until }),
          ...(force?.length ? { force } : {}),
          ...(failFast === undefined ? {} : { failFast }),
          ...(executor === undefined ? {} : { executor }),
        },
        io,
      );
    } finally {
      log.close();
    }
  } finally {
    await session.close();
  }
}

/** What the site lacks, before anything starts: hours of work must not end in a node that never could run. */
export async function refuseUnfit(session: Session, until: string | undefined): Promise<void> {
  const refusals = await refusalsOf(session, until);
  if (refusals.length === 0) return;
  const lines = refusals.flatMap(refusalLines);
  throw new Problem('site-lacks', ['This machine cannot run it:', ...lines].join('\n'), {
    hint: '`pipeline doctor` says what is here.',
  });
}
