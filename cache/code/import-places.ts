import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sha256 } from './sha256.ts';
import type { Modules } from './typescript-graph.ts';
import { isCode } from './typescript-parse.ts';

/** What decides where imports lead, by path relative to the root. */
export interface Places {
  /** Folders: where they really lie, their code files, and where links in them lead. */
  readonly folders: Readonly<Record<string, string>>;
  /** Manifests that say what `#name` stands for; empty for one that is not there. */
  readonly manifests: Readonly<Record<string, string>>;
}

export function placesOf(root: string, modules: Modules): Places {
  const folders = [
    ...new Set(Object.entries(modules).flatMap(([path, { imports }]) => foldersOf(root, path, imports))),
  ];
  const named = Object.entries(modules).filter(([, { imports }]) => Object.keys(imports).some((one) => one[0] === '#'));
  const manifests = new Set(named.flatMap(([path]) => manifestsAbove(root, dirname(path))));
  return {
    folders: Object.fromEntries(folders.sort().map((folder) => [folder, stateOf(join(root, folder))])),
    manifests: Object.fromEntries([...manifests].sort().map((file) => [file, textOf(join(root, file))])),
  };
}

/** Whether imports still lead where they led. Throws where a folder is gone. */
export function areAsTheyWere(root: string, { folders, manifests }: Places): boolean {
  return (
    Object.entries(folders).every(([folder, state]) => stateOf(join(root, folder)) === state) &&
    Object.entries(manifests).every(([file, text]) => textOf(join(root, file)) === text)
  );
}

/** Where a module and its imports are looked for: those that are written, which links may lead elsewhere. */
function foldersOf(root: string, path: string, imports: Readonly<Record<string, string>>): string[] {
  const written = Object.keys(imports).filter((one) => one.startsWith('.'));
  const targets = written.map((one) => join(dirname(path), one));
  const inside = targets.filter((one) => statSync(join(root, one), { throwIfNoEntry: false })?.isDirectory());
  const above = /(^|\/)index\.[^/]+$/.test(path) ? [dirname(dirname(path))] : [];
  return [dirname(path), ...above, ...targets.map((one) => dirname(one)), ...inside];
}

function stateOf(folder: string): string {
  const lines = readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    if (one.isSymbolicLink()) return [`${one.name} -> ${readlinkSync(join(folder, one.name))}`];
    if (one.name === 'package.json') return [`${one.name} ${textOf(join(folder, one.name))}`];
    return isCode(one.name) || one.name.endsWith('.json') ? [one.name] : [];
  });
  return sha256([realpathSync(folder), ...lines.sort()].join('\n'));
}

/** Up to the first that is there, which may lie above the root. */
function manifestsAbove(root: string, folder: string): string[] {
  const file = join(folder, 'package.json');
  const isLast = existsSync(join(root, file)) || resolve(root, folder) === resolve('/');
  return isLast ? [file] : [file, ...manifestsAbove(root, join(folder, '..'))];
}

const textOf = (file: string): string => (existsSync(file) ? sha256(readFileSync(file)) : '');
