import type { Writable } from 'node:stream';

/**
 * Reads `+GROUP` and `-GROUP` lines; when its input ends while groups are left, their owner has died: they are told to stop, get
 * some time (in quarters of a second: its argument), and are killed: first what is under a holder, which then ends the rest, then
 * all. (No `--` before a group: the `kill` of dash takes it for a number.)
 */
const script = `
groups=" "
while read -r line; do
  case $line in
    +*) groups="$groups\${line#+} " ;;
    -*) g=\${line#-}; groups="\${groups%% $g *} \${groups#* $g }" ;;
  esac
done
until_gone() {
  left=$1
  while [ "$left" -gt 0 ]; do
    alive=
    for g in $groups; do kill -0 "-$g" 2>/dev/null && alive=1; done
    [ -z "$alive" ] && exit 0
    sleep 0.25
    left=$((left - 1))
  done
}
for g in $groups; do kill -TERM "-$g" 2>/dev/null; done
until_gone "$0"
for g in $groups; do
  for p in $(cat "/proc/$g/task/$g/children" 2>/dev/null); do kill -KILL "$p" 2>/dev/null; done
done
until_gone 8
for g in $groups; do kill -KILL "-$g" 2>/dev/null; done
`;

/** A small process that outlives the driver just long enough to end the driver's jobs, should the driver be killed. */
export class Watchdog {
  #input: Writable | undefined;
  #forgotten = '';
  #ended: Promise<unknown> = Promise.resolve();
  readonly #quarters: number;

  constructor({ graceMs }: { graceMs: number }) {
    this.#quarters = Math.ceil(graceMs / 250);
  }

  async start(): Promise<void> {
    const { execa } = await import('execa');
    const child = execa('/bin/sh', ['-c', script, String(this.#quarters)], {
      detached: true,
      stdin: 'pipe',
      stdout: 'ignore',
      stderr: 'ignore',
      reject: false,
      cleanup: false,
      buffer: false,
    });
    child.stdin.on('error', () => {}); // it was killed; jobs still end when they are told to
    this.#input = child.stdin;
    this.#ended = child;
  }

  watch(group: number): void {
    this.#input?.write(`${this.#forgotten}+${group}\n`);
    this.#forgotten = '';
  }

  /** Told with the next line: until then the group's id cannot have been given to another of our jobs. */
  forget(group: number): void {
    this.#forgotten += `-${group}\n`;
    if (this.#forgotten.length > 4096) this.#tellForgotten();
  }

  async close(): Promise<void> {
    this.#tellForgotten();
    this.#input?.end();
    await this.#ended;
  }

  #tellForgotten(): void {
    this.#input?.write(this.#forgotten);
    this.#forgotten = '';
  }
}
