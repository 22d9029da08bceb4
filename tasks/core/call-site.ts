/** Where a task, a service or a kind is defined. */
export interface CallSite {
  /** `file:line:column`; the source of its file is the code of what is defined. */
  readonly at: string;
  /** Whether it is defined once, as its module is loaded, or each time that a function is called. */
  readonly madeIn: 'module' | 'function';
}

/** Where the caller of `above` stands. */
export function callSite(above: (...args: never[]) => unknown): CallSite {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, above);
  const [frame = '', outer] = (holder.stack?.split('\n') ?? []).slice(1);
  const named = /^\s*at (.+) \(([^()]+)\)$/.exec(frame);
  // Node itself evaluates modules; a function of ours is called by another function, or from a module.
  const isModule = (named === null || moduleNames.has(named[1] ?? '')) && isOfNode(outer);
  return { at: named?.[2] ?? frame.replace(/^\s*at (async )?/, ''), madeIn: isModule ? 'module' : 'function' };
}

/** What a module's own code is called in a stack; the second where source maps are on, as they are once a site file was loaded. */
const moduleNames: ReadonlySet<string> = new Set(['Object.<anonymous>', '<anonymous>']);

function isOfNode(frame: string | undefined): boolean {
  return frame === undefined || /[( ]node:internal\//.test(frame);
}
