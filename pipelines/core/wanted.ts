import { Problem } from '../../cache/problem.ts';
import { isRef } from '../../tasks/core/ref.ts';

/** Whoever walks results calls itself for each level. */
const mostLevels = 500;

/** Longer texts say nothing more of what was given by mistake. */
const longestText = 24;

/**
 * Throws `wrong-results` unless a build function gave refs, in lists and records of any depth, and at least one. All that is
 * something else is said at once: what is no ref would be dropped in silence, with the work behind it.
 */
export function refuseWrongResults(pipeline: string, returned: unknown): void {
  const { refs, others } = lookInto(returned);
  if (refs > 0 && others.length === 0) return;
  const [first] = others;
  if (refs === 0 && (others.length === 0 || first?.path === '')) {
    throw new Problem('wrong-results', `The build function of pipeline ${pipeline} gave ${inWords(returned)}.`, {
      hint: adviceFor(returned),
    });
  }
  const lines = others.map(({ path, value }) => `${path}: ${inWords(value)}`);
  throw new Problem('wrong-results', [`Pipeline ${pipeline} has results that are no refs:`, ...lines].join('\n  '), {
    hint: adviceFor(first?.value),
  });
}

/** Throws `wrong-results` when the body of an `each` gave nothing that is made for an item. */
export function refuseEmptyBody(body: unknown): void {
  if (lookInto(body).refs > 0) return;
  throw new Problem(
    'wrong-results',
    `The body of an \`each\` gave ${inWords(body)}, so it does nothing for its items.`,
    {
      hint: 'Return what its tasks give: episodes.each((episode) => score({ episode }).value).',
    },
  );
}

function tooDeep(path: string): Problem {
  return new Problem(
    'wrong-results',
    `Results are nested more than ${mostLevels} levels deep, below ${path.slice(0, 40)}…`,
    {
      hint: 'Return them in a flat list or record.',
    },
  );
}

interface Other {
  readonly path: string;
  readonly value: unknown;
}

function lookInto(structure: unknown): { refs: number; others: Other[] } {
  const others: Other[] = [];
  // What holds itself has no end.
  const open = new Set<unknown>();
  let refs = 0;
  const walk = (value: unknown, path: string): void => {
    if (isRef(value)) refs += 1;
    else if (!isStructure(value) || open.has(value)) others.push({ path, value });
    else {
      if (open.size >= mostLevels) throw tooDeep(path);
      open.add(value);
      for (const [key, inner] of Object.entries(value)) walk(inner, path ? `${path}.${key}` : key);
      open.delete(value);
    }
  };
  walk(structure, '');
  return { refs, others };
}

function isStructure(value: unknown): value is Record<string, unknown> | readonly unknown[] {
  if (Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const above: unknown = Object.getPrototypeOf(value);
  return above === Object.prototype || above === null;
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function inWords(value: unknown): string {
  if (typeof value === 'string') {
    return `the text ${JSON.stringify(value.length > longestText ? `${value.slice(0, longestText)}…` : value)}`;
  }
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'function') return `${calledAs(value)}, which was not called`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (isPromise(value)) return 'a promise';
  const sort = Array.isArray(value) ? 'list' : 'record';
  if (Object.keys(value).length > 0) return `a ${sort} with no ref in it`;
  return isStructure(value) ? `an empty ${sort}` : `an object of the class ${value.constructor.name}`;
}

function calledAs(value: { readonly name: string; readonly spec?: { readonly name?: unknown } }): string {
  const { name, spec } = value;
  return typeof spec?.name === 'string' ? `the task ${spec.name}` : `the function ${name || 'without a name'}`;
}

function adviceFor(value: unknown): string {
  if (isPromise(value)) return 'Write it without `async` and `await`: calls give their refs at once.';
  if (typeof value === 'function') return 'Call it, and return the refs that it gives.';
  const example = '{ const { model } = train({ … }); return { model }; }';
  if (value === undefined)
    return `Is there a \`return\`, and does each name in it have a value? (params) => ${example}`;
  return `Return the refs that are wanted, by name: (params) => ${example}`;
}
