import { Problem } from '../../cache/problem.ts';
import { isAskedByMachinery } from './asked-by-machinery.ts';
import { nearest } from './nearest.ts';

/** The outputs of a call; asking for one that is not there throws `no-such-output`, where it would be dropped in silence. */
export function onlyWhatIsThere<T extends object>(task: string, outputs: T): T {
  return new Proxy(outputs, {
    get(target, name, receiver): unknown {
      if (name in target || isAskedByMachinery(name)) return Reflect.get(target, name, receiver);
      const known = Object.keys(target);
      const likely = nearest(String(name), known);
      throw new Problem('no-such-output', `${task} has no output "${String(name)}".`, {
        hint: `${likely ? `Did you mean "${likely}"? ` : ''}${outputsInWords(known)}`,
      });
    },
  });
}

function outputsInWords(names: readonly string[]): string {
  return names.length === 0 ? 'It has no outputs.' : `Its outputs: ${names.join(', ')}.`;
}
