import { fileProblem } from '../../cache/file-problem.ts';
import type { Event, Fact } from '../log/events.ts';
import type { RunLog } from '../log/run-log.ts';
import { apply, type RunState, stateOf } from '../log/state.ts';

/** The facts of a run: written to its log before anything follows from them, folded into a state, and told. */
export class Journal {
  readonly #log: RunLog;
  readonly #told: (event: Event) => void;
  #state: RunState = stateOf([]);

  constructor(log: RunLog, told: (event: Event) => void) {
    this.#log = log;
    this.#told = told;
  }

  get state(): RunState {
    return this.#state;
  }

  emit(fact: Fact): void {
    const event = { time: new Date().toISOString(), ...fact } as Event;
    try {
      this.#log.append(event);
    } catch (cause) {
      throw fileProblem(cause, this.#log.folder); // what cannot be told must not happen
    }
    this.#state = apply(this.#state, event);
    this.#told(event);
  }

  warn(message: string): void {
    this.emit({ type: 'warning', message });
  }
}
