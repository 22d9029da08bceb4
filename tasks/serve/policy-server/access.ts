import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Problem } from '../../../cache/problem.ts';

export interface AccessOptions {
  /** The address that is listened on. */
  readonly host: string;
  /** Clients must send `Authorization: Api-Key <key>` when it is set. */
  readonly apiKey?: string | undefined;
  /** Web pages that may use the policy, by the origin that browsers send: `https://lab.example`. Default: none. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Further names by which clients reach this machine. */
  readonly allowHosts?: readonly string[] | undefined;
}

/** What is answered to a request that may not come in. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/**
 * Decides who may come in. A browser lets any page that somebody reads talk to this machine, and says which page it is
 * (`Origin`); a page whose own name was pointed at this machine afterwards (DNS rebinding) still names itself (`Host`). Programs
 * send no origin, and call this machine by an address or by a name of its own.
 */
export class Access {
  readonly #apiKey: string | undefined;
  readonly #origins: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;

  /** Throws `api-key-empty`, `api-key-missing`: whoever can reach the port can use the policy, so other machines may only with a key. */
  constructor({ host, apiKey, allowOrigins = [], allowHosts = [] }: AccessOptions) {
    refuseOpenHost(host, apiKey);
    this.#apiKey = apiKey;
    this.#origins = new Set(allowOrigins.map((origin) => origin.toLowerCase()));
    const own = hostname();
    const names = [host, own, own.split('.')[0] ?? own, ...allowHosts];
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  /** Undefined for who may see that the server is up. */
  refusal({ headers }: IncomingMessage): Refusal | undefined {
    const { origin, host } = headers;
    if (origin !== undefined && !this.#origins.has(origin.toLowerCase())) return foreignOrigin;
    // Whoever knows the key is no page that was led here.
    return this.#isOurs(host) || this.#hasKey(headers.authorization) ? undefined : foreignHost;
  }

  /** Undefined for who may use the policy. */
  refusalToUse(request: IncomingMessage): Refusal | undefined {
    const refused = this.refusal(request);
    if (refused) return refused;
    return this.#apiKey === undefined || this.#hasKey(request.headers.authorization) ? undefined : noKey;
  }

  #hasKey(authorization = ''): boolean {
    if (this.#apiKey === undefined) return false;
    // Digests are of one length, and comparing them tells nothing of the key.
    return timingSafeEqual(digest(authorization), digest(`Api-Key ${this.#apiKey}`));
  }

  /** An address cannot be pointed elsewhere; a name can, unless it is ours. */
  #isOurs(host = ''): boolean {
    const name = /^(\[[\da-f:.]+\]|[\w.-]+?)\.?(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase();
    if (name === undefined) return false;
    if (name.startsWith('[')) return isIP(name.slice(1, -1)) === 6;
    return isIP(name) === 4 || name === 'localhost' || name.endsWith('.localhost') || this.#names.has(name);
  }
}

const foreignOrigin: Refusal = {
  status: 403,
  body: 'Web pages may not use this policy. To let one in, start the server with --allow-origin and its origin.\n',
};
const foreignHost: Refusal = {
  status: 421,
  body: 'This server does not go by the name in the Host header. To let it, start the server with --allow-host and the name.\n',
};
const noKey: Refusal = { status: 401, body: 'An API key is needed.\n' };

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refuseOpenHost(host: string, apiKey: string | undefined): void {
  if (apiKey === '') {
    throw new Problem('api-key-empty', 'The API key is empty.', { hint: 'Set it to a long random text.' });
  }
  if (apiKey !== undefined || isLoopback(host)) return;
  throw new Problem('api-key-missing', `On ${host} other machines could reach the policy, and there is no API key.`, {
    hint: 'Put a key into a variable and name it: --api-key-env POLICY_KEY. Or stay on this machine: --host 127.0.0.1',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
