import type { Terminal } from './io.ts';
import { newState, type RunState } from '../log/state.ts';
import type { OnCluster } from './cluster-words.ts';
import { liveLines } from './live.ts';
import type { Pace } from './node-row.ts';
import { paint } from './paint.ts';
import type { RunView } from './run-view.ts';
import { Screen } from './screen.ts';

/** Between two redraws, in milliseconds: eight a second turn smoothly and cost nothing. */
const redrawMs = 125;

/** A run on a terminal: redrawn in place while it goes on, and its summary in the scrollback at the end. */
export function terminalView(
  terminal: Terminal,
  paceOf: (address: string) => Pace | undefined,
  onCluster?: (address: string) => OnCluster | undefined,
): RunView {
  const screen = new Screen(terminal);
  const colors = paint(terminal.hasColor);
  let state: RunState = newState();
  let tick = 0;
  let note = '';

  const draw = (): void => {
    if (state.run === '') return;
    screen.draw(
      liveLines(state, { ...terminal.size(), now: Date.now(), tick, note, paint: colors, paceOf, onCluster }),
    );
  };
  const timer = setInterval(() => {
    tick += 1;
    draw();
  }, redrawMs);
  const giveBack = (): void => screen.close([]);
  terminal.stream.on('resize', draw);
  process.once('exit', giveBack);

  const warn = (message: string): void => {
    screen.say([`${colors.yellow('warning')}: ${message}`]);
  };
  return {
    onEvent: (event, after) => {
      state = after;
      if (event.type === 'warning') warn(event.message);
    },
    warn,
    note: (message) => {
      note = message;
      draw();
    },
    close: (summary) => {
      clearInterval(timer);
      terminal.stream.off('resize', draw);
      process.off('exit', giveBack);
      screen.close(summary);
    },
  };
}
