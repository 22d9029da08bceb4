import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Access, Refusal } from './access.ts';

const plainText = 'text/plain; charset=utf-8';

/** So long a request may take to come, and a connection to send one, in milliseconds; looked at every second. */
const requestMs = 10_000;

/**
 * What is answered besides WebSocket upgrades, as openpi's server does: `/healthz`, 426 for any other GET, silence for other
 * methods. `/metrics` is ours, and so is the refusal of web pages and foreign names.
 */
export function openHttpFace({ access, metrics }: { access: Access; metrics: () => string }): Server {
  const timing = { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: 1000 };
  return createServer(timing, (request, response) => {
    if (request.method !== 'GET') request.socket.destroy();
    else if (request.url === '/metrics') answerMetrics(request, response);
    else {
      const refusal = access.refusal(request);
      if (refusal) refuse(response, refusal);
      else if (request.url === '/healthz') answer(response, 200, 'OK\n');
      else answer(response, 426, 'This is a WebSocket server: connect with a WebSocket client.\n', upgrade);
    }
  });

  function answerMetrics(request: IncomingMessage, response: ServerResponse): void {
    const refusal = access.refusalToUse(request);
    if (refusal) refuse(response, refusal);
    else answer(response, 200, metrics(), { 'content-type': 'text/plain; version=0.0.4' });
  }
}

const upgrade = { upgrade: 'websocket', connection: 'close, upgrade' };

function refuse(response: ServerResponse, { status, body }: Refusal): void {
  answer(response, status, body);
}

function answer(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    'content-type': plainText,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...headers,
  });
  response.end(body);
}

/** Answers an upgrade request without upgrading, and hangs up. */
export function refuseUpgrade(socket: Socket, { status, body }: Refusal): void {
  socket.on('error', () => {}); // it may hang up first
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: ${plainText}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
