/** The first Ctrl-C asks for an end in good order, the second ends it now. */
export interface Interrupts {
  readonly signal: AbortSignal;
  readonly kill: AbortSignal;
  dispose(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `lastingOn`: where jobs run on without a driver, as people say it. */
export function listenForInterrupts(
  say: (message: string) => void,
  { lastingOn }: { lastingOn?: string | undefined } = {},
): Interrupts {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = (name: string): void => {
    if (!first.signal.aborted) {
      first.abort();
      if (lastingOn !== undefined) say(`Leaving: jobs on ${lastingOn} run on.`);
      else
        say(
          name === 'SIGINT'
            ? 'Stopping: jobs are told to end. Press Ctrl-C again to end them now.'
            : 'Stopping: jobs are told to end.',
        );
      return;
    }
    second.abort();
  };
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: first.signal,
    kill: second.signal,
    dispose: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
