import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { digestJson } from '../../cache/digest.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import { readRegular } from '../../cache/regular-file.ts';
import { writeWhole } from '../../cache/write-whole.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import type { Session } from './session.ts';

/** A check that goes on beside what else there is to do. */
export interface TypeCheck {
  /** Waits for it. Throws `types-do-not-fit` with what the compiler finds. */
  refuse(): Promise<void>;
}

/** So many findings are told; the rest is a number. */
const mostTold = 10;

/**
 * Checks the types of a pipeline and of all that it imports, by the TypeScript of the project, in a process of its own. What was
 * found is kept until code, lock file or `tsconfig.json` change. Where there is no TypeScript, that is said once for each version
 * of the code.
 */
export function checkTypes(session: CheckedSession, say: (message: string) => void): TypeCheck {
  const { loaded, storeRoot } = session;
  if (!/\.[cm]?ts$/.test(loaded.file) || !relative(packageRoot(), loaded.file).startsWith('..')) return nothingToDo;
  const kept = join(storeRoot, 'code', `types-${digestJson([loaded.root, loaded.file]).slice(7, 39)}.json`);
  const key = digestJson([loaded.graphDigest, ...contextOf(loaded.root)]);
  const known = readKept(kept, key);
  if (known?.findings) return found(known.findings);
  const compiler = compilerFor(loaded.root);
  if (compiler === undefined) {
    if (!known) say('Types are not checked: there is no TypeScript here (npm install --save-dev typescript).');
    if (!known) keep(kept, { key });
    return nothingToDo;
  }
  const findings = runCompiler(compiler, session);
  findings.catch(() => {}); // thrown where it is waited for
  return {
    refuse: async () => {
      const all = await findings;
      if (typeof all === 'string') say(`Types could not be checked: ${all}`);
      else {
        keep(kept, { key, findings: all });
        await found(all).refuse();
      }
    },
  };
}

type CheckedSession = Pick<Session, 'storeRoot'> & {
  readonly loaded: Pick<Session['loaded'], 'file' | 'root' | 'graphDigest'>;
};

const nothingToDo: TypeCheck = { refuse: () => Promise.resolve() };

function found(findings: readonly string[]): TypeCheck {
  if (findings.length === 0) return nothingToDo;
  const more = findings.length - mostTold;
  const told = [...findings.slice(0, mostTold), ...(more > 0 ? [`… and ${more} more`] : [])];
  return {
    refuse: () => {
      throw new Problem('types-do-not-fit', told.join('\n'), {
        hint: 'TypeScript says so. Correct it, or run it as it is with --no-types.',
      });
    },
  };
}

interface Kept {
  readonly key: string;
  /** Absent where there was no compiler. */
  readonly findings?: readonly string[];
}

function readKept(file: string, key: string): Kept | undefined {
  try {
    const kept = JSON.parse(readRegular(file)) as Partial<Kept>;
    const isWhole = kept.findings?.every((line) => typeof line === 'string') ?? true;
    return kept.key === key && isWhole ? (kept as Kept) : undefined;
  } catch {
    return undefined; // never checked, or damaged: it is checked again
  }
}

/** Without it, it is checked again the next time. */
function keep(file: string, kept: Kept): void {
  try {
    writeWhole(file, JSON.stringify(kept));
  } catch (error) {
    if (!Problem.is(error)) throw error;
  }
}

const lockFiles = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock'];

/** What decides besides the code: versions of packages, and settings of the compiler. */
function contextOf(root: string): string[] {
  const config = nearest(root, ['tsconfig.json']);
  return [
    nearest(root, lockFiles),
    ...(config ? [config, ...extendedBy(config)] : []),
    join(packageRoot(), 'package.json'),
  ]
    .filter((path) => path !== undefined)
    .map((path) => digestJson([path, textOf(path)]));
}

/** The first of these files at a folder or above it. */
function nearest(root: string, names: readonly string[]): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}

