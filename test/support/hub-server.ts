import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Held, ObjectServer } from './object-server.ts';

/** The Hugging Face hub's HTTP API for one repository: revisions, trees by page, and files; large ones lie on another host. */
export class HubServer extends ObjectServer {
  readonly repo: string;
  readonly type: 'datasets' | 'models';
  commit = createHash('sha1').update('first').digest('hex');
  /** Let in only with this token. */
  token: string | undefined;
  gated = false;
  /** Files of at least so many bytes are LFS files, behind a redirect. */
  lfsBytes = 1000;
  /** Where LFS files are; on loopback, the same server under its other name. */
  redirects = 0;

  constructor(type: 'datasets' | 'models', repo: string) {
    super();
    this.type = type;
    this.repo = repo;
  }

  protected override isRead(request: string): boolean {
    return /\/(resolve|cdn)\//.test(request);
  }

  protected override async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cdn = /^\/cdn\/(.+)$/.exec(url.pathname);
    if (cdn) return this.#file(decodeURIComponent(cdn[1] ?? ''), request, response);
    const isListing = url.pathname.startsWith('/api/');
    if (
      this.token !== undefined &&
      !(this.gated && isListing) &&
      request.headers.authorization !== `Bearer ${this.token}`
    ) {
      const code = this.gated ? 'GatedRepo' : 'RepoNotFound';
      return void response.writeHead(this.gated ? 403 : 401, { 'x-error-code': code }).end('{"error":"no"}');
    }
    const api = `/api/${this.type}/${this.repo}`;
    const revision = new RegExp(`^${api}/revision/(.+)$`).exec(url.pathname)?.[1];
    if (revision !== undefined) return this.page(response, JSON.stringify({ id: this.repo, sha: this.commit }), json);
    const tree = new RegExp(`^${api}/tree/${this.commit}(?:/(.*))?$`).exec(url.pathname);
    if (tree) return this.#tree(decodeURIComponent(tree[1] ?? ''), url, response);
    const root = `${this.type === 'datasets' ? '/datasets' : ''}/${this.repo}/resolve/${this.commit}/`;
    if (!url.pathname.startsWith(root))
      return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
    const name = decodeURIComponent(url.pathname.slice(root.length));
    if ((this.objects.get(name)?.bytes.length ?? 0) < this.lfsBytes) return this.#file(name, request, response);
    this.redirects += 1;
    const other = this.url.replace('127.0.0.1', 'localhost');
    response.writeHead(302, { location: `${other}/cdn/${encodeURIComponent(name)}` }).end();
  }

  async #file(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const held = this.objects.get(name);
    if (!held) return void response.writeHead(404).end();
    await this.content(name, held, request, response);
  }

  #tree(folder: string, url: URL, response: ServerResponse): void {
    const names = [...this.objects.keys()].filter((name) => folder === '' || name.startsWith(`${folder}/`)).sort();
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const rows: object[] = names
      .slice(start, start + this.pageSize)
      .map((name) => this.#row(name, this.objects.get(name) as Held));
    if (start === 0) rows.unshift({ type: 'directory', oid: '0'.repeat(40), size: 0, path: 'data' });
    const next = start + this.pageSize;
    const more = `<${this.url}${url.pathname}?recursive=true&cursor=${next}>; rel="next"`;
    this.page(response, JSON.stringify(rows), { ...json, ...(next < names.length ? { link: more } : {}) });
  }

  #row(path: string, { bytes }: Held): object {
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    const row = { type: 'file', oid, size: bytes.length, path };
    if (bytes.length < this.lfsBytes) return row;
    return {
      ...row,
      oid: '1'.repeat(40),
      lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 },
    };
  }
}

const json = { 'content-type': 'application/json' };
