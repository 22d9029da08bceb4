import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { Problem } from '../../cache/problem.ts';

/** So many ports are looked at before the search for one that is not ours already is given up. */
const mostTries = 100;

/** A port of the loopback address on which nobody listens now; none of `taken`. */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (let i = 0; i < mostTries; i += 1) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address !== null && typeof address === 'object' && !taken.has(address.port)) return address.port;
  }
  throw new Problem('no-free-port', 'This machine has no free port for a service.');
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
