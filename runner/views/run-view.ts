import type { Event } from '../log/events.ts';
import type { RunState } from '../log/state.ts';

/** Shows a run while it goes on. Told everything; asks nothing. */
export interface RunView {
  /** One more fact, and the state after it. */
  onEvent(event: Event, state: RunState): void;
  warn(message: string): void;
  /** Something that holds from now on, such as that the run is being stopped. */
  note(message: string): void;
  /** The run is over: `summary` is what stays. */
  close(summary: readonly string[]): void;
}
