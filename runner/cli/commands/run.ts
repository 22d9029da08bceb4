import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNames } from '../../project/names.ts';
import { createRun, openLog, requestPath, type RunRequest } from '../../log/run-log.ts';
import { checkTypes } from '../../project/check-types.ts';
import { openSession, type Session } from '../../project/session.ts';
import { inStore } from '../../views/suggest.ts';
import { drive, type DriveOptions } from '../driving/drive.ts';
import { isDriven, lockRun, ownLog } from '../driving/driver-lock.ts';
import { refuseUnfit } from '../driving/refuse-unfit.ts';
import { sayEnvReads } from '../driving/say-env-reads.ts';
import { sayGaps } from '../driving/say-gaps.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { sessionRequest } from '../common/session-options.ts';

interface RunOptions
  extends Pick<DriveOptions, 'json' | 'jobs' | 'until' | 'force' | 'failFast' | 'executor' | 'watchReads'> {
  readonly profile?: string;
  readonly detach?: boolean;
  /** False: types are not checked. */
  readonly types?: boolean;
  readonly strict?: boolean;
  /** The run's folder is there already: its number. */
  readonly numbered?: string;
}

export async function run(io: Io, [name = '', ...overrides]: readonly string[], line: Options): Promise<number> {
  const { profile, ...options } = line as RunOptions;
  const session = await openSession(sessionRequest(io, name, overrides, line));
  try {
    // Names are checked before the run has a number.
    checkNames(session.graph, options);
    const types = options.types === false ? undefined : checkTypes(session, io.warn);
    await sayEnvReads(session, io.warn);
    await refuseUnfit(session, options);
    await types?.refuse();
    if (options.numbered === undefined) await sayGaps(session, { ...options, warn: io.warn });

    const { run, folder } =
      options.numbered === undefined ? createRun(session.storeRoot) : numbered(session, options.numbered);
    const request: RunRequest = {
      pipeline: session.pipelineName,
      name,
      file: session.loaded.file,
      overrides,
      profile,
      until: options.until,
      executor: options.executor,
      startedAt: new Date().toISOString(),
    };
    writeFileSync(requestPath(folder), `${JSON.stringify(request, null, 2)}\n`);
    if (options.detach) {
      const { startDriver } = await import('../driving/detach.ts');
      startDriver({ run, folder, cwd: io.cwd });
      io.print(`Run ${run} goes on in the background. Watch it: pipeline attach ${run}${inStore(io.storeFolder)}`);
      return exitCodes.fine;
    }
    const lock = await lockRun(session.storeRoot, run, { patient: false, say: io.warn });
    if (!lock) throw isDriven((await import('../runs/find-run.ts')).readRun(session.storeRoot, run));
    const log = ownLog(openLog(session.storeRoot, run), lock);
    try {
      const { json, jobs, until, force, failFast, executor, watchReads } = options;
      return await drive(
        session,
        {
          run: log,
          name,
          resumed: false,
          json,
          jobs,
          until,
          force,
          failFast,
          executor,
          watchReads,
        },
        io,
      );
    } finally {
      log.close();
      lock.release();
    }
  } finally {
    await session.close();
  }
}

function numbered({ storeRoot }: Session, run: string): { run: string; folder: string } {
  return { run, folder: join(storeRoot, 'runs', run) };
}
