import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { Problem } from '../../cache/problem.ts';

/** So many ports are looked at before the search for one that is not ours already is given up. */
const mostLooks = 100;

/** The ports of the loopback address that servers of ours have, whether they listen there yet or not. */
export class Ports {
  readonly #taken = new Set<number>();

  /** One on which nobody listens now; no other server of ours gets it before it is released. */
  async take(): Promise<number> {
    for (let i = 0; i < mostLooks; i += 1) {
      const listener = createServer();
      listener.listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const address = listener.address();
      listener.close();
      await once(listener, 'close');
      if (address === null || typeof address !== 'object' || this.#taken.has(address.port)) continue;
      this.#taken.add(address.port);
      return address.port;
    }
    throw new Problem('no-free-port', 'This machine has no free port for a service.');
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}

/** Whether anybody listens there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.setTimeout(2000, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
