/**
 * A sign of life beside the program, every so many seconds: `beat` in the folder of the copy, with a number that grows. Nothing is
 * written in the first of them, and what Slurm tells all processes of a job does not end it; the script does, or finds it gone.
 */
export function heartbeatText(seconds: number): string[] {
  return [
    '(',
    '  trap "" TERM INT HUP USR1',
    '  trap \'kill -KILL "$nap" 2>/dev/null; exit 0\' USR2',
    '  beats=0',
    '  while kill -0 "$$" 2>/dev/null; do',
    `    sleep ${seconds} & nap=$!`,
    '    wait "$nap"',
    '    beats=$((beats + 1))',
    '    echo "$beats" >"$here/beat"',
    '  done',
    ') >/dev/null 2>&1 & heart=$!',
  ];
}

/** The program has ended, and its script goes on for a moment. */
export const heartbeatEndText = 'kill -USR2 "$heart" 2>/dev/null';
