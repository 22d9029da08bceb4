import { resolve } from 'node:path';
import { z } from 'zod';
import { service } from '../core/service.ts';
import { program, uncounted } from '../core/task.ts';
import { policy, refuseOtherThanOpenpi } from '../kinds/policy.ts';
import { checkoutDigests } from '../models/openpi-checkout.ts';

/**
 * A policy of openpi's, served by its own `scripts/serve_policy.py` on one GPU, in a checkout of the user's. It listens on all
 * addresses and checks no key.
 *
 * The model is loaded before the port opens: the first time, weights may have to be fetched.
 */
export const openpiServer = service({
  name: 'openpi-server',
  inputs: {
    /** A checkout of openpi. Its place does not count; what `scripts/serve_policy.py` uses of it and its lock file do. */
    openpi: uncounted(z.string().min(1)),
    /** A name of src/openpi/training/config.py: that which the checkpoint was trained with. */
    config: z
      .string()
      .regex(/^[A-Za-z0-9_]+$/, { error: 'names of configurations have letters, digits and underscores' }),
    /** A step of openpi's trainer, also a packaged one, or a folder like that. */
    policy,
    /** For requests that bring no prompt. */
    defaultPrompt: z.string().min(1).optional(),
  },
  inherits: [
    ...['OPENPI_DATA_HOME', 'HF_HOME', 'UV_CACHE_DIR', 'UV_PROJECT_ENVIRONMENT', 'UV_OFFLINE'],
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'SSL_CERT_FILE'],
  ],
  needs: [program('uv', 'Install uv (https://docs.astral.sh/uv) and put it on PATH.')],
  observe: ({ openpi, config }) => checkoutDigests(openpi, { script: 'scripts/serve_policy.py', config }),
  cwd: ({ openpi }) => resolve(openpi),
  resources: { gpus: 1, cpus: 4 },
  scheme: 'ws',
  ready: { http: '/healthz', withinSeconds: 1800 },
  // Options of the program stand before the word `policy:checkpoint`, those of the policy after it; else it refuses them.
  command: ({ config, policy: served, defaultPrompt }, port) => {
    refuseOtherThanOpenpi(served);
    return [
      ...['uv', 'run', 'scripts/serve_policy.py', `--port=${port}`],
      ...(defaultPrompt === undefined ? [] : [`--default-prompt=${defaultPrompt}`]),
      ...['policy:checkpoint', `--policy.config=${config}`, `--policy.dir=${served.path}`],
    ];
  },
});
