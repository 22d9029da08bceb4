import fc from 'fast-check';

/** How a module takes a function of another. */
const styles = [
  'name',
  'alias',
  'module',
  'dotted',
  'relative',
  'star',
  'inside',
  'package',
  'getattr',
  'table',
] as const;
type Style = (typeof styles)[number];

interface Call {
  readonly style: Style;
  /** Which of the functions of earlier modules, by number. */
  readonly of: number;
}

interface FunctionPlan {
  readonly kind:
    | 'function'
    | 'method'
    | 'registered'
    | 'default'
    | 'decorated'
    | 'cached'
    | 'conditional'
    | 'subclass'
    | 'constant'
    | 'alias'
    | 'wrapped'
    | 'partial';
  readonly salt: number;
  readonly calls: readonly Call[];
}

/** A small package: each module has functions that call those of modules before it. */
export interface PackagePlan {
  /** The package hands on everything, and not names one by one. */
  readonly handsOnAll: boolean;
  readonly modules: readonly (readonly FunctionPlan[])[];
  /** What the program calls. */
  readonly main: readonly Call[];
}

export type Edit =
  | { readonly kind: 'salt'; readonly of: number; readonly salt: number }
  | { readonly kind: 'add'; readonly module: number }
  | { readonly kind: 'shadow'; readonly module: number; readonly name: string; readonly salt: number }
  | { readonly kind: 'remove'; readonly of: number }
  | { readonly kind: 'comment'; readonly module: number };

const salt = fc.integer({ min: 1, max: 9 });
const call = fc.record({ style: fc.constantFrom(...styles), of: fc.nat(20) });
const kind = fc.constantFrom(
  ...([
    'function',
    'function',
    'method',
    'registered',
    'default',
    'decorated',
    'cached',
    'conditional',
    'subclass',
    'constant',
    'alias',
    'wrapped',
    'partial',
  ] as const),
);
const functionPlan = fc.record({ kind, salt, calls: fc.array(call, { maxLength: 2 }) });

export const packagePlan: fc.Arbitrary<PackagePlan> = fc.record({
  handsOnAll: fc.boolean(),
  modules: fc.array(fc.array(functionPlan, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 4 }),
  main: fc.array(call, { minLength: 1, maxLength: 3 }),
});

export const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('salt' as const), of: fc.nat(20), salt }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), module: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('shadow' as const),
      module: fc.nat(4),
      name: fc.constantFrom('abs', 'm0f0', 'm0f1', 'm1f0', 'register', 'm0'),
      salt,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), of: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('comment' as const), module: fc.nat(4) }) },
);

interface Target {
  readonly module: number;
  readonly index: number;
  readonly name: string;
}

/** All functions of a package, in the order of their modules. */
function targetsOf({ modules }: PackagePlan): Target[] {
  return modules.flatMap((plans, module) => plans.map((_, index) => ({ module, index, name: `m${module}f${index}` })));
}

