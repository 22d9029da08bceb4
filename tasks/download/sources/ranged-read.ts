import { Problem } from '../../../cache/problem.ts';
import type { HttpClient } from '../http/client.ts';
import { refuseOtherStatus } from '../http/refusals.ts';
import { Transient } from '../pacing/retry.ts';
import type { Opened, RemoteObject } from './source.ts';

interface Request {
  readonly http: HttpClient;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly offset: number;
  readonly signal: AbortSignal;
  /** What the answer's headers say of its content, where that must be the listing's generation. */
  readonly generationOf?: (headers: Readonly<Record<string, string | string[] | undefined>>) => string | undefined;
}

/**
 * Reads an object over HTTP from an offset on.
 *
 * Throws `source-changed` when the server says that the content is no longer what was listed: by status 404, 410 or 412, by
 * another length, or by another generation.
 */
export async function readRange(
  object: RemoteObject,
  { http, url, headers, offset, signal, generationOf }: Request,
): Promise<Opened> {
  const range: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
  const answer = await http.open(url, { headers: { ...headers, ...range }, signal });
  if ([404, 410, 412].includes(answer.status)) {
    answer.body.destroy();
    throw changed(object, `the server answered ${answer.status}`);
  }
  refuseOtherStatus(answer, offset > 0 ? [200, 206] : [200], object.name);

  const now = generationOf?.(answer.headers);
  if (now !== undefined && object.generation !== undefined && now !== object.generation) {
    answer.body.destroy();
    throw changed(object, `${object.generation} became ${now}`);
  }
  const { start, size } = extentOf(answer.status, answer.headers);
  if (size !== undefined && size !== object.sizeBytes) {
    answer.body.destroy();
    throw changed(object, `${object.sizeBytes} bytes became ${size}`);
  }
  if (start !== 0 && start !== offset) {
    answer.body.destroy();
    throw new Transient(`${url.host} sent bytes from ${start} when asked for those from ${offset}`);
  }
  return { offset: start, body: http.body(answer) };
}

function extentOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): { start: number; size: number | undefined } {
  if (status === 206) {
    const [, start, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(headers['content-range'])) ?? [];
    if (start === undefined)
      throw new Transient(`a part came without saying which: ${String(headers['content-range'])}`);
    return { start: Number(start), size: size === '*' ? undefined : Number(size) };
  }
  const length = headers['content-length'];
  return { start: 0, size: length === undefined ? undefined : Number(length) };
}

function changed({ name }: RemoteObject, how: string): Problem {
  return new Problem('source-changed', `${name} was changed at its source after it was listed: ${how}.`, {
    hint: 'Run again, once nobody writes there: what is still the same is not fetched twice.',
  });
}
