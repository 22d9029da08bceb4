import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { entriesOf, isFile, isFolder, textAt } from './files.ts';

/** How a program is started, as far as a recipe says. */
export interface Launch {
  /** With places where an input has a path. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where it starts. */
  readonly folder: string;
}

/** What is known of a start from files alone. */
export interface Started {
  /** Folders with installed packages; undefined where they cannot be told. */
  readonly site: readonly string[] | undefined;
  /** What makes them unknown, in words that follow a colon. */
  readonly why: string;
  /** Folders of PYTHONPATH. */
  readonly searched: readonly string[];
  /** Some of them by their absolute places. */
  readonly isBound: boolean;
  /** By `-m`, so that the packages around it run first. */
  readonly isModule: boolean;
  /** Without naming an interpreter, so that its first line does. */
  readonly isDirect: boolean;
}

export const unknownStart: Started = {
  site: undefined,
  why: 'which Python runs it is not known',
  searched: [],
  isBound: false,
  isModule: false,
  isDirect: false,
};

export function readLaunch({ args, env, folder }: Launch): Started {
  const { words, variables, isByUv } = withoutWrappers(args);
  const all = { ...env, ...variables };
  const [program = '', ...rest] = words;
  const isPython = /^(python|pypy)[\d.]*$/.test(basename(program));
  const isDirect = program.endsWith('.py') && !isByUv;
  const given = (all.PYTHONPATH ?? '').split(delimiter).filter(Boolean);
  const searched = given.map((path) => resolve(folder, path));
  const isBound = given.some((path) => isAbsolute(path));
  const options = rest.slice(
    0,
    Math.max(
      0,
      rest.findIndex((word) => !word.startsWith('-')),
    ),
  );
  const start = { searched, isBound, isDirect, isModule: options.includes('-m') };
  const found = isByUv
    ? uvFolders(folder, all)
    : foldersOf(isPython ? program : isDirect ? 'python3' : '', folder, all);
  return typeof found === 'string' ? { ...start, site: undefined, why: found } : { ...start, site: found, why: '' };
}

/** Programs that start another one, which their options precede. */
const wrappers = /^(env|srun|nice|nohup|time|stdbuf|xvfb-run|ionice|setsid|exec)$/;

function withoutWrappers(args: readonly string[]): {
  words: readonly string[];
  variables: Record<string, string>;
  isByUv: boolean;
} {
  const variables: Record<string, string> = {};
  let [i, isByUv] = [0, false];
  for (; i < args.length; i += 1) {
    const word = args[i] ?? '';
    const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    if (name !== undefined) variables[name] = value;
    else if (word === 'uv' && args[i + 1] === 'run') {
      isByUv = true;
      i += 1;
    } else if (isByUv && /^(--group|--extra|--with|--python|-p|--package|--env-file|--only-group)$/.test(word)) i += 1;
    else if (!wrappers.test(basename(word)) && !word.startsWith('cd ') && !(i > 0 && word.startsWith('-'))) break;
  }
  return { words: args.slice(i), variables, isByUv };
}

function uvFolders(folder: string, env: Launch['env']): readonly string[] | string {
  const given = env.UV_PROJECT_ENVIRONMENT ?? process.env.UV_PROJECT_ENVIRONMENT;
  const place = given === undefined ? join(folder, '.venv') : resolve(folder, given);
  const found = inPrefix(place);
  return found.length > 0 ? found : `uv has made no environment at ${place}`;
}

function foldersOf(program: string, folder: string, env: Launch['env']): readonly string[] | string {
  if (program === '') return unknownStart.why;
  if (/^\/@(in|out)\//.test(program)) return 'the interpreter is an input';
  const path = program.includes('/') ? resolve(folder, program) : onPath(program, env.PATH ?? process.env.PATH ?? '');
  if (path === undefined || !existsSync(path)) return `there is no ${program} here`;
  const real = basename(dirname(path)) === 'shims' ? behindShim(path, folder) : path;
  const prefix = dirname(dirname(real));
  if (isFile(join(prefix, 'pyvenv.cfg'))) return venvFolders(prefix);
  const found = [...new Set([real, realpathSync(real)])].flatMap((one) => systemFolders(one));
  return found.length > 0 ? [...new Set(found)] : `the packages of ${real} cannot be found`;
}

function onPath(program: string, path: string): string | undefined {
  const places = path.split(delimiter).map((folder) => join(folder, program));
  return places.find(isFile);
}

/** pyenv puts scripts in place of interpreters, which ask for a version. */
function behindShim(shim: string, folder: string): string {
  const home = dirname(dirname(shim));
  const version =
    process.env.PYENV_VERSION ?? textAt(join(folder, '.python-version')) ?? textAt(join(home, 'version')) ?? '';
  const path = join(home, 'versions', version.trim().split(/\s/)[0] ?? '', 'bin', basename(shim));
  return isFile(path) ? path : shim;
}

function venvFolders(prefix: string): string[] {
  const config = textAt(join(prefix, 'pyvenv.cfg')) ?? '';
  const own = inPrefix(prefix);
  const home = /^home\s*=\s*(.*)$/m.exec(config)?.[1]?.trim();
  const seesSystem = /^include-system-site-packages\s*=\s*true\s*$/m.test(config);
  return seesSystem && home !== undefined ? [...own, ...systemFolders(join(home, 'python3'))] : own;
}

function systemFolders(interpreter: string): string[] {
  const prefix = dirname(dirname(interpreter));
  const version = /(\d+\.\d+)$/.exec(basename(interpreter))?.[1];
  const places = [prefix, join(prefix, 'local'), join(homedir(), '.local')];
  return places.flatMap((place) => inPrefix(place, version));
}

/** Of all versions that are there, where none is named. */
function inPrefix(prefix: string, version?: string): string[] {
  const folders = ['lib', 'lib64'].flatMap((lib) =>
    entriesOf(join(prefix, lib)).flatMap(({ name }) => {
      const isOurs =
        version === undefined ? /^python3(\.\d+)?$/.test(name) : name === `python${version}` || name === 'python3';
      return isOurs ? ['site-packages', 'dist-packages'].map((last) => join(prefix, lib, name, last)) : [];
    }),
  );
  const there = folders.filter(isFolder);
  return [...new Set(there.map((folder) => realpathSync(folder)))];
}
