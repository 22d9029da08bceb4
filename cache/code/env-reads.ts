import { SourceMap, type SourceMapPayload } from 'node:module';
import type { EnvRead, Modules, Texts } from './typescript-graph.ts';
import { ofCode, transpile } from './typescript-parse.ts';

/** Stands for `process.env` in what is searched: a text or a comment that says it is none. */
const marker = '__stet_env__';
const spellings = ['process.env', 'globalThis.process.env', 'global.process.env'];

/** The modules with where each reads the environment. */
export function withEnvReads<M extends { readonly modules: Modules; readonly texts: Texts }>(parsed: M): M {
  const suspects = [...ofCode(parsed.texts)].filter(([, text]) => text.includes('process') && text.includes('env'));
  const reads = envReads(new Map(suspects));
  const modules = Object.entries(parsed.modules).map(([path, module]) => {
    return [path, { ...module, env: reads.get(path) ?? [] }] as const;
  });
  return { ...parsed, modules: Object.fromEntries(modules) };
}

function envReads(texts: Texts): Map<string, EnvRead[]> {
  const define = Object.fromEntries(spellings.map((spelling) => [spelling, marker]));
  const code = transpile(texts, { define, sourcemap: 'inline', sourcesContent: false, logOverride: quiet });
  return new Map([...code].map(([path, text]) => [path, readsIn(text)]));
}

/** What esbuild would say of a `define` that is assigned to. */
const quiet = { 'assign-to-define': 'silent' } as const;

function readsIn(text: string): EnvRead[] {
  const lineOf = lines(text);
  const reads = spelledIn(text).flatMap(({ at, end }) =>
    namesAt(text, at, end).map((name): EnvRead => ({ ...(name === undefined ? {} : { name }), line: lineOf(at) })),
  );
  const once = new Map(reads.map((read) => [`${read.name} ${read.line}`, read]));
  return [...once.values()].sort((a, b) => a.line - b.line);
}

interface Spelled {
  readonly at: number;
  readonly end: number;
}

/** Every place at which the environment stands, under whatever name the module has it. */
function spelledIn(text: string): Spelled[] {
  const whole = [marker, ...importedAs(text).map((name) => `${name}\\.env`)].flatMap((name) => occurrences(text, name));
  const alone = envImportedAs(text).flatMap((name) => occurrences(text, name));
  return [...whole, ...alone.filter(({ at, end }) => accessAt(text, end) !== undefined || isTakenApart(text, at))];
}

const importOfProcess =
  /\bimport\s*(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s*([\w$]+)\s*)?(?:\{([^}]*)\}\s*)?from\s*["'](?:node:)?process["']/g;

/** `process`, where it is imported: then it is a name like any other. */
function importedAs(text: string): string[] {
  return [...text.matchAll(importOfProcess)].flatMap(([, own, all]) => [own, all].filter((name) => name !== undefined));
}

function envImportedAs(text: string): string[] {
  return [...text.matchAll(importOfProcess)].flatMap(([, , , names = '']) => {
    const [found, other] = /\benv\b(?:\s+as\s+([\w$]+))?/.exec(names) ?? [];
    return found === undefined ? [] : [other ?? 'env'];
  });
}

function occurrences(text: string, pattern: string): Spelled[] {
  const all = text.matchAll(new RegExp(`(?<![\\w$.'"])${pattern}(?![\\w$:'"])`, 'g'));
  return [...all].map((match) => ({ at: match.index, end: match.index + match[0].length }));
}

/** Names that are read at a place; undefined for one that is worked out, and for all of them. What is written is not read. */
function namesAt(text: string, at: number, end: number): (string | undefined)[] {
  const access = accessAt(text, end);
  if (access) return /^\s*=(?!=)/.test(text.slice(access.end, access.end + 20)) ? [] : [access.name];
  if (!isTakenApart(text, at)) return [undefined];
  const [, taken = ''] = apart.exec(text.slice(Math.max(0, at - 500), at)) ?? [];
  return taken.split(',').flatMap((part) => /^\s*([A-Za-z_$][\w$]*)/.exec(part)?.[1] ?? []);
}

/** `.NAME` or `["NAME"]` behind a place. */
function accessAt(text: string, end: number): { name: string; end: number } | undefined {
  const match = /^(?:\s*\??\.\s*([A-Za-z_$][\w$]*)|\s*(?:\?\.)?\[\s*["']([^"']+)["']\s*\])/.exec(
    text.slice(end, end + 200),
  );
  const name = match?.[1] ?? match?.[2];
  return match && name !== undefined ? { name, end: end + match[0].length } : undefined;
}

/** `const { NAME, OTHER } = ` before a place. */
const apart = /\{([^{}]*)\}\s*=\s*$/;

function isTakenApart(text: string, at: number): boolean {
  return apart.test(text.slice(Math.max(0, at - 500), at));
}

/** The line of a position in the source, by the map at the end of the text. */
function lines(text: string): (at: number) => number {
  const encoded = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(text)?.[1] ?? '';
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as SourceMapPayload);
  return (at) => {
    const before = text.slice(0, at).split('\n');
    const entry = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
    return 'originalLine' in entry ? entry.originalLine + 1 : 1;
  };
}
