import { OpenpiAccumulator } from './openpi-accumulator.ts';

/** Sizes of what openpi's accumulators are fed: frames in a batch, actions in a chunk, dimensions of each. */
export interface BatchShape {
  readonly batchSize: number;
  readonly horizon: number;
  readonly stateWidth: number;
  readonly actionWidth: number;
  /** How many batches count; what comes later is ignored. */
  readonly most: number;
}

/**
 * Feeds frames to openpi's accumulators in full batches, in the order in which they come; memory is that of one batch. A
 * last batch that is not full is dropped, unless `endWithPart` is called for it.
 */
export class OpenpiBatches {
  readonly state = new OpenpiAccumulator('float32');
  readonly actions = new OpenpiAccumulator('float32');
  /** Batches that were counted. */
  batches = 0;
  /** Frames in them. */
  frames = 0;
  private readonly shape: BatchShape;
  private readonly chunk: number;
  private readonly states: Float32Array;
  private readonly chunks: Float32Array;
  private filled = 0;

  constructor(shape: BatchShape) {
    this.shape = shape;
    this.chunk = shape.horizon * shape.actionWidth;
    this.states = new Float32Array(shape.batchSize * shape.stateWidth);
    this.chunks = new Float32Array(shape.batchSize * this.chunk);
  }

  get isFull(): boolean {
    return this.batches >= this.shape.most;
  }

  /** `states`: [frames, stateWidth]; `actions`: [frames, horizon, actionWidth]. */
  add({ states, actions }: { readonly states: Float32Array; readonly actions: Float32Array }): void {
    const { batchSize, stateWidth } = this.shape;
    const count = states.length / stateWidth;
    for (let frame = 0; frame < count && !this.isFull; ) {
      const end = Math.min(count, frame + batchSize - this.filled);
      this.states.set(states.subarray(frame * stateWidth, end * stateWidth), this.filled * stateWidth);
      this.chunks.set(actions.subarray(frame * this.chunk, end * this.chunk), this.filled * this.chunk);
      this.filled += end - frame;
      frame = end;
      if (this.filled === batchSize) this.flush();
    }
  }

  /** Counts what is there after the last frame as a batch, full or not. */
  endWithPart(): void {
    if (this.filled > 0) this.flush();
  }

  private flush(): void {
    const { stateWidth, actionWidth } = this.shape;
    this.state.update(this.states.subarray(0, this.filled * stateWidth), stateWidth);
    this.actions.update(this.chunks.subarray(0, this.filled * this.chunk), actionWidth);
    this.frames += this.filled;
    this.batches += 1;
    this.filled = 0;
  }
}
