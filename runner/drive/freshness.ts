import type { KeyedCall } from '../keys/keyed-call.ts';
import type { Recipes } from '../keys/recipes.ts';

interface FreshnessTools {
  readonly recipes: Recipes;
  /** A look at the world outside has begun, or is over. */
  readonly looking: () => void;
  readonly looked: () => void;
}

/** Whether calls are still what their recipes say, before their jobs start. What has to look at the world outside does so beside. */
export class Freshness {
  readonly #tools: FreshnessTools;
  readonly #looking = new Set<KeyedCall>();

  constructor(tools: FreshnessTools) {
    this.#tools = tools;
  }

  /** Undefined until it is known: `looked` tells when to ask again. */
  async isOutdated(call: KeyedCall): Promise<boolean | undefined> {
    const { recipes, looking, looked } = this.#tools;
    if (await recipes.isOutdated(call)) return true;
    if (!recipes.isObservedLongAgo(call)) return false;
    if (this.#looking.has(call)) return undefined;
    this.#looking.add(call);
    looking();
    void recipes.lookAgain(call).then(() => {
      this.#looking.delete(call);
      looked();
    });
    return undefined;
  }
}
