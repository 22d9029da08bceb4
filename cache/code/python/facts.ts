import { importsIn, type PythonImport } from './imports.ts';
import { type PathScope, pathOf } from './path-value.ts';
import { argumentsOf, chainOf, childrenOf, lineOf, literalOf, type Node, textOf } from './tree.ts';

/** Something that a program does and that cannot be followed by reading it. */
export interface Loose {
  readonly line: number;
  /** As it stands in the source. */
  readonly code: string;
  readonly advice: string;
}

/** What a part of a module uses and does. */
export interface Facts {
  /** Names with what is taken from them: `utils.features` is `['utils', 'features']`. */
  readonly chains: readonly (readonly string[])[];
  readonly imports: readonly PythonImport[];
  /** Modules, and names in them, that stand in text: `"envs.pusht:PushT"`. */
  readonly named: readonly string[];
  /** Modules that are started by name, as programs. */
  readonly programs: readonly string[];
  /** What is put on the module search path; undefined where it cannot be read. */
  readonly searched: readonly { readonly path: string | undefined; readonly line: number; readonly code: string }[];
  /** Paths that stand in it and are not written to; a folder of Hydra's is relative to the file. */
  readonly paths: readonly { readonly path: string; readonly line: number }[];
  readonly loose: readonly Loose[];
  /** Reaches names that do not stand in it: of its own module, or of any. */
  readonly looksUp: 'nothing' | 'module' | 'all';
  readonly docs: 'none' | 'own' | 'all';
  /** Reads sources as they are written, its own or any. */
  readonly sources: 'none' | 'own' | 'all';
  readonly listsSubclasses: boolean;
}

export function factsOf(node: Node, scope: PathScope): Facts {
  const reader = new Reader(scope);
  reader.visit(node);
  return reader.facts();
}

const ownLookups = new Set(['globals', 'vars', 'locals', 'eval', 'exec', 'dir', 'inspect']);
const ownLookupProperties = new Set(['__dict__', '__globals__', 'f_globals', 'currentframe', '_getframe']);
/** Command lines that are made from whatever stands in the calling module. */
const moduleCommands = new Set(['Fire', 'CLI', 'auto_cli', 'testmod', 'unittest']);
/** What comes out of them names its classes itself. */
const unpicklers = new Set(['pickle', 'cPickle', 'dill', 'cloudpickle', 'joblib', 'shelve']);
/** Calls that load a module or an object by a name. */
const loaders = new Set([
  ...['import_module', '__import__', 'spec_from_file_location', 'run_path', 'run_module', 'load_source'],
  ...['instantiate', 'get_class', 'get_method', 'get_object', 'locate', 'import_string', 'entry_points'],
  ...['iter_modules', 'walk_packages', 'SourceFileLoader'],
]);
const childStarters = new Set([
  'run',
  'Popen',
  'call',
  'check_call',
  'check_output',
  'system',
  'popen',
  'execv',
  'execvp',
]);

class Reader {
  readonly #scope: PathScope;
  readonly #chains = new Map<string, readonly string[]>();
  readonly #imports: PythonImport[] = [];
  readonly #named = new Set<string>();
  readonly #programs: string[] = [];
  readonly #searched: Facts['searched'][number][] = [];
  readonly #paths: Facts['paths'][number][] = [];
  readonly #loose: Loose[] = [];
  #looksUp: Facts['looksUp'] = 'nothing';
  #docs: Facts['docs'] = 'none';
  #sources: Facts['sources'] = 'none';
  #listsSubclasses = false;

  constructor(scope: PathScope) {
    this.#scope = scope;
  }

