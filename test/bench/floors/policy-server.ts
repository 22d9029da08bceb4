import { startPolicyServer } from '../../../tasks/serve/policy-server.ts';

/** `policy-server.js CHECKPOINT MAX_BATCH`: a policy server of its own. Prints where it is. */
const [folder = '', maxBatch] = process.argv.slice(2);
const limits = { maxBatch: Number(maxBatch) };
console.log((await startPolicyServer({ folder, backend: 'wasm', port: 0, limits })).url);
