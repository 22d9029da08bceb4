import { messageOf, Problem } from '../../cache/problem.ts';
import type { BackendName } from '../../tasks/models/backend-name.ts';
import type { PolicyServer } from '../../tasks/serve/policy-server.ts';
import { exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';
import type { Options } from './options.ts';
import { findTarget } from './serve-target.ts';

/** How long clients may take for what was accepted before the server was told to end. */
const drainSeconds = 30;

/** Serves a policy until it is told to end. */
export async function serve(io: Io, [given = '']: readonly string[], options: Options): Promise<number> {
  const { port, host, backend, apiKeyEnv } = options as Options & ServeOptions;
  const key = apiKeyEnv === undefined ? {} : { apiKey: keyIn(apiKeyEnv) };
  const { startPolicyServer } = await import('../../tasks/serve/policy-server.ts');
  const signals = listenForSignals();
  const target = await findTarget(io, given);
  try {
    const server = await startPolicyServer({ folder: target.folder, backend, host, port, ...key, onFailure: tell(io) });
    for (const line of await introduction(server, target.title)) io.print(line);
    await signals.first;
    io.print('Stopping: what was accepted is finished.');
    await Promise.race([server.drain({ withinSeconds: drainSeconds }), signals.second.then(() => server.close())]);
    return exitCodes.fine;
  } finally {
    await target.release();
    signals.dispose();
  }
}

/** Failures that are no client's fault, with their stacks: they are for whoever runs the server. */
function tell({ stderr }: Io): (error: unknown) => void {
  return (error) => stderr.write(`error: ${(error instanceof Error && error.stack) || messageOf(error)}\n`);
}

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly backend: BackendName;
  readonly apiKeyEnv?: string;
}

function keyIn(variable: string): string {
  const key = process.env[variable];
  if (key) return key;
  throw new Problem('secret-missing', `The variable ${variable}, which should hold the API key, is not set.`, {
    hint: `export ${variable}=... # a long random text`,
  });
}

async function introduction({ url, contract }: PolicyServer, title: string): Promise<string[]> {
  const { describeKey, noiseSeedKey } = await import('../../tasks/serve/policies/request.ts');
  return [
    `Serving ${title}`,
    `  policy   ${contract.title}`,
    `  address  ${url}, by openpi's protocol; /healthz and /metrics by http`,
    ...contract.keys.map((key, i) => `  ${i === 0 ? 'takes  ' : '       '}  ${describeKey(key)}`),
    `           "${noiseSeedKey}", optional: an integer in [0, 2^32) that the noise comes from`,
    `  gives    actions [${contract.actionShape.join(', ')}]`,
  ];
}

/** The first signal asks for an end in good order, the second ends it now. */
function listenForSignals() {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let count = 0;
  const heard: (() => void)[] = [];
  const nth = (n: number): Promise<void> => new Promise((resolve) => (heard[n] = resolve));
  const [first, second] = [nth(0), nth(1)];
  const listener = (): void => {
    heard[count]?.();
    count += 1;
  };
  for (const name of names) process.on(name, listener);
  return { first, second, dispose: () => names.forEach((name) => process.off(name, listener)) };
}
