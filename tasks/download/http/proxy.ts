import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { Problem } from '../../../cache/problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL by `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, in lower or upper case, as curl reads them.
 * (Node's own requests know no proxies before version 24.)
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const read = (name: string): string | undefined => env[name] || env[name.toUpperCase()] || undefined;
  const address = read(`${url.protocol.slice(0, -1)}_proxy`) ?? read('all_proxy');
  if (address === undefined || isExempt(url, read('no_proxy') ?? '')) return undefined;
  try {
    const proxy = new URL(address.includes('://') ? address : `http://${address}`);
    if (['http:', 'https:'].includes(proxy.protocol)) return proxy;
  } catch {
    // Said below: an address without a meaning, and one of a kind that is not known.
  }
  throw new Problem('wrong-proxy', `The proxy for ${url.host} is neither http:// nor https://.`, {
    hint: 'Correct https_proxy, or exempt the host with no_proxy.',
  });
}

/** An agent that reaches https servers through a tunnel of the proxy's (CONNECT). */
export function tunnelAgent(proxy: URL, options: { keepAlive: boolean }): HttpsAgent {
  type Done = (error: Error | null, socket?: TLSSocket) => void;
  const createConnection = (to: { host: string; port: number; servername?: string }, done: Done): void => {
    const ask = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
    const target = `${to.host}:${to.port}`;
    const tunnel = ask({
      ...hostAndPort(proxy),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...proxyHeaders(proxy) },
      agent: false,
    });
    tunnel.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return done(null, tlsConnect({ ...to, socket, servername: to.servername ?? to.host }));
      socket.destroy();
      done(new Problem('proxy-refused', `The proxy ${proxy.host} answered ${statusCode} when asked for ${target}.`));
    });
    tunnel.once('error', (error) => done(error));
    tunnel.end();
  };
  return Object.assign(new HttpsAgent(options), { createConnection });
}

/** How a plain http request is put to a proxy: to its host, for the whole URL. */
export function throughProxy(url: URL, proxy: URL) {
  return { ...hostAndPort(proxy), path: url.href, headers: { host: url.host, ...proxyHeaders(proxy) } };
}

export function plainAgent(options: { keepAlive: boolean }): HttpAgent {
  return new HttpAgent(options);
}

function hostAndPort({ hostname, port, protocol }: URL): { host: string; port: number } {
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

function proxyHeaders({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** `no_proxy` holds names, each of which stands for itself and all below it, or `*`. */
function isExempt({ hostname, host }: URL, list: string): boolean {
  const rules = list.split(',').map((rule) => rule.trim().replace(/^\*?\./, ''));
  return rules.some((rule) => {
    return rule !== '' && (rule === '*' || rule === hostname || rule === host || hostname.endsWith(`.${rule}`));
  });
}
