import type { JobCommand } from '../executors/executor.ts';
import { asComment, quoted } from '../executors/shell-quote.ts';

/** What `job.sh` is made of. Nothing in it is ever evaluated by the shell: every word is quoted. */
export interface JobScript extends JobCommand {
  readonly label: string;
  /** Absolute path of the exit record, written when the command has ended. */
  readonly exitRecord: string;
}

/**
 * The text of `job.sh`: environment, folder, command, exit record. A machine that runs it needs a POSIX shell and nothing else.
 *
 * The empty traps keep the shell alive when its group is told to stop, so that the exit record is written; the command itself
 * gets the signals as usual, because traps are not inherited.
 */
export function jobScript({ label, cwd, env, args, exitRecord }: JobScript): string {
  return [
    '#!/bin/sh',
    `# ${asComment(label)}`,
    'trap : TERM INT HUP',
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(cwd)} || exit 97`,
    args.map(quoted).join(' '),
    `printf '{"code":%d}\\n' "$?" > ${quoted(exitRecord)}`,
    '',
  ].join('\n');
}