/** Files that a configuration extends; those of packages come with the lock file. */
function extendedBy(config: string): string[] {
  const [, one] = /"extends"\s*:\s*"(\.[^"]*)"/.exec(textOf(config)) ?? [];
  if (one === undefined) return [];
  const path = resolve(dirname(config), one.endsWith('.json') ? one : `${one}.json`);
  return [path, ...(path === config ? [] : extendedBy(path))];
}

function textOf(path: string): string {
  try {
    return readRegular(path);
  } catch {
    return ''; // gone meanwhile, or of no use to the compiler either
  }
}

/** The program of the project's own TypeScript. */
function compilerFor(root: string): string | undefined {
  try {
    const manifest = createRequire(join(root, 'package.json')).resolve('typescript/package.json');
    const { bin } = JSON.parse(readRegular(manifest)) as { bin?: { tsc?: string } };
    return bin?.tsc === undefined ? undefined : join(dirname(manifest), bin.tsc);
  } catch {
    return undefined; // none is installed
  }
}

/** What it finds in code of the project; in words why it could not look. */
async function runCompiler(compiler: string, { loaded, storeRoot }: CheckedSession): Promise<string[] | string> {
  const { execa } = await import('execa');
  const folder = mkdtempSync(join(storeRoot, 'tmp', 'types-'));
  try {
    const config = join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify(settingsFor(loaded)));
    const ended = await execa(process.execPath, [compiler, '--project', config, '--pretty', 'false'], {
      cwd: loaded.root,
      reject: false,
      stdin: 'ignore',
    });
    if (ended.exitCode === 0) return [];
    const findings = findingsIn(ended.stdout);
    const ofSettings = findings.find((finding) => /^[^:]*\.json:/.test(finding));
    if (ofSettings !== undefined) return ofSettings;
    if (findings.length > 0) return findings.filter(isOfCode);
    return ended.stdout.split('\n')[0] || ended.stderr.split('\n')[0] || messageOf(ended);
  } catch (error) {
    return messageOf(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The project's settings where it has some, without those that are a matter of taste or of what is written. */
function settingsFor({ file, root }: CheckedSession['loaded']): object {
  const own = nearest(root, ['tsconfig.json']);
  const types = typeRoots(root);
  return {
    ...(own === undefined ? {} : { extends: own }),
    compilerOptions: {
      ...(own === undefined ? usual : {}),
      ...(own !== undefined && /"typeRoots"/.test([own, ...extendedBy(own)].map(textOf).join(''))
        ? {}
        : { typeRoots: types }),
      ...(own === undefined ? { types: types.some((place) => existsSync(join(place, 'node'))) ? ['node'] : [] } : {}),
      rootDir: '/',
      noEmit: true,
      composite: false,
      incremental: false,
      declaration: false,
      isolatedDeclarations: false,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    files: [file],
    include: ['', 'types', '@types'].map((place) => join(root, place, '*.d.ts')),
    references: [],
  };
}

/** As Node reads the code. What nobody asked to be strict about does not stop a run. */
const usual = {
  target: 'es2023',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  strict: true,
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
};

function typeRoots(root: string): string[] {
  const found: string[] = [];
  for (let folder = root; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', '@types');
    if (existsSync(place)) found.push(place);
    if (folder === dirname(folder)) return found;
  }
}

/** `pipelines/x.ts(3,14): error TS2322: …`, with more lines below it that belong to it, as `pipelines/x.ts:3:14 …`. */
function findingsIn(output: string): string[] {
  const findings: string[] = [];
  for (const line of output.split('\n')) {
    const [, file, row, column, words] = /^(.+?)\((\d+),(\d+)\): error (TS\d+: .*)$/.exec(line) ?? [];
    if (file !== undefined) findings.push(`${file}:${row}:${column} ${words}`);
    else if (/^\s+\S/.test(line) && findings.length > 0) findings.push(`${findings.pop()}\n${line}`);
  }
  return findings;
}

/** Not of packages, and not that types of Node are missing: code runs without them. */
function isOfCode(finding: string): boolean {
  if (/^\.\.|(^|\/)node_modules\//.test(finding)) return false;
  return !/Cannot find (?:module|name) '(?:node:[^']*|process|Buffer|console|fetch|URL|setTimeout|__dirname|__filename)'/.test(
    finding,
  );
}
