import type { Tf } from './tf.ts';

/** Small enough for exact float32 arithmetic: every backend must give these very numbers. */
const expected = { product: [19, 22, 43, 50], gradient: [148, 172, 210, 244] };

/** Runs a product and the gradient that training needs, and says what is wrong with them; undefined when all is well. */
export function probe(tf: Tf): string | undefined {
  const computed = tf.tidy(() => {
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const b = tf.tensor2d([5, 6, 7, 8], [2, 2]);
    const product = tf.matMul(a, b);
    return { product: [...product.dataSync()], gradient: [...tf.matMul(a, product, true, false).dataSync()] };
  });
  const wrong = (['product', 'gradient'] as const).filter((name) => computed[name].join() !== expected[name].join());
  if (wrong.length === 0) return undefined;
  return wrong
    .map((name) => `its ${name} of small matrices is ${computed[name].join(', ')}, not ${expected[name].join(', ')}`)
    .join('; ');
}
