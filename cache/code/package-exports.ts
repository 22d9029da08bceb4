export type Way = 'import' | 'require';

/** Under which Node's own loader takes either. */
const shared = ['node', 'module-sync', 'node-addons', 'default'];
const conditionsOf: Readonly<Record<Way, ReadonlySet<string>>> = {
  import: new Set(['import', ...shared]),
  require: new Set(['require', ...shared]),
};

/**
 * The file, relative to the package, that an `exports` of a manifest gives for a subpath such as `.` or `./part`, as Node's
 * loader has it for an `import` or a `require`; undefined when it gives none.
 */
export function exportedFile(exports: unknown, subpath: string, way: Way): string | undefined {
  const conditions = conditionsOf[way];
  const isOfMain = !isTable(exports) || Object.keys(exports).every((key) => !key.startsWith('.'));
  if (isOfMain) return subpath === '.' ? fileOf(exports, '', conditions) : undefined;
  if (Object.hasOwn(exports, subpath) && !subpath.includes('*')) return fileOf(exports[subpath], '', conditions);
  const patterns = Object.keys(exports).filter((key) => key.includes('*') && fits(key, subpath));
  const [best] = patterns.sort((a, b) => b.indexOf('*') - a.indexOf('*') || b.length - a.length);
  if (best === undefined) return undefined;
  const [before = '', after = ''] = best.split('*');
  return fileOf(exports[best], subpath.slice(before.length, subpath.length - after.length), conditions);
}

function fits(pattern: string, subpath: string): boolean {
  const [before = '', after = ''] = pattern.split('*');
  return subpath.length >= pattern.length && subpath.startsWith(before) && subpath.endsWith(after);
}

/** The names that an `exports` of a manifest gives to files one by one, such as `.` and `./part`. */
export function exportedNames(exports: unknown): string[] {
  const names = isTable(exports) ? Object.keys(exports).filter((key) => key.startsWith('.')) : [];
  return names.length > 0 ? names.filter((name) => !name.includes('*')) : ['.'];
}

function fileOf(target: unknown, star: string, conditions: ReadonlySet<string>): string | undefined {
  if (typeof target === 'string') return target.startsWith('./') ? target.replaceAll('*', () => star) : undefined;
  const choices = Array.isArray(target)
    ? (target as unknown[])
    : isTable(target)
      ? Object.entries(target).flatMap(([condition, inner]) => (conditions.has(condition) ? [inner] : []))
      : [];
  for (const choice of choices) {
    if (choice === null) return undefined;
    const file = fileOf(choice, star, conditions);
    if (file !== undefined) return file;
  }
  return undefined;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
