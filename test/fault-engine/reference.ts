import { createHash } from 'node:crypto';
import { type Listing, pick, type Step, type Unary } from './drawn-round.ts';
import { bigBytes, modulus, oddKeys, trainSteps } from './sources.ts';
import { at, type World } from './world.ts';

/** A file by its content. */
export interface FileValue {
  readonly file: string;
}
interface Row {
  readonly id: string;
  readonly v: number;
}
export type Value = number | FileValue | Row | readonly Value[];

export interface Expected {
  /** By the name of the result. */
  readonly all: Readonly<Record<string, Value>>;
  /** What programs note down when they begin, if nothing is known of any. */
  readonly lines: ReadonlySet<string>;
  /** Which of the lines makes a file, by the digest of its content. */
  readonly makers: ReadonlyMap<string, string>;
}

/** What a drawn graph comes to: plain functions, no engine and no memory. */
export function evaluate(steps: readonly Step[], world: World): Expected {
  const made = new Evaluation(world);
  for (const [i, step] of steps.entries()) made.take(step, i);
  made.all.none = made.add([at(world, 'p')], 0);
  return made;
}

class Evaluation {
  readonly all: Record<string, Value> = {};
  readonly lines = new Set<string>();
  readonly makers = new Map<string, string>();
  readonly #world: World;
  readonly #values: number[];
  readonly #lists: (readonly Value[])[] = [];
  readonly #files: string[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#values = [at(world, 'p')];
  }

  take(step: Step, i: number): void {
    switch (step.is) {
      case 'add':
        return this.#value(
          i,
          this.add(
            step.from.map((from) => this.#number(from)),
            step.salt,
          ),
        );
      case 'data':
        return this.#value(i, this.#noted(['data' + String(step.place)], at(this.#world, 'data', step.place)));
      case 'adopted': {
        const found = this.#noted(['adopt'], at(this.#world, 'adopted'));
        return this.#value(i, this.#noted(['read-adopted'], found));
      }
      case 'file':
        return this.#file(i, this.#write(this.#number(step.from), step.isBig));
      case 'hash':
      case 'seen':
      case 'fact': {
        const file = pick(this.#files, step.of);
        if (file === undefined) return;
        return this.#value(i, step.is === 'fact' ? this.#first(file) : this[step.is](file, step.salt));
      }
      case 'gather': {
        const list = pick(this.#lists, step.list);
        if (list?.every((item) => typeof item === 'number')) this.#value(i, this.add(list, step.salt));
        return; // lists of others are never empty
      }
      case 'each':
        return this.#each(step, i);
      case 'list':
      case 'flow':
      case 'pairs':
      case 'keyed':
      case 'train':
        return this.#listing(step.is, this.#number(step.from), step.salt, i);
      default:
        return this.#value(i, this.#unary(step.is, this.#number(step.from), step.salt, i));
    }
  }

  add(all: readonly number[], salt: number): number {
    const k = at(this.#world, 'k');
    this.lines.add(`add ${all.join('+')} ${salt} ${k}`);
    return (all.reduce((a, b) => a + b, 0) + salt + k) % modulus;
  }

  hash(content: string, salt: number): number {
    const digest = digestOf(content).slice(0, 6);
    this.lines.add(`hash ${digest} ${salt}`);
    return (Number.parseInt(digest, 16) + salt) % modulus;
  }

  seen(content: string, salt: number): number {
    const first = Number(content.split(/\s/, 1)[0]);
    this.lines.add(`seen ${digestOf(content).slice(0, 6)} ${this.#first(content)} ${salt}`);
    return (first + this.#first(content) + salt) % modulus;
  }

  /** What the kind's `inspect` finds. */
  #first(content: string): number {
    return Number(content.split(/\s/, 1)[0]) + at(this.#world, 'inspect');
  }

  #unary(is: Unary, n: number, salt: number, i: number): number {
    const [times, bend] = this.#constants(is, i);
    this.lines.add([is, n, salt, times, ...(bend === undefined ? [] : [bend])].join(' '));
    if (is === 'made') return ((n + (bend ?? 0)) * times + salt) % modulus;
    return (n * times + salt + (bend ?? 0)) % modulus;
  }

  #constants(is: Unary, i: number): readonly [number, number?] {
    const world = this.#world;
    if (is === 'asked') return [at(world, 'word') + 2];
    if (is === 'made') return [at(world, 'factor') + 2 + i, at(world, 'shift')];
    const place = Number(is.at(-1));
    return is.startsWith('py')
      ? [at(world, 'pyTimes', place) + 2, at(world, 'pyBend', place)]
      : [at(world, 'times', place) + 2, at(world, 'bend', place)];
  }

  #write(n: number, isBig: boolean): string {
    const content = isBig ? `${n}\n`.repeat(bigBytes).slice(0, bigBytes) : `${n}\n`;
    this.#make(`${isBig ? 'big' : 'small'}-file ${n}`, content);
    return content;
  }

  #make(line: string, content: string): void {
    this.lines.add(line);
    this.makers.set(digestOf(content), line);
  }

  #listing(is: Listing, n: number, salt: number, i: number): void {
    if (is === 'train') {
      const lines = Array.from({ length: trainSteps }, (_, s) => `${n} ${s + 1} ${salt}\n`);
      for (const s of lines.keys()) this.#make(`train ${n} ${salt} ${s}`, lines.slice(0, s + 1).join(''));
      this.#file(i, lines.join(''));
      return this.#list(
        i,
        lines.map((_, s) => ({ file: lines.slice(0, s + 1).join('') })),
      );
    }
    this.lines.add(`${is} ${n} ${salt}`);
    const some = Array.from({ length: (n + salt) % 4 }, (_, at) => n + at);
    if (is === 'pairs') return this.#list(i, [n + salt, n]);
    if (is === 'keyed') {
      return this.#list(
        i,
        oddKeys.slice(0, 1 + ((n + salt) % oddKeys.length)).map((id, at) => ({ id, v: n + at })),
      );
    }
    this.#list(i, some);
  }

  #each({ list, body, salt, isFiltered }: Step & { is: 'each' }, i: number): void {
    const items = pick(this.#lists, list);
    if (items === undefined) return;
    const kept = items.filter((item) => !isFiltered || typeof item !== 'number' || item % 2 === 0);
    this.#list(
      i,
      kept.map((item) => {
        if (typeof item === 'object' && 'file' in item)
          return salt % 2 === 0 ? this.hash(item.file, salt) : this.seen(item.file, salt);
        const n = typeof item === 'number' ? item : (item as Row).v;
        return body === 'add' ? this.add([n, at(this.#world, 'p')], salt) : this.#unary(body, n, salt, i);
      }),
    );
  }

  #noted(words: readonly string[], n: number): number {
    this.lines.add([...words, n].join(' '));
    return n;
  }

  #number(from: number): number {
    return pick(this.#values, from) as number;
  }

  #value(i: number, n: number): void {
    this.#values.push(n);
    this.all[`v${i}`] = n;
  }

  #file(i: number, content: string): void {
    this.#files.push(content);
    this.all[`f${i}`] = { file: content };
  }

  #list(i: number, items: readonly Value[]): void {
    this.#lists.push(items);
    this.all[`l${i}`] = items;
  }
}

function digestOf(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
