import { canonicalJson, isTable, type Json } from '../../cache/canonical-json.ts';
import { type Recipe, recipeDifference } from '../../cache/recipe.ts';
import { acceptedRecords } from '../../cache/accepted-records.ts';
import type { NodeRecord } from '../../cache/records.ts';
import type { Store } from '../../cache/store.ts';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { isUncounted } from '../../tasks/core/uncounted.ts';
import type { Instance } from '../dataflow/instance.ts';
import { hangsOnStart } from '../keys/code-files.ts';
import { commandIn } from '../keys/command.ts';
import { counted, type FixedPart, type Recipes, specOf } from '../keys/recipes.ts';
import { isWhole } from '../values/cache-hit.ts';
import { forRecipe } from '../values/declared.ts';
import { type History, inFewWords } from './history.ts';
import { guessedStart } from './guessed-start.ts';
import { givenInputs } from './known-inputs.ts';

type Inputs = Readonly<Record<string, unknown>>;

/**
 * Which of the nodes that wait for others run in any case: those that no result in the store can be of, whatever comes. What
 * cannot be told apart from a result may still be known in the end.
 */
export class Certainty {
  readonly #store: Store;
  readonly #recipes: Recipes;
  readonly #history: History;
  #byTask: Promise<Map<string, NodeRecord[]>> | undefined;

  constructor(store: Store, recipes: Recipes, history: History) {
    this.#store = store;
    this.#recipes = recipes;
    this.#history = history;
  }

  /** Why a node runs whatever its missing inputs will be; undefined when it may be known. `given` are its inputs, with refs. */
  async reasonToRun(instance: Instance, given: Inputs): Promise<string | undefined> {
    const spec = specOf(instance);
    const inputs = givenInputs(spec, given);
    const { known, unknown } = inputs;
    const waiting = new Set(unknown.map(([name]) => name));
    const command = guessedStart(spec, inputs);
    if (command === undefined && hangsOnStart(spec)) return undefined;
    const fixed = await this.#recipes.fixedPart(spec, command);
    const partly: Partly = { spec, known, waiting, fixed, inputs: forRecipe(counted(spec, known)) as Recipe['inputs'] };
    const records = (await this.#records()).get(spec.name) ?? [];
    const alike = records.filter(({ recipe }) => isAlike(recipe, partly) && mayBeCommandOf(recipe, partly));
    if (alike.some((record) => isWhole(this.#store, record))) return undefined;
    if (alike.length > 0) return 'its stored result is damaged';
    return this.#difference(instance, partly);
  }

  async #difference(instance: Instance, partly: Partly): Promise<string> {
    const { spec, inputs, fixed, waiting } = partly;
    const before = (await this.#history.before({ instance }))?.recipe;
    if (!before) return (await this.#records()).has(spec.name) ? 'it has no earlier result' : 'it never ran before';
    const kept = Object.entries(before.inputs).filter(([name]) => waiting.has(name));
    const command = commandToday(before, partly) ?? before.command;
    const now = { ...before, ...absent, ...fixed, inputs: { ...Object.fromEntries(kept), ...inputs }, command };
    return inFewWords(recipeDifference(before, now)).join('; ') || 'it has no earlier result';
  }

  /** Read once, and only when some node waits. */
  #records(): Promise<Map<string, NodeRecord[]>> {
    this.#byTask ??= this.#read();
    return this.#byTask;
  }

  async #read(): Promise<Map<string, NodeRecord[]>> {
    const { records, accepted } = this.#store;
    const byTask = new Map<string, NodeRecord[]>();
    for (const some of [records.all(), acceptedRecords(records, accepted)]) {
      for await (const record of some) {
        const { task } = record.recipe;
        const others = byTask.get(task);
        if (others) others.push(record);
        else byTask.set(task, [record]);
      }
    }
    return byTask;
  }
}

/** What a recipe of today may do without. */
const absent = {
  code: undefined,
  body: undefined,
  closure: undefined,
  version: undefined,
  files: undefined,
  env: undefined,
};

/** A call of which some inputs are still to come. */
interface Partly {
  readonly spec: TaskSpec;
  readonly known: Inputs;
  /** Names of the inputs that are still to come. */
  readonly waiting: ReadonlySet<string>;
  readonly fixed: FixedPart;
  /** The known inputs as a recipe has them. */
  readonly inputs: Recipe['inputs'];
}

/** Whether a recipe has the known inputs, and all that does not hang on inputs. */
function isAlike(recipe: Recipe, { fixed, inputs, waiting }: Partly): boolean {
  const names = new Set([...Object.keys(recipe.inputs), ...Object.keys(inputs)]);
  const { outputs, code, body, closure, version, files, env } = recipe;
  return (
    [...names].every((name) => waiting.has(name) || isSame(recipe.inputs[name], inputs[name])) &&
    isSame({ outputs, code, body, closure, version, files, env } satisfies FixedPart, fixed)
  );
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return one === other;
  return canonicalJson(forRecipe(one)) === canonicalJson(forRecipe(other));
}

/** Whether the task, given what a recipe was given, makes that recipe's argument list today; true when that cannot be told. */
function mayBeCommandOf(recipe: Recipe, partly: Partly): boolean {
  const { command } = partly.spec;
  if (!command || !recipe.command) return command === undefined && recipe.command === undefined;
  const today = commandToday(recipe, partly);
  return today === undefined || isSame(today, recipe.command);
}

/** The argument list for the inputs of a recipe; undefined when it hangs on more than a recipe holds. */
function commandToday(recipe: Recipe, { spec, known, waiting }: Partly): string[] | undefined {
  if ([...waiting].some((name) => isUncounted(spec.inputs[name]))) return undefined;
  try {
    const given = [...waiting].map((name) => [name, revived(recipe.inputs[name])]);
    return commandIn(spec, { ...known, ...Object.fromEntries(given) });
  } catch {
    return undefined; // it looked at what a recipe does not hold
  }
}

/** A value of a recipe as a command gets it; asking an artifact for what a recipe does not hold throws. */
function revived(json: Json | undefined): unknown {
  if (Array.isArray(json)) return json.map(revived);
  if (!isTable(json)) return json;
  const { $artifact, $service } = json;
  if (typeof $service === 'string') return new PromisedEndpoint({ address: '', fingerprint: $service });
  if (isTable($artifact)) {
    const meta = new Proxy({}, { get: unheld, has: unheld, ownKeys: unheld });
    return { meta, ...$artifact, path: '' };
  }
  if (Object.keys(json).some((key) => key.startsWith('$'))) return unheld();
  return Object.fromEntries(Object.entries(json).map(([key, inner]) => [key, revived(inner)]));
}

function unheld(): never {
  throw new Error('a recipe does not hold it');
}
