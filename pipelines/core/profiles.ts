import { Problem } from '../../cache/problem.ts';
import { nearest } from '../../tasks/core/nearest.ts';

/**
 * The parameters that a profile gives; without a name, none. Throws `no-such-profile`.
 *
 * Precedence: defaults of the shape, then the profile, then the command line (`applyOverrides` completes what is here).
 */
export function withProfile(
  profiles: Readonly<Record<string, unknown>> | undefined,
  name: string | undefined,
): unknown {
  if (name === undefined) return {};
  const known = Object.keys(profiles ?? {});
  if (profiles && Object.hasOwn(profiles, name)) return merge({}, profiles[name]);
  const close = nearest(name, known);
  throw new Problem('no-such-profile', `There is no profile "${name}"${close ? `; did you mean "${close}"?` : '.'}`, {
    hint: known.length > 0 ? `Profiles here: ${known.join(', ')}.` : 'This pipeline has no profiles.',
  });
}

/** Objects merge at every depth; lists and all else are replaced. Neither argument is changed. */
export function merge(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isPlain(above)) return structuredClone(above);
  const merged: Record<string, unknown> = isPlain(below) ? { ...below } : {};
  for (const [key, value] of Object.entries(above)) {
    const value_ = merge(Object.hasOwn(merged, key) ? merged[key] : undefined, value);
    Object.defineProperty(merged, key, { value: value_, enumerable: true, configurable: true, writable: true });
  }
  return merged;
}

export function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
