import { argumentsOf, chainOf, childrenOf, type Node, statementsOf, textOf } from './tree.ts';

/** What is asked of a module while one of its statements is looked at. */
export interface EffectScope {
  readonly source: string;
  /** `np.array` as `numpy.array`; of builtins `builtins.int`; of what the module makes itself, or cannot be told, undefined. */
  readonly fullName: (chain: readonly string[]) => string | undefined;
  /** Whether something has this name by then. */
  readonly isBound: (name: string) => boolean;
  /** Types beside names are not evaluated. */
  readonly typesAreText: boolean;
}

/**
 * What happens as a module loads when a statement runs: nothing but that names are bound; the same for a class, if its bases do
 * nothing either, as names that are still to be looked up; or anything.
 */
export type Effect = 'none' | 'any' | { readonly bases: readonly (readonly string[])[] };

export function effectOf(statement: Node, scope: EffectScope): Effect {
  switch (statement.name) {
    case 'FunctionDefinition':
      return isPlainFunction(statement, scope) ? 'none' : 'any';
    case 'ClassDefinition':
      return effectOfClass(statement, scope);
    case 'DecoratedStatement': {
      const [definition] = childrenOf(statement).filter(({ name }) => name.endsWith('Definition'));
      const decorators = childrenOf(statement).filter(({ name }) => name === 'Decorator');
      if (!definition || !decorators.every((one) => isPlainDecorator(one, scope))) return 'any';
      return effectOf(definition, scope);
    }
    case 'AssignStatement':
      return isPlainAssignment(statement, scope) ? 'none' : 'any';
    case 'ExpressionStatement':
      return childrenOf(statement).every(({ name }) => /^(String|ContinuedString|Ellipsis|Number)$/.test(name))
        ? 'none'
        : 'any';
    case 'PassStatement':
      return 'none';
    default:
      return 'any';
  }
}

const plainDecorators = new Set([
  ...['builtins.property', 'builtins.staticmethod', 'builtins.classmethod', 'dataclasses.dataclass'],
  ...[
    'functools.lru_cache',
    'functools.cache',
    'functools.cached_property',
    'functools.wraps',
    'functools.total_ordering',
  ],
  ...['functools.partial', 'contextlib.contextmanager', 'contextlib.asynccontextmanager'],
  ...['abc.abstractmethod', 'typing.override', 'typing.overload', 'typing.final', 'typing.no_type_check'],
  ...['typing.runtime_checkable', 'typing_extensions.override', 'enum.unique'],
  ...[
    'jax.jit',
    'jax.vmap',
    'jax.checkpoint',
    'torch.no_grad',
    'torch.inference_mode',
    'flax.linen.compact',
    'numba.njit',
  ],
  ...['numba.jit', 'flax.struct.dataclass'],
]);

function isPlainDecorator(decorator: Node, scope: EffectScope): boolean {
  const parts = childrenOf(decorator);
  const chain = parts
    .filter(({ name }) => name === 'VariableName' || name === 'PropertyName')
    .map((part) => textOf(scope.source, part));
  const [head] = chain;
  // `@x.setter` of a property that the class makes
  if (head !== undefined && /^(setter|getter|deleter)$/.test(chain[1] ?? '')) return true;
  const list = parts.find(({ name }) => name === 'ArgList');
  return plainDecorators.has(scope.fullName(chain) ?? '') && (!list || isPlainList(list, scope));
}

/** What its head evaluates: defaults, and types. */
function isPlainFunction(definition: Node, outer: EffectScope): boolean {
  const scope = withParameters(definition, outer);
  return childrenOf(definition).every((part) => {
    if (part.name === 'TypeDef') return isPlainType(part, scope);
    return part.name !== 'ParamList' || arePlainParameters(part, scope);
  });
}

function arePlainParameters(list: Node, scope: EffectScope): boolean {
  let isDefault = false;
  return childrenOf(list).every((child) => {
    const isFine = child.name === 'TypeDef' ? isPlainType(child, scope) : !isDefault || isPlainValue(child, scope);
    isDefault = child.name === 'AssignOp';
    return isFine;
  });
}

