import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { BackendName } from '../models/backend-name.ts';
import { openServable } from './policies/open-servable.ts';
import type { Contract } from './policies/servable.ts';
import { Access } from './policy-server/access.ts';
import { Batcher, type BatcherLimits } from './policy-server/batcher.ts';
import { Connection, type ConnectionTools } from './policy-server/connection.ts';
import { HeldBytes, type HeldLimits } from './policy-server/held-bytes.ts';
import { openHttpFace, refuseUpgrade } from './policy-server/http-face.ts';
import { startInference } from './policy-server/inference.ts';
import { Metrics } from './policy-server/metrics.ts';
import { openSockets } from './policy-server/sockets.ts';

export interface PolicyServerOptions {
  /** A checkpoint folder of format `flow-policy/1` or `onnx-policy/1`, or whose `params` are of `arm-policy/1`. */
  readonly folder: string;
  readonly backend: BackendName;
  /** By default this machine only; other addresses need a key. */
  readonly host?: string;
  /** 0 takes any that is free. */
  readonly port?: number;
  /** Clients must send `Authorization: Api-Key <key>` when it is set. */
  readonly apiKey?: string | undefined;
  /** Web pages that may use the policy, by their origins. Default: none. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Names by which clients reach this machine, beside its own name, `localhost` and addresses. */
  readonly allowHosts?: readonly string[] | undefined;
  readonly limits?: Partial<ServerLimits>;
  /** Told of failures that are no fault of a request. After `policy-lost` nothing can be answered any more. */
  readonly onFailure?: (error: unknown) => void;
}

export interface ServerLimits extends BatcherLimits, HeldLimits {
  /** Clients at one time; more are refused. */
  readonly maxConnections: number;
  /** Bytes of one frame, and of those that wait on one connection. openpi's server has no limit; an observation with four images of 640 x 480 is under 4 MiB. */
  readonly maxFrameBytes: number;
  /** Between pings, and how long an answer may take. */
  readonly pingSeconds: number;
}

const usualLimits: ServerLimits = {
  maxBatch: 64,
  maxWaiting: 256,
  maxFrameBytes: 64 << 20,
  maxHeldBytes: 256 << 20,
  maxConnections: 512,
  frameSeconds: 30,
  pingSeconds: 20,
};

/** Beyond its clients, so many may ask for health and metrics, or have said nothing yet. */
const mostOthers = 64;

export interface PolicyServer {
  /** `ws://…`, as clients take it. */
  readonly url: string;
  readonly contract: Contract;
  /** Takes nothing new, answers what has come, says goodbye to all clients, and ends. Who has not left by then is cut off. */
  drain(options: { withinSeconds: number }): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
}

/**
 * Serves a policy by openpi's WebSocket protocol: real clients of openpi work unchanged. The policy runs in a thread of its
 * own, so that pings, health and other clients go on while it computes; requests that wait are inferred together.
 *
 * The port opens when the policy is loaded. Throws `not-servable`, `port-taken`, `api-key-missing`.
 */
export async function startPolicyServer(options: PolicyServerOptions): Promise<PolicyServer> {
  const { folder, backend, host = '127.0.0.1', port = 8000, onFailure = () => {} } = options;
  const limits = { ...usualLimits, ...options.limits };
  const access = new Access({ ...options, host });
  const { contract } = await openServable(folder, backend);
  const metrics = new Metrics();
  const inference = await startInference({ servableFolder: folder, backend }, () => metrics.threadRestarted());
  const maxBatch = Math.min(limits.maxBatch, contract.maxBatch ?? limits.maxBatch);
  const batcher = new Batcher(inference, { ...limits, maxBatch }, metrics);
  const connections = new Map<WebSocket, Connection>();
  const numbers = () => ({ waiting: batcher.length, connections: connections.size });
  const http = openHttpFace({ access, metrics: () => metrics.text(numbers()) });
  const { pingSeconds, maxFrameBytes } = limits;
  const tools: ConnectionTools = { contract, batcher, metrics, onFailure, pingSeconds, maxBytesAhead: maxFrameBytes };
  const sockets = openSockets(maxFrameBytes);
  const held = new HeldBytes(limits);
  http.maxConnections = limits.maxConnections + mostOthers;
  let isDraining = false;

  http.on('upgrade', (request, socket: Socket, head) => {
    const isHealth = request.url === '/healthz';
    const refusal = isHealth ? access.refusal(request) : access.refusalToUse(request);
    if (refusal) return refuseUpgrade(socket, refusal);
    if (isHealth) return refuseUpgrade(socket, { status: 200, body: 'OK\n' });
    if (isDraining) return refuseUpgrade(socket, { status: 503, body: 'The server is shutting down.\n' });
    if (connections.size >= limits.maxConnections) return refuseUpgrade(socket, crowded);
    sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = new Connection(client, tools);
      connections.set(client, connection);
      held.watch(client, socket, () => connection.bytesWaiting);
      client.on('close', () => connections.delete(client));
    });
  });

  const end = async (): Promise<void> => {
    held.close();
    for (const client of connections.keys()) client.terminate();
    http.closeAllConnections();
    http.close();
    await inference.close();
  };
  try {
    await listen(http, host, port);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url: urlOf(http),
    contract,
    async drain({ withinSeconds }) {
      isDraining = true;
      http.close();
      const left = Promise.all([...connections.keys()].map(closed));
      for (const connection of connections.values()) connection.drain();
      await Promise.race([left, delay(withinSeconds)]);
      await end();
    },
    close: end,
  };
}

const crowded = { status: 503, body: 'This server has as many clients as it takes.\n' };

function closed(client: WebSocket): Promise<void> {
  return new Promise((resolve) => void client.once('close', () => resolve()));
}

async function listen(http: Server, host: string, port: number): Promise<void> {
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (isTaken) {
      throw new Problem('port-taken', `Port ${port} on ${host} is taken.`, { hint: `--port ${port + 1}`, cause });
    }
    throw new Problem('cannot-listen', `Cannot listen on ${host}:${port}: ${messageOf(cause)}.`, { cause });
  }
}

function urlOf(http: Server): string {
  const { address, family, port } = http.address() as AddressInfo;
  return `ws://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function delay(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000).unref();
  });
}
