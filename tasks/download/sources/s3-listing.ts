import { Transient } from '../pacing/retry.ts';

export interface S3Row {
  readonly key: string;
  readonly sizeBytes: number;
  readonly etag: string;
  /** Algorithms of checksums that `HEAD` would tell. */
  readonly algorithms: readonly string[];
}

export interface S3Page {
  readonly rows: readonly S3Row[];
  /** Where the next page starts; absent on the last. */
  readonly next?: string;
}

/**
 * A page of ListObjectsV2 with `encoding-type=url`: elements and text, nothing else.
 *
 * Read by hand because the format is fixed and six elements of it are wanted; whatever is not of it (a cut page, an error in
 * HTML) is refused as worth another try.
 */
export function parseS3Listing(xml: string, from: string): S3Page {
  const root = parseElements(xml);
  const [list] = root;
  if (!list || root.length !== 1 || list.name !== 'ListBucketResult') throw torn(from);
  const rows = childrenOf(list, 'Contents').map((contents): S3Row => {
    const [key, size, etag] = ['Key', 'Size', 'ETag'].map((name) => textOf(contents, name));
    if (key === undefined || etag === undefined || !/^\d+$/.test(size ?? '')) throw torn(from);
    const algorithms = childrenOf(contents, 'ChecksumAlgorithm').map(({ text }) => text);
    return { key: decodeKey(key, from), sizeBytes: Number(size), etag: etag.replaceAll('"', ''), algorithms };
  });
  const isCut = textOf(list, 'IsTruncated') === 'true';
  const next = textOf(list, 'NextContinuationToken');
  if (isCut && next === undefined) throw torn(from);
  return isCut ? { rows, next: next as string } : { rows };

  function torn(where: string): Transient {
    return new Transient(`a page of the listing of ${where} is cut off or no listing`);
  }
}

interface Element {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** Throws `Transient` at the first thing that does not belong. */
function parseElements(xml: string): Element[] {
  const top: Element = { name: '', children: [], text: '' };
  const open = [top];
  const token = /<\?xml[^?]*\?>|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  while (token.lastIndex < xml.length) {
    const match = token.exec(xml);
    const current = open.at(-1);
    if (!match || !current) throw new Transient('a page of a listing is no well-formed XML');
    const [, closing, name, , empty, text] = match;
    if (text !== undefined) current.text += decodeEntities(text);
    else if (name === undefined) continue;
    else if (closing) {
      if (open.pop()?.name !== name) throw new Transient(`</${name}> has no beginning`);
    } else {
      const element: Element = { name, children: [], text: '' };
      current.children.push(element);
      if (!empty) open.push(element);
    }
  }
  if (open.length !== 1) throw new Transient(`<${open.at(-1)?.name}> has no end`);
  return top.children;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]+)|#(\d+)|([a-z]+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? whole;
      return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
    },
  );
}

function decodeKey(key: string, from: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new Transient(`a key in the listing of ${from} cannot be decoded: ${key}`, { cause });
  }
}

function childrenOf(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name);
}

function textOf(element: Element, name: string): string | undefined {
  return childrenOf(element, name)[0]?.text.trim();
}
