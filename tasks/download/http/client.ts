import { type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { Transient } from '../pacing/retry.ts';
import { plainAgent, proxyFor, throughProxy, tunnelAgent } from './proxy.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: IncomingMessage;
  /** Where the last redirect led. */
  readonly url: URL;
}

export interface Ask {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const mostRedirects = 8;
const redirects = new Set([301, 302, 303, 307, 308]);
const mostJsonBytes = 256 * 1024 * 1024;

/** Requests over connections that are kept, through the proxies that the environment names. */
export class HttpClient {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #idleSeconds: number;
  readonly #plain = plainAgent({ keepAlive: true });
  readonly #secure = new Agent({ keepAlive: true });
  readonly #tunnels = new Map<string, Agent>();

  /** A connection on which nothing moves for `idleSeconds` counts as dropped. */
  constructor(env: Readonly<Record<string, string | undefined>>, { idleSeconds = 60 }: { idleSeconds?: number } = {}) {
    this.#env = env;
    this.#idleSeconds = idleSeconds;
  }

  /**
   * The answer, of whatever status, after redirects. `authorization` is not sent on to another host.
   *
   * Throws `Transient` when the connection fails; the body fails with `Transient` too.
   */
  async open(address: string | URL, ask: Ask): Promise<Answer> {
    let url = new URL(address);
    let headers = { ...ask.headers };
    for (let hop = 0; hop <= mostRedirects; hop += 1) {
      const answer = await this.#once(url, { ...ask, headers });
      const { location } = answer.headers;
      if (!redirects.has(answer.status) || location === undefined) return answer;
      answer.body.destroy();
      const next = new URL(location, url);
      if (url.protocol === 'https:' && next.protocol !== 'https:') {
        throw new Problem('insecure-redirect', `${url.host} sends on from https to ${next.protocol}//${next.host}.`);
      }
      if (next.origin !== url.origin) headers = withoutSecrets(headers);
      url = next;
    }
    throw new Problem('redirect-loop', `${new URL(address).host} sent on more than ${mostRedirects} times.`);
  }

  /** A whole body as text, for listings. */
  async text(address: string | URL, ask: Ask): Promise<{ answer: Answer; text: string }> {
    const answer = await this.open(address, ask);
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of bodyOf(answer, this.#idleSeconds)) {
      size += part.length;
      if (size > mostJsonBytes) throw new Problem('answer-too-long', `${answer.url.host} sent an endless listing.`);
      parts.push(part);
    }
    return { answer, text: Buffer.concat(parts).toString('utf8') };
  }

  body(answer: Answer): AsyncIterable<Buffer> {
    return bodyOf(answer, this.#idleSeconds);
  }

  #once(url: URL, { method = 'GET', headers, signal }: Ask): Promise<Answer> {
    const secure = url.protocol === 'https:';
    if (!secure && url.protocol !== 'http:')
      throw new Problem('wrong-address', `${url.protocol} is not http or https.`);
    const proxy = proxyFor(url, this.#env);
    const direct = {
      host: bare(url.hostname),
      port: Number(url.port) || (secure ? 443 : 80),
      path: url.pathname + url.search,
    };
    const indirect = proxy && !secure ? throughProxy(url, proxy) : undefined;
    const agent = secure ? (proxy ? this.#tunnel(proxy) : this.#secure) : this.#plain;
    const options = {
      ...(indirect ?? direct),
      method,
      headers: { 'user-agent': 'stet', 'accept-encoding': 'identity', ...headers, ...indirect?.headers },
      agent,
      signal,
      timeout: this.#idleSeconds * 1000,
    };
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(options, (body) => {
        resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url });
      });
      request.once('timeout', () => request.destroy(new Error(`nothing moved for ${this.#idleSeconds} s`)));
      request.on('error', (error) => reject(asTransient(error, url, signal)));
      request.end();
    });
  }

  #tunnel(proxy: URL): Agent {
    const agent = this.#tunnels.get(proxy.href) ?? tunnelAgent(proxy, { keepAlive: true });
    this.#tunnels.set(proxy.href, agent);
    return agent;
  }
}

/** Fails with `Transient` when the connection drops; a body that is shorter than announced counts as dropped. */
async function* bodyOf({ body, url }: Answer, idleSeconds: number): AsyncGenerator<Buffer> {
  body.setTimeout(idleSeconds * 1000, () => body.destroy(new Error(`nothing moved for ${idleSeconds} s`)));
  try {
    for await (const part of body) yield part as Buffer;
  } catch (error) {
    throw asTransient(error, url);
  }
}

function asTransient(error: unknown, url: URL, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (Problem.is(error)) return error;
  const code = (error as { code?: string }).code ?? '';
  // A certificate does not get better by waiting.
  if (/CERT|SIGNATURE|^ERR_TLS/.test(code)) {
    return new Problem(
      'untrusted-server',
      `${url.host} shows a certificate that is not trusted: ${messageOf(error)}.`,
      {
        hint: 'Behind a proxy with a certificate of its own, name its file in NODE_EXTRA_CA_CERTS.',
        cause: error,
      },
    );
  }
  return new Transient(`the connection to ${url.host} failed: ${messageOf(error)}`, { cause: error });
}

function withoutSecrets(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['authorization', 'cookie'].includes(name)));
}

/** `[::1]` is how a URL writes `::1`. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
