import { canonicalJson } from '../../cache/canonical-json.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { startWords } from '../keys/code-files.ts';
import { commandIn } from '../keys/command.ts';
import { type GivenInputs, guessedInputs } from './known-inputs.ts';

/** The argument list of a node before its inputs are known, right as far as its script; undefined when that hangs on what comes. */
export function guessedStart(spec: TaskSpec, given: GivenInputs): readonly string[] | undefined {
  if (!spec.command) return undefined;
  try {
    const [first, ...others] = [...guessedInputs(given)].map((inputs) => commandIn(spec, inputs));
    const isAgreed = others.every((other) => canonicalJson(wordsOf(other)) === canonicalJson(wordsOf(first ?? [])));
    return isAgreed ? first : undefined;
  } catch {
    return undefined; // it looked into what does not exist yet
  }
}

/** With where it starts. */
function wordsOf(command: readonly string[]): string[] {
  return [...command.filter((word, i) => i === 0 && word.startsWith('cd ')), ...startWords(command)];
}
