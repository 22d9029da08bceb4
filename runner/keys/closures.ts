import type { Session } from 'node:inspector';

/** What the inspector tells of a value. */
interface Remote {
  readonly objectId?: string;
  readonly value?: unknown;
}
interface Property {
  readonly name: string;
  readonly value?: Remote;
}
interface Properties {
  readonly result: readonly Property[];
  readonly internalProperties?: readonly Property[];
}

export interface Position {
  readonly scriptId: string;
  /** From 0. */
  readonly lineNumber: number;
  /** From 0. */
  readonly columnNumber: number;
}

interface Scope {
  readonly description: string;
  readonly object: object;
}

/** Where the inspector finds a function and leaves what it holds. */
const shelf = Symbol.for('stet.inspected');
type Shelf = { [shelf]?: unknown };
const onShelf = "globalThis[Symbol.for('stet.inspected')]";

/** What functions hold that is not in their text: Node's inspector knows. */
export class Closures {
  #open: Session | undefined;
  readonly #urls = new Map<string, string>();

  /** What a function sees of the functions and blocks around it, below its module, by name. */
  of(fn: object): ReadonlyMap<string, unknown> {
    const seen = new Map<string, unknown>();
    const list = this.#internals(fn).find(({ name }) => name === '[[Scopes]]')?.value;
    for (const { description, object } of list ? Object.values(this.#fetch(list) as Scope[]) : []) {
      if (!/^(Closure|Block|Catch|With|Local)/.test(description)) continue;
      for (const [name, value] of Object.entries(object)) {
        if (!seen.has(name)) seen.set(name, value); // inner scopes come first
      }
    }
    return seen;
  }

  /** Where a function begins in the text of its module; undefined for one that has no text. */
  positionOf(fn: object): Position | undefined {
    const found = this.#internals(fn).find(({ name }) => name === '[[FunctionLocation]]');
    return found?.value?.value as Position | undefined;
  }

  /** The module that a function is written in, as a URL; the first question takes long where many modules are loaded. */
  moduleOf(fn: object): string | undefined {
    const script = this.positionOf(fn)?.scriptId;
    if (script === undefined) return undefined;
    if (!this.#urls.has(script)) this.#learnUrls();
    return this.#urls.get(script);
  }

  #internals(fn: object): readonly Property[] {
    (globalThis as Shelf)[shelf] = fn;
    const { result } = this.#ask('Runtime.evaluate', { expression: onShelf }) as { result: Remote };
    return this.#properties(result).internalProperties ?? [];
  }

  #properties({ objectId }: Remote): Properties {
    return this.#ask('Runtime.getProperties', { objectId, ownProperties: true }) as Properties;
  }

  #fetch({ objectId }: Remote): unknown {
    const functionDeclaration = `function () { ${onShelf} = this; }`;
    this.#ask('Runtime.callFunctionOn', { objectId, functionDeclaration });
    return (globalThis as Shelf)[shelf];
  }

  #learnUrls(): void {
    const session = this.#session();
    session.on('Debugger.scriptParsed', ({ params }) => this.#urls.set(params.scriptId, params.url));
    this.#ask('Debugger.enable', {});
    this.#ask('Debugger.disable', {});
    session.removeAllListeners('Debugger.scriptParsed');
  }

  /** Within one thread the inspector answers before `post` returns. */
  #ask(method: string, params: object): unknown {
    let answer: unknown;
    this.#session().post(method, params, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }

  #session(): Session {
    if (this.#open) return this.#open;
    const { Session } = process.getBuiltinModule('node:inspector');
    this.#open = new Session();
    this.#open.connect();
    return this.#open;
  }
}
