import { isAbsolute, join } from 'node:path';
import type { CodeGap, TaskSpec } from '../../tasks/core/spec.ts';
import { hangsOnStart, startOf, startWords } from '../keys/code-files.ts';
import { taskOf } from '../keys/service-task.ts';
import type { Session } from '../project/session.ts';
import { guessedStart } from './guessed-start.ts';
import { givenInputs } from './known-inputs.ts';

/** What the code of nodes may use and a fingerprint does not hold: an edit there is not noticed. */
export interface Gap {
  readonly what: string;
  readonly advice: string;
  /** Labels of the nodes whose code it is. */
  readonly nodes: readonly string[];
}

/** All gaps of a graph, each once. */
export async function gapsOf(session: Session, only?: ReadonlySet<string>): Promise<Gap[]> {
  const found = new Map<string, { advice: string; nodes: Set<string> }>();
  const known = new Map<string, Promise<readonly CodeGap[]>>();
  const ids = new Map<TaskSpec, number>();
  for (const { address, label, node } of session.graph.order) {
    const spec = taskOf(node);
    if (!spec?.command || !('inputs' in node) || !(only?.has(address) ?? true)) continue;
    // Of a task without Python among its code one node is enough to see whether its program is a script.
    if (ids.has(spec) && !hangsOnStart(spec)) continue;
    const command = guessedStart(spec, givenInputs(spec, node.inputs));
    ids.set(spec, ids.get(spec) ?? ids.size);
    const key = `${ids.get(spec)} ${JSON.stringify(command && startWords(command))}`;
    const gaps = known.get(key) ?? gapsOfTask(spec, session.root, command);
    known.set(key, gaps);
    for (const { what, advice } of await gaps) {
      const gap = found.get(what) ?? { advice, nodes: new Set() };
      gap.nodes.add(label);
      found.set(what, gap);
    }
  }
  return [...found].map(([what, { advice, nodes }]) => ({ what, advice, nodes: [...nodes] }));
}

/** How many nodes are told by name. */
const namedAtMost = 3;

/** Below a heading: for which nodes, what, and what to do about it. */
export function gapLines({ nodes, what, advice }: Gap): [string, string] {
  const named = nodes.slice(0, namedAtMost).join(', ');
  const more = nodes.length > namedAtMost ? ` and ${nodes.length - namedAtMost} more` : '';
  return [`${named}${more}: ${what}`, advice];
}

export const gapHeading = 'Not followed, so an edit there reruns nothing:';

async function gapsOfTask(
  spec: TaskSpec,
  root: string,
  command: readonly string[] | undefined,
): Promise<readonly CodeGap[]> {
  const start = startOf(spec, root, command);
  const inputs = spec.code.filter((one) => typeof one !== 'string');
  const globs = spec.code.filter((one) => typeof one === 'string');
  const lists = await Promise.all(inputs.map(async (input) => (await input.gaps?.(root, start)) ?? []));
  const script = inputs.length > 0 || spec.observe ? undefined : await scriptGap(spec, { root, command, globs });
  const gaps = lists.flat();
  const takesPython = gaps.some(isLoose) && (await matchesPython(root, globs));
  const open = gaps.filter((gap) => (isLoose(gap) ? !takesPython : !isCovered(gap, globs)));
  return script ? [...open, script] : open;
}

/** Names of files that say which versions of packages there are. */
const lockFile = /(\.lock|lock\.ya?ml|requirements[^/]*\.txt|environment[^/]*\.ya?ml)$/;
/** What may lead to any module. */
function isLoose({ path, isOfPackages }: CodeGap): boolean {
  return path === undefined && !isOfPackages;
}

/** Whether the patterns take Python files in: these are what the program loads in ways that cannot be read. */
async function matchesPython(root: string, globs: readonly string[]): Promise<boolean> {
  if (globs.length === 0) return false;
  const { globDigests } = await import('../../cache/code/globs.ts');
  return Object.keys(await globDigests(root, globs)).some((path) => path.endsWith('.py'));
}

function isCovered({ path, isOfPackages }: CodeGap, globs: readonly string[]): boolean {
  if (isOfPackages) return globs.some((glob) => lockFile.test(glob));
  if (path === undefined) return false;
  return globs.some((glob) => glob === path || glob.startsWith(`${path}/`) || coversFolder(glob, path));
}

function coversFolder(glob: string, path: string): boolean {
  const [before = ''] = glob.split('*');
  return (
    glob.includes('*') && path.startsWith(before) && (glob.endsWith('*') || path.endsWith(glob.split('*').at(-1) ?? ''))
  );
}

interface Script {
  readonly root: string;
  readonly command: readonly string[] | undefined;
  readonly globs: readonly string[];
}

/** A script that a program is, and that no code names. */
async function scriptGap({ cwd }: TaskSpec, { root, command = [], globs }: Script): Promise<CodeGap | undefined> {
  const words = startWords(command);
  const last = words.at(-1) ?? '';
  const script = words.at(-2) === '-m' ? `${last.replaceAll('.', '/')}.py` : last;
  if (!script.endsWith('.py') || script.startsWith('/@')) return undefined;
  if (!isAbsolute(script) && (cwd || globs.length === 0)) return undefined;
  const { globDigests } = await import('../../cache/code/globs.ts');
  const path = isAbsolute(script) ? script : join(root, script);
  const { isFile } = await import('../../cache/code/python/files.ts');
  if (!isFile(path)) return undefined;
  const counted = globs.length > 0 ? await globDigests(root, globs) : {};
  const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  if (Object.hasOwn(counted, name)) return undefined;
  return { what: `it runs ${name}, whose code does not count`, advice: `add python('${name}') to \`code\`` };
}
