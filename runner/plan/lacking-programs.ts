import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { findProgram } from '../../tasks/core/needs.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { Reason } from '../executors/door.ts';
import { outputPlace } from '../keys/places.ts';
import { type GivenInputs, guessedInputs, type Inputs } from './known-inputs.ts';

/** A node whose program is looked for. */
export interface Starting {
  readonly spec: TaskSpec;
  readonly given: GivenInputs;
  /** Jobs find what the site prepares where they run: what is missing here says nothing. */
  readonly isElsewhere: boolean;
}

export interface Missing extends Reason {
  /** Where it was looked for. */
  readonly path?: string;
}

/** Where a program starts, and its first argument; undefined where that cannot be made yet, or hangs on what is still to come. */
interface Begin {
  readonly folder: string | undefined;
  readonly program: string | undefined;
}

/**
 * What keeps programs from starting, as far as it is known before their inputs are, by node. Many nodes begin alike, and one
 * look is enough for them. `root` is the project's folder.
 */
export async function lackingPrograms<T extends Starting>(
  nodes: readonly T[],
  root: string,
): Promise<ReadonlyMap<T, readonly Missing[]>> {
  const alike = new Map<string, { readonly begin: Begin; readonly nodes: T[] }>();
  for (const node of nodes) {
    const [inputs] = guessedInputs(node.given);
    if (!inputs) continue;
    const begin = beginOf(node.spec, inputs);
    const key = keyOf(node, begin);
    const others = alike.get(key);
    if (others) others.nodes.push(node);
    else alike.set(key, { begin, nodes: [node] });
  }
  const lacking = new Map<T, readonly Missing[]>();
  for (const { begin, nodes: those } of alike.values()) {
    const [one] = those;
    const missing = one ? await lackOf(one, begin, root) : [];
    if (missing.length === 0) continue;
    for (const node of those) lacking.set(node, await surelyLacking(node, begin, { missing, root }));
  }
  return lacking;
}

/** Only where something is missing does it matter whether all guesses begin alike. */
async function surelyLacking(
  node: Starting,
  begin: Begin,
  { missing, root }: { missing: Missing[]; root: string },
): Promise<Missing[]> {
  const others = [...guessedInputs(node.given)].map((inputs) => beginOf(node.spec, inputs));
  const agreed = (key: keyof Begin) => (others.every((other) => other[key] === begin[key]) ? begin[key] : undefined);
  const sure = { folder: agreed('folder'), program: agreed('program') };
  const isSure = sure.folder === begin.folder && sure.program === begin.program;
  return isSure ? missing : lackOf(node, sure, root);
}

/** All that `lackOf` looks at. */
function keyOf({ spec, isElsewhere }: Starting, { folder, program }: Begin): string {
  const { cwd, code, env } = spec;
  return [isElsewhere, cwd !== undefined, code.length > 0, env.PATH, folder, program].join('\0');
}

function beginOf(spec: TaskSpec, inputs: Inputs): Begin {
  const { cwd } = spec;
  return {
    folder: cwd && known(() => cwd(inputs)),
    program: spec.command && known(() => spec.command?.(inputs, outPlaces(spec), { resuming: false })[0]),
  };
}

async function lackOf({ spec, isElsewhere }: Starting, { folder, program }: Begin, root: string): Promise<Missing[]> {
  const { cwd, env } = spec;
  const start = folder === undefined ? undefined : resolve(root, folder);
  if (start !== undefined && !isElsewhere) {
    const missing = await missingFolder(start, adviceForFolder(folder, root));
    if (missing.length > 0) return missing;
  }
  if (program === undefined) return [];
  if (!program.includes('/')) return isElsewhere ? [] : onPath(program, env.PATH);
  if (isAbsolute(program)) return isElsewhere ? [] : isProgram(program, program);
  if (start !== undefined) return isElsewhere ? [] : isProgram(join(start, program), program);
  if (cwd) return [];
  if (spec.code.length > 0) return isProgram(join(root, program), program);
  return [
    {
      what: `it starts in a folder of its own, where there is no ${program}`,
      advice: `Name the file among its code, and it starts in the project's folder: code: ['${program.replace(/^\.\//, '')}'].`,
    },
  ];
}

const places = new WeakMap<TaskSpec, Readonly<Record<string, string>>>();

function outPlaces(spec: TaskSpec): Readonly<Record<string, string>> {
  const known =
    places.get(spec) ?? Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, outputPlace(name)]));
  places.set(spec, known);
  return known;
}

function known(make: () => unknown): string | undefined {
  try {
    const text = make();
    return typeof text === 'string' && text !== '' && !/\/@(in|out)\//.test(text) ? text : undefined;
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