/** `T` of `def f[T](x: T)` is there in its types. */
function withParameters(definition: Node, scope: EffectScope): EffectScope {
  const list = childrenOf(definition).find(({ name }) => name === 'TypeParamList');
  if (!list) return scope;
  const own = new Set(childrenOf(list).flatMap((one) => variablesIn(one, scope.source)));
  return { ...scope, isBound: (name) => own.has(name) || scope.isBound(name) };
}

const plainBases = new Set([
  ...['builtins.object', 'abc.ABC', 'typing.Protocol', 'typing.NamedTuple', 'typing.TypedDict', 'typing.Generic'],
  ...['enum.Enum', 'enum.IntEnum', 'enum.StrEnum', 'enum.Flag', 'enum.IntFlag', 'builtins.str', 'builtins.int'],
  ...['builtins.dict', 'builtins.list', 'builtins.tuple', 'builtins.float', 'threading.Thread'],
  ...['torch.nn.Module', 'torch.utils.data.Dataset', 'torch.utils.data.IterableDataset', 'torch.autograd.Function'],
  ...['flax.linen.Module', 'flax.nnx.Module', 'pydantic.BaseModel', 'typing_extensions.Protocol'],
]);
const plainMetaclasses = new Set(['abc.ABCMeta', 'enum.EnumMeta', 'builtins.type']);

function effectOfClass(definition: Node, outer: EffectScope): Effect {
  const parts = childrenOf(definition);
  const scope = withParameters(definition, outer);
  const body = parts.find(({ name }) => name === 'Body');
  const { placed, named } = argumentsOf(scope.source, definition);
  const bases: (readonly string[])[] = [];
  for (const base of placed) {
    // `Generic[T]`
    const inner = base.name === 'MemberExpression' && textOf(scope.source, base).endsWith(']') ? base.firstChild : base;
    const chain = inner && chainOf(scope.source, inner);
    if (!chain) return 'any';
    const name = scope.fullName(chain) ?? '';
    if (!plainBases.has(name) && !/^builtins\.\w*(Error|Exception|Warning)$/.test(name)) bases.push(chain);
  }
  for (const [name, value] of named) {
    const chain = chainOf(scope.source, value);
    if (name === 'metaclass' && !plainMetaclasses.has((chain && scope.fullName(chain)) ?? '')) return 'any';
    if (name !== 'metaclass' && !isPlainValue(value, scope)) return 'any';
  }
  const statements = body ? statementsOf(body) : [];
  const inside = classScope(statements, scope);
  for (const statement of statements) {
    const name = nameOf(statement, scope.source);
    if (name === '__init_subclass__' || name === '__set_name__') return 'any';
    const effect = effectOf(statement, inside);
    if (effect === 'any') return 'any';
    if (effect !== 'none') bases.push(...effect.bases);
  }
  return bases.length === 0 ? 'none' : { bases };
}

/** In a class body its own names are there too. */
function classScope(statements: readonly Node[], scope: EffectScope): EffectScope {
  const own = new Set(statements.flatMap((one) => boundBy(one, scope.source)));
  return {
    ...scope,
    isBound: (name) => own.has(name) || scope.isBound(name),
    fullName: (chain) => (own.has(chain[0] ?? '') ? undefined : scope.fullName(chain)),
  };
}

/** The name of a definition, under its decorators. */
export function nameOf(statement: Node, source: string): string | undefined {
  const definition =
    statement.name === 'DecoratedStatement'
      ? childrenOf(statement).find(({ name }) => name.endsWith('Definition'))
      : statement;
  if (!definition || !/^(Function|Class)Definition$/.test(definition.name)) return undefined;
  const name = childrenOf(definition).find((child) => child.name === 'VariableName');
  return name && textOf(source, name);
}

/** Names that a definition or an assignment binds. */
export function boundBy(statement: Node, source: string): string[] {
  const name = nameOf(statement, source);
  if (name !== undefined) return [name];
  if (statement.name === 'TypeDefinition') {
    const alias = childrenOf(statement).find((child) => child.name === 'VariableName');
    return alias ? [textOf(source, alias)] : [];
  }
  return statement.name === 'AssignStatement' ? targetsOf(statement).flatMap((one) => variablesIn(one, source)) : [];
}

function targetsOf(statement: Node): Node[] {
  const parts = childrenOf(statement);
  const last = parts.findLastIndex(({ name }) => name === 'AssignOp');
  const targets = last < 0 ? parts : parts.slice(0, last);
  return targets.filter(({ name }) => name !== 'AssignOp' && name !== 'TypeDef' && name !== ',');
}

