import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ObjectServer } from './object-server.ts';

/** A plain web server: lengths, ranges, and ETags or times. */
export class WebServer extends ObjectServer {
  says: 'etag' | 'weak-etag' | 'time' | 'nothing' = 'etag';

  protected override isRead(request: string): boolean {
    return request.startsWith('GET ');
  }

  protected override async answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent(url.pathname.slice(1));
    const held = this.objects.get(name);
    if (!held) return void response.writeHead(404).end();
    const tag = `"${createHash('sha1').update(held.bytes).digest('hex')}"`;
    const headers = {
      etag: { etag: tag },
      'weak-etag': { etag: `W/${tag}` },
      time: { 'last-modified': new Date(held.generation * 1000).toUTCString() },
      nothing: {},
    };
    await this.content(name, held, request, response, headers[this.says]);
  }
}
