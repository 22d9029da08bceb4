import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Tf } from '../backend/tf.ts';
import type { Slot } from './layout.ts';

/** Keeps the root mean square away from zero; of the size that transformers use. */
const epsilon = 1e-5;

/** The weights as tensors, in the order of the layout. The caller disposes them. */
export function weightTensors(tf: Tf, layout: readonly Slot[], flat: Float32Array): Tensor2D[] {
  return layout.map(({ rows, columns, offset }) =>
    tf.tensor2d(flat.subarray(offset, offset + rows * columns), [rows, columns]),
  );
}

/**
 * The residual network: an input layer; blocks of normalise, widen, SiLU, narrow, add; normalise and an output layer.
 *
 * `input` is [batch, inputs]; gives [batch, outputs]. Call inside `tf.tidy`.
 */
export function forward(tf: Tf, weights: readonly Tensor2D[], input: Tensor2D): Tensor2D {
  return trace(tf, weights, input).output;
}

/**
 * Loss, the mean of (output - target)^2, as a scalar tensor, and its gradient for each weight. Call inside `tf.tidy`.
 *
 * Written out by hand: TF.js's own differentiation keeps a tape that costs a third of a step at these sizes.
 */
export function lossAndGradients(
  tf: Tf,
  weights: readonly Tensor2D[],
  { input, target }: { input: Tensor2D; target: Tensor2D },
): { loss: () => number; gradients: Tensor2D[] } {
  const { output, last, blocks } = trace(tf, weights, input);
  const [batch, outputs] = output.shape;
  const ones = tf.ones([1, batch]) as Tensor2D;
  const gradients: Tensor2D[] = new Array(weights.length);
  const keep = (slot: number, before: Tensor2D, delta: Tensor2D): void => {
    gradients[slot] = tf.matMul(before, delta, true, false);
    gradients[slot + 1] = tf.matMul(ones, delta); // a sum over the batch; far quicker than tf.sum along that axis
  };

  const difference = tf.sub(output, target) as Tensor2D;
  const delta = tf.mul(difference, 2 / (batch * outputs)) as Tensor2D;
  const outputSlot = weights.length - 2;
  keep(outputSlot, last.normal, delta);
  let flow = normaliseBack(tf, last, tf.matMul(delta, weights[outputSlot] as Tensor2D, false, true));
  for (let i = blocks.length - 1; i >= 0; i -= 1) {
    const { norm, gate, active } = blocks[i] as Block;
    const slot = 2 + 4 * i;
    keep(slot + 2, active, flow);
    const wide = tf.matMul(flow, weights[slot + 2] as Tensor2D, false, true);
    // d silu(x) / dx = gate + active (1 - gate), with active = x gate
    const slope = tf.add(gate, tf.sub(active, tf.mul(active, gate)));
    const inner = tf.mul(wide, slope) as Tensor2D;
    keep(slot, norm.normal, inner);
    flow = tf.add(flow, normaliseBack(tf, norm, tf.matMul(inner, weights[slot] as Tensor2D, false, true))) as Tensor2D;
  }
  keep(0, input, flow);
  return { loss: () => tf.tidy(() => tf.mean(tf.square(difference)).dataSync()[0] as number), gradients };
}

interface Block {
  readonly norm: Normalised;
  readonly gate: Tensor2D;
  readonly active: Tensor2D;
}

function trace(tf: Tf, weights: readonly Tensor2D[], input: Tensor2D) {
  const dense = (x: Tensor2D, slot: number): Tensor2D =>
    tf.add(tf.matMul(x, weights[slot] as Tensor2D), weights[slot + 1] as Tensor2D) as Tensor2D;
  const blocks: Block[] = [];
  let stream = dense(input, 0);
  for (let slot = 2; slot < weights.length - 2; slot += 4) {
    const norm = normalise(tf, stream);
    const wide = dense(norm.normal, slot);
    const gate = tf.sigmoid(wide) as Tensor2D;
    const active = tf.mul(wide, gate) as Tensor2D;
    stream = tf.add(stream, dense(active, slot + 2)) as Tensor2D;
    blocks.push({ norm, gate, active });
  }
  const last = normalise(tf, stream);
  return { output: dense(last.normal, weights.length - 2), last, blocks };
}

interface Normalised {
  readonly normal: Tensor2D;
  /** [batch, 1]: what the row was multiplied by. */
  readonly scale: Tensor2D;
  /** [width, 1], each 1 / width: a product with it is the mean of a row. */
  readonly averager: Tensor2D;
}

/** Root mean square normalisation of rows, without weights of its own: the next layer has them. */
function normalise(tf: Tf, x: Tensor2D): Normalised {
  const width = x.shape[1];
  const averager = tf.tensor2d(new Float32Array(width).fill(1 / width), [width, 1]);
  const scale = tf.rsqrt(tf.add(tf.matMul(tf.mul(x, x) as Tensor2D, averager), epsilon)) as Tensor2D;
  return { normal: tf.mul(x, scale) as Tensor2D, scale, averager };
}

function normaliseBack(tf: Tf, { normal, scale, averager }: Normalised, delta: Tensor2D): Tensor2D {
  const along = tf.matMul(tf.mul(delta, normal) as Tensor2D, averager);
  return tf.mul(tf.sub(delta, tf.mul(normal, along)), scale) as Tensor2D;
}
