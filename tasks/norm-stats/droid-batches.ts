import type { Frames } from '../formats/rlds/droid-frames.ts';
import { width } from '../formats/rlds/droid-frames.ts';
import { OpenpiAccumulator } from './openpi-accumulator.ts';

/**
 * Feeds frames to openpi's accumulators in full batches, in the order in which they come; memory is that of one batch.
 *
 * A last batch that is not full is dropped, as by openpi's loader for LeRobot data; only where there is not even one full
 * batch it counts, because openpi's loader for RLDS repeats the data to fill it.
 */
export class DroidBatches {
  readonly state = new OpenpiAccumulator('float32');
  readonly actions = new OpenpiAccumulator('float32');
  /** Batches that were counted. */
  batches = 0;
  /** Frames in them. */
  frames = 0;
  private readonly batchSize: number;
  private readonly most: number;
  private readonly states: Float32Array;
  private readonly chunks: Float32Array;
  private filled = 0;

  /** `most` is how many batches count; what comes later is ignored. */
  constructor({ batchSize, actionHorizon, most }: { batchSize: number; actionHorizon: number; most: number }) {
    this.batchSize = batchSize;
    this.most = most;
    this.states = new Float32Array(batchSize * width);
    this.chunks = new Float32Array(batchSize * actionHorizon * width);
  }

  get isFull(): boolean {
    return this.batches >= this.most;
  }

  add({ steps, states, actions }: Frames): void {
    const chunk = this.chunks.length / this.batchSize;
    for (let frame = 0; frame < steps.length && !this.isFull; ) {
      const end = Math.min(steps.length, frame + this.batchSize - this.filled);
      this.states.set(states.subarray(frame * width, end * width), this.filled * width);
      this.chunks.set(actions.subarray(frame * chunk, end * chunk), this.filled * chunk);
      this.filled += end - frame;
      frame = end;
      if (this.filled === this.batchSize) this.flush();
    }
  }

  /** To be called once, after the last frame. */
  end(): void {
    if (this.batches === 0 && this.filled > 0) this.flush();
  }

  private flush(): void {
    const chunk = this.chunks.length / this.batchSize;
    this.state.update(this.states.subarray(0, this.filled * width), width);
    this.actions.update(this.chunks.subarray(0, this.filled * chunk), width);
    this.frames += this.filled;
    this.batches += 1;
    this.filled = 0;
  }
}
