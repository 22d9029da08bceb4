import type { Terminal } from './io.ts';
import { columnsOf } from './columns.ts';

const begin = '\x1b[?2026h\x1b[?25l';
const end = '\x1b[?2026l';
const showCursor = '\x1b[?25h';

/**
 * A block of lines at the end of a terminal's scrollback, drawn over and over. The cursor rests below the block.
 *
 * A resize makes a terminal wrap the old lines anew, so the height to go back is computed from their widths.
 */
export class Screen {
  readonly #terminal: Terminal;
  #drawn: readonly string[] = [];
  #columns = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(lines: readonly string[]): void {
    const { columns } = this.#terminal.size();
    const isSame =
      columns === this.#columns &&
      lines.length === this.#drawn.length &&
      lines.every((line, i) => line === this.#drawn[i]);
    if (!isSame) this.#replace([], lines);
  }

  /** Puts lines above the block, where they stay. */
  say(lines: readonly string[]): void {
    this.#replace(lines, this.#drawn);
  }

  /** Puts `lines` in the place of the block, where they stay, and gives the cursor back. */
  close(lines: readonly string[]): void {
    this.#replace(lines, []);
    this.#terminal.write(showCursor);
  }

  #replace(above: readonly string[], lines: readonly string[]): void {
    const { columns, rows } = this.#terminal.size();
    const height = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns)), 0);
    const up = Math.min(height, rows - 1);
    const back = up > 0 ? `\x1b[${up}A\r` : '\r';
    const text = [...above, ...lines].map((line) => `${line}\x1b[K\r\n`).join('');
    this.#terminal.write(`${begin}${back}${text || wipe(up)}\x1b[J${end}`);
    this.#drawn = lines;
    this.#columns = columns;
  }
}

/** Empties lines one by one: cleared in one go from the first row, tmux would move them to its history instead. */
function wipe(height: number): string {
  return height === 0 ? '' : `${'\x1b[K\x1b[1B'.repeat(height)}\x1b[${height}A`;
}
