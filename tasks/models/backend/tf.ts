/** The functional surface of TF.js. */
export type Tf = typeof import('@tensorflow/tfjs-core');
