import { Problem } from '../../../cache/problem.ts';
import { PushT, type PushTObservation } from '../../envs/pusht/env.ts';
import { frameSize } from '../../envs/pusht/render.ts';

/** One finished episode. Frame t was seen before action t; one more frame was seen after the last. */
export interface Trace {
  readonly seed: number;
  /** Env steps. */
  readonly length: number;
  readonly success: boolean;
  /** The highest reward of the episode, in [0, 1]. */
  readonly maxReward: number;
  /** Row-major [length + 1, 18]: pusher x, y, then the tee's corners. */
  readonly frames: Float32Array;
  /** Row-major [length, 2]. */
  readonly actions: Float32Array;
  /** [length]: the reward after each action. */
  readonly rewards: Float32Array;
}

/** An episode on its way. */
export class Episode {
  readonly seed: number;
  readonly #env = new PushT();
  readonly #frames: Float32Array;
  readonly #actions: Float32Array;
  readonly #rewards: Float32Array;
  readonly #maxSteps: number;
  #length = 0;
  #success = false;

  constructor(seed: number, maxSteps: number) {
    this.seed = seed;
    this.#maxSteps = maxSteps;
    this.#frames = new Float32Array((maxSteps + 1) * frameSize);
    this.#actions = new Float32Array(maxSteps * 2);
    this.#rewards = new Float32Array(maxSteps);
    this.#see(this.#env.reset({ seed }));
  }

  get isOver(): boolean {
    return this.#success || this.#length >= this.#maxSteps;
  }

  /** The frame seen `back` steps ago; the first one when there was none yet. */
  frameBack(back: number): Float32Array {
    const frame = Math.max(0, this.#length - back);
    return this.#frames.subarray(frame * frameSize, (frame + 1) * frameSize);
  }

  /** Plays a chunk of actions, row-major [steps, 2], as far as the episode goes. */
  play(chunk: Float32Array): void {
    for (let i = 0; i < chunk.length && !this.isOver; i += 2) {
      const action = [chunk[i] as number, chunk[i + 1] as number] as const;
      if (!Number.isFinite(action[0]) || !Number.isFinite(action[1])) {
        throw new Problem(
          'action-not-finite',
          `The policy gave the action [${action}] in step ${this.#length} of seed ${this.seed}.`,
          {
            hint: 'Its weights are probably not finite: look at the loss of the training.',
          },
        );
      }
      const { observation, reward, success } = this.#env.step(action);
      this.#actions.set(action, 2 * this.#length);
      this.#rewards[this.#length] = reward;
      this.#length += 1;
      this.#success = success;
      this.#see(observation);
    }
  }

  trace(): Trace {
    const rewards = this.#rewards.slice(0, this.#length);
    return {
      seed: this.seed,
      length: this.#length,
      success: this.#success,
      maxReward: rewards.reduce((highest, reward) => Math.max(highest, reward), 0),
      frames: this.#frames.slice(0, (this.#length + 1) * frameSize),
      actions: this.#actions.slice(0, this.#length * 2),
      rewards,
    };
  }

  #see({ agent, keypoints }: PushTObservation): void {
    this.#frames.set(agent, this.#length * frameSize);
    this.#frames.set(keypoints, this.#length * frameSize + 2);
  }
}
