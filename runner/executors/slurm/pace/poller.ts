import { monotonic } from './clock.ts';
import { nextPause } from './pauses.ts';

/** What the next look at the queue is for. */
export interface Load {
  /** Jobs that Slurm has, or may have. */
  readonly jobs: number;
  /** Jobs that were not handed over yet. */
  readonly waiting: number;
  /** Nobody answered the last time. */
  readonly isSilent: boolean;
}

export interface PollerOptions {
  /** Between two looks when something happens. */
  readonly baseSeconds: number;
  readonly load: () => Load;
  readonly look: () => Promise<void>;
}

/** Says when the queue is looked at: soon after something happened, and ever more rarely when nothing does. */
export class Poller {
  readonly #options: PollerOptions;
  #quietSince = monotonic();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** It is not quiet: looks go on as often as they do. */
  happened(): void {
    this.#quietSince = monotonic();
  }

  /** Something happened or is about to: the next look comes soon. */
  stir(): void {
    this.happened();
    this.plan();
  }

  /** The time of the next look is worked out again. There is none while there is nothing to look for. */
  plan(): void {
    clearTimeout(this.#timer);
    const { jobs, waiting, isSilent } = this.#options.load();
    if (this.#isClosed || (jobs === 0 && waiting === 0)) return;
    const seconds = nextPause({
      baseSeconds: this.#options.baseSeconds,
      quietSeconds: monotonic() - this.#quietSince,
      jobs,
      isSilent,
    });
    this.#timer = setTimeout(() => void this.look().finally(() => this.plan()), seconds * 1000);
  }

  /** Looks now, or takes part in the look that is under way. */
  look(): Promise<void> {
    this.#looking ??= this.#options.look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The look that is under way has ended. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  /** No further look begins by itself. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}