/** The package as it is after an edit. */
export function filesOf(plan: PackagePlan, edit?: Edit): Record<string, string> {
  const targets = targetsOf(plan);
  const edited = edit && 'of' in edit ? targets[edit.of % targets.length] : undefined;
  const at = edit && 'module' in edit ? edit.module % plan.modules.length : undefined;
  const files: Record<string, string> = {
    'lib/__init__.py': plan.handsOnAll
      ? plan.modules.map((_, module) => `from .m${module} import *\n`).join('')
      : targets.map(({ module, name }) => `from .m${module} import ${name}\n`).join(''),
    'lib/base.py':
      'REG = {}\n\ndef register(f):\n    REG[f.__name__] = f\n    return f\n\nclass Base:\n    def two(self):\n        return 2\n',
    'lib/tool.py': 'def doubled(f):\n    return lambda x: 2 * f(x)\n',
  };
  for (const [module, plans] of plan.modules.entries()) {
    const body = plans.map((one, index) => {
      const isEdited = edited?.module === module && edited.index === index;
      if (isEdited && edit?.kind === 'remove') return '';
      const now = isEdited && edit?.kind === 'salt' ? { ...one, salt: edit.salt } : one;
      return functionText(
        `m${module}f${index}`,
        now,
        targets.filter((each) => each.module < module),
      );
    });
    const extra = at === module ? extraText(edit) : '';
    const imports = new Set(
      body.flatMap((text) => [...text.matchAll(/^#import (.*)$/gm)].map(([, line = '']) => line)),
    );
    const lines = body.map((text) => text.replaceAll(/^#import .*\n/gm, ''));
    files[`lib/m${module}.py`] = `${head}${[...imports].join('\n')}\n${lines.join('\n')}${extra}`;
  }
  const calls = plan.main.map((one) => callText(one, targets)).filter((text) => text !== undefined);
  const imports = new Set(calls.map(({ imported, inner }) => (imported || inner).replace('from .', 'from lib.')));
  files['main.py'] =
    `${head.replaceAll('from .', 'from lib.')}${[...imports].join('\n')}\nprint(${calls.map(({ value }) => value).join(', ')})\nprint(sorted((n, f(1)) for n, f in REG.items()))\n`;
  return files;
}

const head = 'import functools\nfrom .base import REG, Base, register\nfrom .tool import doubled\n';

function extraText(edit: Edit | undefined): string {
  if (edit?.kind === 'add') return '\n\ndef added(x: int = 1) -> int:\n    return x\n';
  if (edit?.kind === 'shadow') return `\n\ndef ${edit.name}(x):\n    return ${edit.salt} + x\n`;
  return edit?.kind === 'comment' ? '\n# a comment\n' : '';
}

/** `#import` lines go to the top of the module. */
function functionText(
  name: string,
  { kind: sort, salt: number, calls }: FunctionPlan,
  before: readonly Target[],
): string {
  const made = calls.map((one) => callText(one, before)).filter((text) => text !== undefined);
  const imports = made.map(({ imported }) => (imported ? `#import ${imported}\n` : '')).join('');
  const inside = (indent: string): string => made.map(({ inner }) => (inner ? `${indent}${inner}\n` : '')).join('');
  const value = ['abs(x)', String(number), ...made.map((one) => one.value)].join(' + ');
  const plain = `def ${name}(x):\n${inside('    ')}    return (${value}) % 1009\n`;
  switch (sort) {
    case 'function':
      return `${imports}${plain}`;
    case 'method':
      return `${imports}class K${name}(Base):\n    def run(self, x):\n${inside('        ')}        return (${value} + self.two()) % 1009\n\ndef ${name}(x):\n    return K${name}().run(x)\n`;
    case 'subclass':
      return `class A${name}:\n    base = ${number}\n\nclass K${name}(A${name}):\n    pass\n\ndef ${name}(x):\n    return K${name}.base\n`;
    case 'registered':
      return `${imports}@register\n${plain}`;
    case 'default':
      return `D${name} = ${number}\n\ndef ${name}(x, y=D${name}):\n    return x + y\n`;
    case 'decorated':
      return `${imports}@doubled\n${plain}`;
    case 'cached':
      return `${imports}@functools.lru_cache(maxsize=None)\n${plain}`;
    case 'conditional':
      return `if ${number} > 4:\n    def ${name}(x):\n        return ${number}\nelse:\n    def ${name}(x):\n        return x\n`;
    case 'alias':
      return `${imports}${plain.replace(name, `_${name}`)}\n${name} = _${name}\n`;
    case 'wrapped':
      return `${imports}${plain.replace(name, `_${name}`)}\n${name} = doubled(_${name})\n`;
    case 'partial':
      return `def _${name}(y, x):\n    return x + y\n\n${name} = functools.partial(_${name}, ${number})\n`;
    case 'constant':
      return `T${name} = {"a": ${number}}\n\ndef ${name}(x):\n    return T${name}["a"]\n`;
  }
}

interface CallText {
  readonly imported: string;
  readonly inner: string;
  readonly value: string;
}

function callText({ style, of }: Call, targets: readonly Target[]): CallText | undefined {
  const target = targets[of % Math.max(1, targets.length)];
  if (!target) return undefined;
  const { module: number, name } = target;
  const module = `m${number}`;
  const text = (imported: string, value: string, inner = ''): CallText => ({ imported, value, inner });
  switch (style) {
    case 'name':
      return text(`from lib.${module} import ${name}`, `${name}(1)`);
    case 'alias':
      return text(`from lib.${module} import ${name} as z${name}`, `z${name}(1)`);
    case 'module':
      return text(`from lib import ${module}`, `${module}.${name}(1)`);
    case 'dotted':
      return text(`import lib.${module}`, `lib.${module}.${name}(1)`);
    case 'relative':
      return text(`from .${module} import ${name}`, `${name}(1)`);
    case 'star':
      return text(`from lib.${module} import *`, `${name}(1)`);
    case 'inside':
      return { imported: '', inner: `from lib.${module} import ${name} as i${name}`, value: `i${name}(1)` };
    case 'package':
      return text('import lib', `lib.${name}(1)`);
    case 'getattr':
      return text(`import lib.${module} as g${module}`, `getattr(g${module}, "${name}")(1)`);
    case 'table':
      return text(`from lib.${module} import ${name}`, `{"k": ${name}}["k"](1)`);
  }
}

const runsOnLoading = new Set<FunctionPlan['kind']>(['registered', 'decorated', 'conditional', 'wrapped', 'partial']);

/**
 * Whether the program may come to a function by its name; what is looked up otherwise is not told apart. Registered and
 * conditional ones run with their module.
 */
export function isReached(plan: PackagePlan, of: number): boolean {
  const targets = targetsOf(plan);
  const index = of % targets.length;
  const calls = [...plan.main, ...plan.modules.flat().flatMap((one) => one.calls)];
  if (calls.some(({ style }) => style === 'getattr')) return true;
  const reached = new Set<number>();
  const go = (from: readonly Call[], among: number): void => {
    for (const one of from) {
      const at = among === 0 ? -1 : one.of % among;
      if (at < 0 || reached.has(at)) continue;
      reached.add(at);
      follow(at);
    }
  };
  const follow = (at: number): void => {
    const target = targets[at];
    const found = target && plan.modules[target.module]?.[target.index];
    if (target && found) go(found.calls, targets.filter(({ module }) => module < target.module).length);
  };
  go(plan.main, targets.length);
  for (const [at, { module, index: inner }] of targets.entries()) {
    const sort = plan.modules[module]?.[inner]?.kind;
    if (sort !== undefined && runsOnLoading.has(sort)) {
      reached.add(at);
      follow(at);
    }
  }
  return reached.has(index);
}
