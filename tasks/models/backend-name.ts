import { z } from 'zod';

/**
 * What does the arithmetic of TF.js. Backends differ in their last bits, so the name is an input of a task; `auto` takes
 * the first that works of `node-gpu`, `node`, `wasm`, `cpu`, and what it took is part of the recipe.
 */
export const backendName = z.enum(['wasm', 'cpu', 'node', 'node-gpu', 'auto']);
export type BackendName = z.output<typeof backendName>;
export type ConcreteBackend = Exclude<BackendName, 'auto'>;
