import { JsonLineTail } from '../files/json-lines.ts';
import type { Event } from './events.ts';
import { asEvent, logPath } from './run-log.ts';

/** Looks without anything new after which a log is called quiet. */
const quietLooks = 10;

/** The events of a run that another process writes, as they come. */
export class EventTail {
  readonly #tail: JsonLineTail<Event>;
  #looks = 0;

  constructor(runFolder: string) {
    this.#tail = new JsonLineTail(logPath(runFolder), asEvent, { from: 'first' });
  }

  /** Nothing came for a while: whether the driver lives is worth a look. */
  get isQuiet(): boolean {
    return this.#looks > 0 && this.#looks % quietLooks === 0;
  }

  /** Since the last call. */
  take(): Event[] {
    const events = this.#tail.take();
    this.#looks = events.length > 0 ? 0 : this.#looks + 1;
    return events;
  }
}