function variablesIn(node: Node, source: string): string[] {
  if (node.name === 'VariableName') return [textOf(source, node)];
  if (node.name === 'MemberExpression') return [];
  return childrenOf(node).flatMap((child) => variablesIn(child, source));
}

function isPlainAssignment(statement: Node, scope: EffectScope): boolean {
  const parts = childrenOf(statement);
  const last = parts.findLastIndex(({ name }) => name === 'AssignOp');
  const targets = targetsOf(statement);
  const types = parts.filter(({ name }) => name === 'TypeDef');
  // A target in a tuple is taken apart, which may fail; one in another object changes that.
  if (!targets.every(({ name }) => name === 'VariableName') || parts.some(({ name }, i) => name === ',' && i < last))
    return false;
  if (!types.every((type) => isPlainType(type, scope))) return false;
  return last < 0 || parts.slice(last + 1).every((value) => value.name === ',' || isPlainValue(value, scope));
}

function isPlainType(type: Node, scope: EffectScope): boolean {
  if (scope.typesAreText) return true;
  return childrenOf(type).every((part) => isPlainExpression(part, scope, true));
}

function isPlainValue(value: Node, scope: EffectScope): boolean {
  return isPlainExpression(value, scope, false);
}

function isPlainList(list: Node, scope: EffectScope): boolean {
  const parts = childrenOf(list).filter(({ name }) => !/^[(),]$/.test(name));
  return parts.every((part, i) => {
    const isKeyword = part.name === 'VariableName' && parts[i + 1]?.name === 'AssignOp';
    return isKeyword || part.name === 'AssignOp' || isPlainValue(part, scope);
  });
}

const plainTokens = /^(String|ContinuedString|Number|Boolean|None|Ellipsis)$/;
const brackets = /^(ArrayExpression|TupleExpression|SetExpression|DictionaryExpression|ParenthesizedExpression)$/;

/** Makers that look at nothing and leave nothing behind. */
const plainCalls = new Set([
  ...['list', 'dict', 'set', 'tuple', 'frozenset', 'bytes', 'bool', 'object', 'range'].map(
    (name) => `builtins.${name}`,
  ),
  ...['dataclasses.field', 'typing.TypeVar', 'typing.NewType', 'typing.ParamSpec', 'collections.namedtuple'],
  ...['collections.defaultdict', 'collections.OrderedDict', 'collections.deque', 'collections.Counter'],
  ...['pathlib.Path', 'pathlib.PurePath', 're.compile', 'logging.getLogger', 'threading.Lock', 'threading.RLock'],
]);

function isPlainExpression(node: Node, scope: EffectScope, isType: boolean): boolean {
  const all = (nodes: readonly Node[]): boolean => nodes.every((one) => isPlainExpression(one, scope, isType));
  if (plainTokens.test(node.name)) return true;
  if (/^[[\](){},:]$/.test(node.name)) return true;
  const chain = chainOf(scope.source, node);
  if (chain) return scope.isBound(chain[0] ?? '');
  if (brackets.test(node.name)) return all(childrenOf(node));
  switch (node.name) {
    case 'UnaryExpression':
      return childrenOf(node).every(({ name }) => /^(Number|ArithOp)$/.test(name));
    case 'BinaryExpression': {
      const [left, operator, right] = childrenOf(node);
      const sign = operator && textOf(scope.source, operator);
      const areNumbers = left?.name === 'Number' && right?.name === 'Number' && /^([-+*|]|\*\*)$/.test(sign ?? '');
      return areNumbers || (isType && sign === '|' && all([left as Node, right as Node]));
    }
    case 'LambdaExpression': {
      const list = childrenOf(node).find(({ name }) => name === 'ParamList');
      return !list || arePlainParameters(list, scope);
    }
    case 'MemberExpression':
      return isType && all(childrenOf(node)); // `dict[str, int]`
    case 'CallExpression': {
      const [callee, list] = childrenOf(node);
      const called = callee && chainOf(scope.source, callee);
      return plainCalls.has((called && scope.fullName(called)) ?? '') && list !== undefined && isPlainList(list, scope);
    }
    default:
      return false;
  }
}
