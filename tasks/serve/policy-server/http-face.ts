import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isWelcome } from './access.ts';

const plainText = 'text/plain; charset=utf-8';

/**
 * What is answered besides WebSocket upgrades, as openpi's server does: `/healthz`, 426 for any other GET, silence for other
 * methods. `/metrics` is ours.
 */
export function openHttpFace({ apiKey, metrics }: { apiKey: string | undefined; metrics: () => string }): Server {
  return createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
    if (request.method !== 'GET') request.socket.destroy();
    else if (request.url === '/healthz') answer(response, 200, 'OK\n');
    else if (request.url === '/metrics') answerMetrics(request, response);
    else
      answer(response, 426, 'This is a WebSocket server: connect with a WebSocket client.\n', { upgrade: 'websocket' });
  });

  function answerMetrics(request: IncomingMessage, response: ServerResponse): void {
    if (isWelcome(request, apiKey)) answer(response, 200, metrics(), { 'content-type': 'text/plain; version=0.0.4' });
    else answer(response, 401, 'An API key is needed.\n');
  }
}

function answer(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    'content-type': plainText,
    'content-length': Buffer.byteLength(body),
    connection: headers.upgrade === undefined ? 'close' : 'close, upgrade',
    ...headers,
  });
  response.end(body);
}

/** Answers an upgrade request without upgrading, and hangs up. */
export function refuseUpgrade(socket: Socket, status: string, body: string): void {
  socket.on('error', () => {}); // it may hang up first
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: ${plainText}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
