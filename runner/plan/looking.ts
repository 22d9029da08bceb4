import { Problem } from '../../cache/problem.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { type Recipes, specOf } from '../keys/recipes.ts';
import type { Lack } from './lack.ts';

/** Looks at nodes for a plan. What cannot be looked at is a finding of its node, and the others are looked at all the same. */
export class Looking {
  readonly findings: Lack[] = [];
  /** Why nodes could not be looked at, by address. */
  readonly unseen = new Map<string, string>();
  readonly #recipes: Recipes;
  readonly #lacks: readonly Lack[];

  constructor(recipes: Recipes, lacks: readonly Lack[]) {
    this.#recipes = recipes;
    this.#lacks = lacks;
  }

  /** Undefined when it cannot be known yet what it is. */
  async key(instance: Instance): Promise<KeyedCall | undefined> {
    const lacks = this.#lacks.filter(({ address }) => address === instance.of.address);
    const blocking = specOf(instance).observe ? lacks.find(({ isForLooking }) => isForLooking) : undefined;
    if (blocking) return this.#leave(instance, blocking.what);
    try {
      return await this.#recipes.key(instance);
    } catch (error) {
      if (!Problem.is(error)) throw error;
      const { message, hint, code } = error;
      // Files of code that are not there were found before, and said with what to do.
      if (code !== 'no-code-files' || lacks.length === 0) {
        this.findings.push({ address: instance.of.address, label: instance.label, what: message, advice: hint });
      }
      return this.#leave(instance, message);
    }
  }

  #leave({ address }: Instance, what: string): undefined {
    this.unseen.set(address, `it cannot be looked at: ${what}`);
  }
}
