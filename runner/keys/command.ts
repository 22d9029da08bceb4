import { Problem } from '../../cache/problem.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { isUncounted } from '../../tasks/core/uncounted.ts';
import { mapOutside } from '../values/leaves.ts';
import { inputPlace, outputPlace } from './places.ts';

/** The argument list with places for paths. A working folder that is an input counts too, unless the input does not. */
export function commandIn(spec: TaskSpec, inputs: Readonly<Record<string, unknown>>): string[] {
  const placed = withPlaces(spec, inputs);
  const out = Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, outputPlace(name)]));
  const args = spec.command?.(placed, out, { resuming: false }) ?? [];
  const wrong = args.findIndex((arg) => typeof arg !== 'string' || arg.includes('\0'));
  if (args.length === 0 || wrong >= 0) {
    const what = args.length === 0 ? 'an empty command' : `argument ${wrong} that is no text: ${String(args[wrong])}`;
    throw new Problem('wrong-command', `${spec.name} gave ${what}.`, {
      hint: 'Write numbers as `${steps}` or String(steps).',
    });
  }
  return spec.cwd ? [`cd ${spec.cwd(placed)}`, ...args] : [...args];
}

/** The inputs with places for the paths of artifacts, and for texts that only say where something is; switches that do not count are off. */
function withPlaces({ inputs: shape }: TaskSpec, inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const named = Object.entries(inputs).map(([name, value]) => {
    if (!isUncounted(shape[name])) return [name, value];
    return [name, typeof value === 'string' ? inputPlace(name) : typeof value === 'boolean' ? false : value];
  });
  const placed: Record<string, unknown> = Object.fromEntries(named);
  return mapOutside(
    placed,
    ({ kind, digest, meta }, where) => ({ kind, digest, meta, path: inputPlace(where) }),
    urlPlace,
  );
}

/** The same for the url of a service: programs may take it apart, so it is one. */
const urlPlace = (where: string): string => `http://${where.replaceAll(/[^A-Za-z0-9.-]/g, '-')}.service.invalid:1`;