  facts(): Facts {
    return {
      chains: [...this.#chains.values()],
      imports: this.#imports,
      named: [...this.#named],
      programs: this.#programs,
      searched: this.#searched,
      paths: this.#paths,
      loose: this.#loose,
      looksUp: this.#looksUp,
      docs: this.#docs,
      sources: this.#sources,
      listsSubclasses: this.#listsSubclasses,
    };
  }

  visit(node: Node): void {
    const { source } = this.#scope;
    const chain = chainOf(source, node);
    if (chain) return this.#chain(chain);
    switch (node.name) {
      case 'ImportStatement':
        return void this.#imports.push(...importsIn(source, node));
      case 'String':
        return this.#text(node);
      case 'Decorator':
        return this.#decorator(node);
      case 'ParamList':
        return this.#parameters(node);
      case 'ArgList':
        return this.#arguments(node);
      case 'PropertyName':
        return this.#property(textOf(source, node));
      case 'CallExpression':
        if (this.#call(node)) return;
        break;
      case 'AssignStatement':
      case 'UpdateStatement':
        this.#assignment(node);
    }
    if (this.#isPath(node)) return;
    for (const child of childrenOf(node)) this.visit(child);
  }

  #chain(chain: readonly string[]): void {
    this.#chains.set(chain.join('.'), chain);
    const [head = '', ...rest] = chain;
    if (head === '__doc__') this.#docs = this.#docs === 'all' ? 'all' : 'own';
    if (ownLookups.has(head) || moduleCommands.has(head)) this.#looksUpOwn();
    const isUnpickled = unpicklers.has(head) && (rest.length === 0 || /load|Unpickler|open/.test(rest[0] ?? ''));
    if (isUnpickled || (head === 'torch' && rest[0] === 'load')) this.#looksUp = 'all';
    for (const name of rest) this.#property(name);
    if (rest.length === 0 && head !== '__doc__') this.#property(head);
    if (head === 'sys' && rest[0] === 'modules') this.#looksUp = 'all';
  }

  #property(name: string): void {
    if (name === '__doc__' || name === 'getdoc') this.#docs = 'all';
    if (name === '__subclasses__') this.#listsSubclasses = true;
    if (/^getsource|^getcomments$|^findsource$|^linecache$/.test(name)) this.#sources = 'all';
    if (ownLookupProperties.has(name) || moduleCommands.has(name)) this.#looksUpOwn();
  }

  #looksUpOwn(): void {
    if (this.#looksUp === 'nothing') this.#looksUp = 'module';
  }

  /** Names and brackets lie side by side in it. */
  #decorator(node: Node): void {
    const [, ...parts] = childrenOf(node);
    const names = parts.filter(({ name }) => name === 'VariableName' || name === 'PropertyName');
    const chain = names.map((name) => textOf(this.#scope.source, name));
    if (chain.length > 0) this.#chain(chain);
    if (chain.join('.') === 'hydra.main') this.#configFolder(node);
    for (const part of parts) if (!names.includes(part)) this.visit(part);
  }

  /** Only defaults and annotations use anything. */
  #parameters(node: Node): void {
    let isDefault = false;
    for (const child of childrenOf(node)) {
      if (isDefault || child.name === 'TypeDef') this.visit(child);
      isDefault = child.name === 'AssignOp';
    }
  }

  #arguments(node: Node): void {
    const children = childrenOf(node);
    for (const [i, child] of children.entries()) {
      const isKeyword = child.name === 'VariableName' && children[i + 1]?.name === 'AssignOp';
      if (!isKeyword) this.visit(child);
    }
  }

  /** Whether all that it uses has been read. */
  #call(node: Node): boolean {
    const { source } = this.#scope;
    const [callee] = childrenOf(node);
    const chain = callee && chainOf(source, callee);
    const name = chain?.at(-1) ?? '';
    if (name === 'addsitedir' || /^sys\.path\.(insert|append|extend)$/.test(chain?.join('.') ?? '')) {
      this.#search(argumentsOf(source, node).placed.at(-1), node);
      return false;
    }
    if (loaders.has(name)) this.#load(node, name);
    if (name === 'exec' && chain?.length === 1) this.#loosen(node, 'name the files whose code it runs in `code`');
    if (childStarters.has(name) && /^(subprocess|os|sp)$/.test(chain?.[0] ?? '')) this.#startChild(node);
    if (/^(open|read_text|read_bytes)$/.test(name)) return this.#opens(node);
    return false;
  }

  #load(node: Node, name: string): void {
    const { source } = this.#scope;
    const { placed, named } = argumentsOf(source, node);
    const [first, second] = placed;
    const text = first && this.#textOf(first);
    if (text !== undefined && /^(import_module|__import__|run_module|locate|get_class|get_method)$/.test(name)) {
      const base = text.startsWith('.') && second ? literalOf(source, second) : '';
      if (name === 'run_module') this.#programs.push(text);
      if (base !== undefined) return this.#loadNamed(`${base}${text}`, node);
    }
    const path = /^(spec_from_file_location|SourceFileLoader|load_source)$/.test(name)
      ? (named.get('location') ?? second)
      : name === 'run_path'
        ? first
        : undefined;
    if (path && pathOf(path, this.#scope) !== undefined) return; // it is followed as a path that stands in the code
    this.#loosen(node, 'name the files that it can load in `code`');
  }

  /** A text, or a name that stands for one. */
  #textOf(node: Node): string | undefined {
    const { source, constants } = this.#scope;
    const value = node.name === 'VariableName' ? constants.get(textOf(source, node)) : node;
    return value && literalOf(source, value);
  }

  /** The module comes as a value, so all of it may be used. */
  #loadNamed(module: string, node: Node): void {
    this.#named.add(module);
    const line = lineOf(this.#scope.source, node);
    this.#imports.push({ level: 0, module, bound: [], line, isTried: false });
  }

