import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { findProgram } from '../../tasks/core/needs.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { Reason } from '../executors/door.ts';
import { outputPlace } from '../keys/places.ts';
import { guessedInputs } from './known-inputs.ts';

interface ProgramPlace {
  /** The project's folder. */
  readonly root: string;
  /** What was looked for before: many nodes have one program. */
  readonly looks: Map<string, Promise<Missing[]>>;
  /** Jobs find what the site prepares where they run: what is missing here says nothing. */
  readonly isElsewhere: boolean;
}

export interface Missing extends Reason {
  /** Where it was looked for. */
  readonly path?: string;
}

/** What keeps the program of a node from starting, as far as it is known before its inputs are. */
export async function lackingProgram(
  spec: TaskSpec,
  given: Readonly<Record<string, unknown>>,
  { root, isElsewhere, looks }: ProgramPlace,
): Promise<Missing[]> {
  const { cwd } = spec;
  const inputs = guessedInputs(spec, given);
  const folder = cwd && agreed(inputs.map((one) => () => cwd(one)));
  const start = folder === undefined ? undefined : resolve(root, folder);
  const once = (key: string, look: () => Promise<Missing[]>): Promise<Missing[]> => {
    const missing = looks.get(key) ?? look();
    looks.set(key, missing);
    return missing;
  };
  if (start !== undefined && !isElsewhere) {
    const missing = await once(`folder ${start}`, () => missingFolder(start, adviceForFolder(folder, root)));
    if (missing.length > 0) return missing;
  }
  const out = Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, outputPlace(name)]));
  const program = agreed(inputs.map((one) => () => spec.command?.(one, out, { resuming: false })[0]));
  if (program === undefined) return [];
  const { PATH } = spec.env;
  const executable = (path: string) => once(`program ${path} ${program}`, () => isProgram(path, program));
  if (!program.includes('/')) {
    return isElsewhere ? [] : once(`on ${PATH ?? ''} ${program}`, () => onPath(program, PATH));
  }
  if (isAbsolute(program)) return isElsewhere ? [] : executable(program);
  if (start !== undefined) return isElsewhere ? [] : executable(join(start, program));
  if (cwd) return [];
  if (spec.code.length > 0) return executable(join(root, program));
  return [
    {
      what: `it starts in a folder of its own, where there is no ${program}`,
      advice: `Name the file among its code, and it starts in the project's folder: code: ['${program.replace(/^\.\//, '')}'].`,
    },
  ];
}

/** The text that all give; undefined when they differ, cannot be made yet, or hang on what is still to come. */
function agreed(makers: readonly (() => unknown)[]): string | undefined {
  try {
    const [first, ...others] = makers.map((make) => make());
    if (typeof first !== 'string' || first === '' || others.some((other) => other !== first)) return undefined;
    return /\/@(in|out)\//.test(first) ? undefined : first;
  } catch {
    return undefined; // it looked into what does not exist yet
  }
}

async function onPath(program: string, path: string | undefined): Promise<Missing[]> {
  if ((await findProgram(program, path ?? process.env.PATH)) !== undefined) return [];
  return [{ what: `${program} is not on PATH`, advice: 'Install it, or put its folder on PATH.' }];
}

async function isProgram(path: string, name: string): Promise<Missing[]> {
  const found = await stat(path).catch(() => undefined); // said below
  if (!found?.isFile()) {
    return [
      { what: `its program is not there: ${path}`, path, advice: `Make it, or mend the first argument: "${name}".` },
    ];
  }
  const may = await access(path, constants.X_OK).then(
    () => true,
    () => false, // not for us
  );
  return may ? [] : [{ what: `its program may not be executed: ${path}`, advice: `chmod +x ${path}` }];
}

async function missingFolder(path: string, advice: string): Promise<Missing[]> {
  const isThere = await stat(path).then(
    (found) => found.isDirectory(),
    () => false, // not there
  );
  return isThere ? [] : [{ what: `the folder that it starts in is not there: ${path}`, path, advice }];
}

function adviceForFolder(folder: string | undefined, root: string): string {
  if (folder === undefined || isAbsolute(folder)) return 'Make it, or mend the `cwd` of the task.';
  return `Make it, or mend the \`cwd\` of the task: it is relative to ${root}.`;
}
