import { execa, type Options, type ResultPromise } from 'execa';
import { Problem } from '../../../cache/problem.ts';

type Program = 'ffmpeg' | 'ffprobe';

const always = {
  detached: true,
  reject: false,
  stripFinalNewline: false,
  stderr: 'pipe',
  env: { LC_ALL: 'C' },
} satisfies Options;

/**
 * Starts ffmpeg or ffprobe in a process group of its own, so that `stop` ends it with whatever it started.
 *
 * It does not outlive us when we are killed: its pipes end with us. The caller awaits it and calls `refuseFailure`.
 */
export function startFfmpeg<O extends Options>(program: Program, args: readonly string[], options: O) {
  return execa(program, args, { ...options, ...always } as O & typeof always);
}

export function stopFfmpeg({
  pid,
  exitCode,
  signalCode,
}: Pick<ResultPromise, 'pid' | 'exitCode' | 'signalCode'>): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return; // the number may be another's by now
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}

interface Ended {
  readonly failed: boolean;
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stderr?: unknown;
}

/** Turns a failed end into a `Problem` about the video at `path`, with what the program said last. */
export function refuseFailure(program: Program, path: string, ended: Ended): void {
  if (!ended.failed) return;
  if (ended.code === 'ENOENT') {
    throw new Problem('ffmpeg-missing', `"${program}" is not installed, or not on PATH; it is needed for ${path}.`, {
      hint: 'Debian and Ubuntu: apt-get install -y ffmpeg. macOS: brew install ffmpeg. Without rights: conda install -c conda-forge ffmpeg.',
    });
  }
  const said = typeof ended.stderr === 'string' ? ended.stderr.trim() : '';
  const encoder = /Unknown encoder '([^']+)'/.exec(said)?.[1];
  if (encoder !== undefined) {
    throw new Problem('encoder-missing', `This ffmpeg was built without ${encoder}, which ${path} needs.`, {
      hint: 'Install a full build (the packages of Debian, Homebrew and conda-forge are), or choose another codec.',
    });
  }
  const end = ended.signal ? `was ended by ${ended.signal}` : `ended with code ${ended.exitCode ?? ended.code}`;
  const last = said.split('\n').slice(-5).join('\n');
  throw new Problem('video-failed', `${program} ${end} for ${path}${last === '' ? '.' : `:\n${last}`}`);
}
