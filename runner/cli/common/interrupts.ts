/** The first Ctrl-C asks for an end in good order, the second ends it now. */
export interface Interrupts {
  readonly signal: AbortSignal;
  readonly kill: AbortSignal;
  dispose(): void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `lasting`: jobs run on a cluster, which needs no driver. */
export function listenForInterrupts(say: (message: string) => void, { lasting = false } = {}): Interrupts {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = (name: string): void => {
    if (!first.signal.aborted) {
      first.abort();
      if (lasting) say('Leaving: jobs on the cluster run on.');
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
