import type { Writable } from 'node:stream';

/**
 * Reads `+GROUP` and `-GROUP` lines; when its input ends while groups are left, their owner has died: they are told to stop,
 * get ten seconds, and are killed. (No `--` before a group: the `kill` of dash takes it for a number.)
 */
const script = `
groups=" "
while read -r line; do
  case $line in
    +*) groups="$groups\${line#+} " ;;
    -*) g=\${line#-}; groups="\${groups%% $g *} \${groups#* $g }" ;;
  esac
done
for g in $groups; do kill -TERM "-$g" 2>/dev/null; done
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
  alive=
  for g in $groups; do kill -0 "-$g" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 0.25
done
for g in $groups; do kill -KILL "-$g" 2>/dev/null; done
`;

/** A small process that outlives the driver just long enough to end the driver's jobs, should the driver be killed. */
export class Watchdog {
  #input: Writable | undefined;
  #forgotten = '';
  #ended: Promise<unknown> = Promise.resolve();

  async start(): Promise<void> {
    const { execa } = await import('execa');
    const child = execa('/bin/sh', ['-c', script], {
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
