import { messageOf, Problem } from '../../../cache/problem.ts';
import type { BackendName } from '../../../tasks/models/backend-name.ts';
import type { PolicyServer } from '../../../tasks/serve/policy-server.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { findTarget, type ServeTarget } from '../results/serve-target.ts';

/** How long clients may take for what was accepted before the server was told to end. */
const drainSeconds = 30;

/** Serves a policy until it is told to end. */
export async function serve(io: Io, [checkpoint = '']: readonly string[], options: Options): Promise<number> {
  const { port, host, backend, apiKeyEnv, allowOrigin, allowHost } = options as Options & ServeOptions;
  const apiKey = apiKeyEnv === undefined ? undefined : keyIn(apiKeyEnv);
  const { startPolicyServer } = await import('../../../tasks/serve/policy-server.ts');
  const signals = listenForSignals();
  const target = await findTarget(io, checkpoint);
  try {
    const failures = listenForFailures(io);
    const { onFailure } = failures;
    const { folder } = target;
    const who = { apiKey, allowOrigins: allowOrigin, allowHosts: allowHost };
    const server = await startPolicyServer({ folder, backend, host, port, ...who, onFailure }).catch(
      (error: unknown) => {
        throw ofTheStore(error, target);
      },
    );
    for (const line of await introduction(server, target.title)) io.print(line);
    const code = await Promise.race([signals.first, failures.lost]);
    io.print('Stopping: what was accepted is finished.');
    await Promise.race([server.drain({ withinSeconds: drainSeconds }), signals.second.then(() => server.close())]);
    return code;
  } finally {
    await target.release();
    signals.dispose();
  }
}

/** What is told of a place in the store that is gone when it is read is told of where the policy can be taken out to. */
function ofTheStore(error: unknown, { folder, title, takeOut }: ServeTarget): unknown {
  if (!Problem.is(error) || takeOut === undefined) return error;
  const { code, message, hint, cause } = error;
  const advice = hint?.includes(folder) ? `${takeOut}\n${hint.replaceAll(folder, 'policy')}` : hint;
  return new Problem(code, message.replaceAll(folder, title), { hint: advice, cause });
}

/**
 * Failures that are no client's fault are printed with their stacks. When the policy is lost the program ends, so that whoever
 * started it can start another.
 */
function listenForFailures({ stderr }: Io): { onFailure: (error: unknown) => void; lost: Promise<number> } {
  let giveUp: (code: number) => void;
  const lost = new Promise<number>((resolve) => (giveUp = resolve));
  const onFailure = (error: unknown): void => {
    stderr.write(`error: ${(error instanceof Error && error.stack) || messageOf(error)}\n`);
    if (Problem.is(error) && error.code === 'policy-lost') giveUp(exitCodes.nodeFailed);
  };
  return { onFailure, lost };
}

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly backend: BackendName;
  readonly apiKeyEnv?: string;
  readonly allowOrigin?: readonly string[];
  readonly allowHost?: readonly string[];
}

function keyIn(variable: string): string {
  const key = process.env[variable];
  if (key) return key;
  throw new Problem('secret-missing', `The variable ${variable}, which should hold the API key, is not set.`, {
    hint: `export ${variable}=... # a long random text`,
  });
}

async function introduction({ url, contract }: PolicyServer, title: string): Promise<string[]> {
  const { describeKey, noiseSeedKey } = await import('../../../tasks/serve/policies/request.ts');
  return [
    `Serving ${title}`,
    `  policy   ${contract.title}`,
    `  address  ${url}, by openpi's protocol; /healthz and /metrics by http`,
    ...contract.keys.map((key, i) => `  ${i === 0 ? 'takes  ' : '       '}  ${describeKey(key)}`),
    `           "${noiseSeedKey}", optional: an integer in [0, 2^32) that the noise comes from`,
    `  gives    actions [${contract.actionShape.join(', ')}]`,
  ];
}

/** The first signal asks for an end in good order, and gives its exit code; the second ends it now. */
function listenForSignals() {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const heard: (() => void)[] = [];
  const first = new Promise<number>((resolve) => heard.push(() => resolve(exitCodes.fine)));
  const second = new Promise<void>((resolve) => heard.push(resolve));
  const listener = (): void => heard.shift()?.();
  for (const name of names) process.on(name, listener);
  return { first, second, dispose: () => names.forEach((name) => process.off(name, listener)) };
}
