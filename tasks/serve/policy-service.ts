import { once } from 'node:events';
import { service } from '../core/service.ts';
import { policy } from '../kinds/policy.ts';
import { backendName } from '../models/backend-name.ts';
import { backendNeeds } from '../models/backend/backend-needs.ts';

/** How long clients may take for what was accepted before the server was told to end. */
const drainSeconds = 5;

/**
 * A trained policy behind openpi's WebSocket protocol, for as long as tasks need it: `pipeline serve` as a service of the graph.
 * Its url begins with `ws`. Only this machine can connect.
 */
export const policyServer = service({
  name: 'policy-server',
  inputs: { policy, backend: backendName.default('wasm') },
  scheme: 'ws',
  ready: { http: '/healthz', withinSeconds: 120 },
  needs: backendNeeds,
  observe: async ({ backend }) => {
    const { describeBackend } = await import('../models/backend/open-backend.ts');
    return describeBackend(backend);
  },
  run: async ({ policy: { path: folder }, backend }, port, { signal }) => {
    const { Problem } = await import('../../cache/problem.ts');
    const { startPolicyServer } = await import('./policy-server.ts');
    // A thread is started by the place of its module; imported once, the module counts as code and is there in frozen copies.
    await import('./policy-server/inference-worker.ts');
    let lose: (error: unknown) => void = () => {};
    const lost = new Promise<never>((_, reject) => (lose = reject));
    const onFailure = (error: unknown): void => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      if (Problem.is(error) && error.code === 'policy-lost') lose(error);
    };
    const server = await startPolicyServer({ folder, backend, port, onFailure });
    process.stdout.write(`${server.contract.title} at ${server.url}\n`);
    await Promise.race([signal.aborted ? undefined : once(signal, 'abort'), lost]);
    await server.drain({ withinSeconds: drainSeconds });
  },
});