  /** A script that can be read is followed as a path; what else is started cannot be. */
  #startChild(node: Node): void {
    const text = textOf(this.#scope.source, node);
    if (!/\bsys\.executable\b|\bpython[\d.]*\b/.test(text)) return;
    const module = this.#moduleStarted(node);
    if (module !== undefined) this.#programs.push(module);
    else if (!this.#holdsScript(node)) this.#loosen(node, 'name the scripts that it starts with python(…) in `code`');
  }

  /** Of `[sys.executable, '-m', 'lib.tool']`. */
  #moduleStarted(node: Node): string | undefined {
    const texts = textsIn(this.#scope.source, node);
    const at = texts.indexOf('-m');
    return at < 0 ? undefined : texts[at + 1];
  }

  #holdsScript(node: Node): boolean {
    if (pathOf(node, this.#scope)?.endsWith('.py')) return true;
    return childrenOf(node).some((child) => this.#holdsScript(child));
  }

  #configFolder(node: Node): void {
    const { source, file } = this.#scope;
    const folder = argumentsOf(source, node).named.get('config_path');
    const path = folder && pathOf(folder, this.#scope);
    if (path === undefined) return;
    const above = file.slice(0, file.lastIndexOf('/'));
    this.#paths.push({ path: path.startsWith('/') ? path : `${above}/${path}`, line: lineOf(source, node) });
  }

  #opens(node: Node): boolean {
    const { source } = this.#scope;
    const { placed, named } = argumentsOf(source, node);
    if (/open\s*\(\s*__file__|\(\s*__file__\s*\)\s*\.\s*read_/.test(textOf(source, node))) {
      if (this.#sources === 'none') this.#sources = 'own';
    }
    const mode = named.get('mode') ?? placed[1];
    return /[wax+]/.test((mode && literalOf(source, mode)) ?? '');
  }

  #assignment(node: Node): void {
    const { source } = this.#scope;
    const [target, sign, ...values] = childrenOf(node);
    if (!target || !/^sys\.path(\[.*\])?$/.test(textOf(source, target))) return;
    const lists = values.flatMap((value) => (value.name === 'ArrayExpression' ? [value] : childrenOf(value)));
    const made = lists.filter(({ name }) => name === 'ArrayExpression');
    for (const list of made) this.#search(list, node);
    if (made.length === 0 && sign) this.#search(undefined, node);
  }

  #search(given: Node | undefined, statement: Node): void {
    const { source } = this.#scope;
    const where = { line: lineOf(source, statement), code: firstLine(textOf(source, statement)) };
    const items =
      given?.name === 'ArrayExpression' ? childrenOf(given).filter(({ name }) => !/^[[\],]$/.test(name)) : [given];
    for (const item of items) {
      const isStar = item && textOf(source, item) === '*';
      if (!isStar) this.#searched.push({ ...where, path: item && pathOf(item, this.#scope) });
    }
  }

  #text(node: Node): void {
    const { source } = this.#scope;
    const text = literalOf(source, node);
    if (text === undefined) return;
    if (/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::[\w.]+)?$|^[A-Za-z_]\w*:[A-Za-z_][\w.]*$/.test(text))
      this.#named.add(text);
    // Types in quotes are looked up when something asks for them.
    if (isInType(node)) for (const [name] of text.matchAll(/[A-Za-z_][\w.]*/g)) this.#chain(name.split('.'));
    this.#path(text, node);
  }

  /** Whether it makes a path from more than one text; its parts are no paths then. */
  #isPath(node: Node): boolean {
    if (!/^(CallExpression|BinaryExpression|MemberExpression)$/.test(node.name)) return false;
    const path = pathOf(node, this.#scope);
    if (path === undefined) return false;
    this.#path(path, node);
    for (const name of namesIn(this.#scope.source, node)) this.#chain(name);
    return true;
  }

  #path(path: string, node: Node): void {
    if (/\.\w{1,8}$/.test(path) && !/[\n*?<>{}]/.test(path) && path.length < 500)
      this.#paths.push({ path, line: lineOf(this.#scope.source, node) });
  }

  #loosen(node: Node, advice: string): void {
    const { source } = this.#scope;
    this.#loose.push({ line: lineOf(source, node), code: firstLine(textOf(source, node)), advice });
  }
}

function isInType(node: Node): boolean {
  for (let above = node.parent; above; above = above.parent) {
    if (above.name === 'TypeDef') return true;
    if (/Statement$|Definition$|^ParamList$|^Body$/.test(above.name)) return false;
  }
  return false;
}

function namesIn(source: string, node: Node): string[][] {
  const chain = chainOf(source, node);
  if (chain) return [chain];
  return childrenOf(node).flatMap((child) => namesIn(source, child));
}

function textsIn(source: string, node: Node): string[] {
  const text = literalOf(source, node);
  return text === undefined ? childrenOf(node).flatMap((one) => textsIn(source, one)) : [text];
}

function firstLine(code: string): string {
  return code.split('\n')[0] ?? '';
}
