import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** `echo-server.js BYTES`: answers every frame with one of so many bytes, and does nothing else. Prints where it is. */
const reply = new Uint8Array(Number(process.argv[2]));
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.send(Uint8Array.of(0x80));
  socket.on('message', () => socket.send(reply));
});
await once(server, 'listening');
console.log(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
