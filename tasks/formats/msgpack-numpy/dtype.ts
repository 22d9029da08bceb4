import { Problem } from '../../../cache/problem.ts';

/** numpy's kinds of elements: bool, int, uint, float, complex, text (UTF-32), bytes, duration, time. */
export type DtypeKind = 'b' | 'i' | 'u' | 'f' | 'c' | 'U' | 'S' | 'm' | 'M';

export interface Dtype {
  readonly kind: DtypeKind;
  /** Bytes of one element. */
  readonly itemSize: number;
  readonly littleEndian: boolean;
}

/** Sizes that numpy has, in the unit of the text; texts and bytes may have any. */
const sizes: Readonly<Partial<Record<string, readonly number[]>>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 16],
  c: [8, 16, 32],
  m: [8],
  M: [8],
};
const longestText = 0x7fffffff;

/** Reads numpy's short text for a dtype, such as `<f4`, `|u1`, `>i2`, `<U2`, `<M8[ns]`. Objects and structures are refused. */
export function parseDtype(text: string): Dtype {
  const [, order = '', kind = '', digits = ''] = /^([<>|=]?)([biufcUSmM])(\d+)(?:\[\w+\])?$/.exec(text) ?? [];
  const size = Number(digits);
  const isKnown = sizes[kind]?.includes(size) ?? ((kind === 'U' || kind === 'S') && size <= longestText);
  if (!isKnown) {
    throw new Problem('dtype-unsupported', `Unsupported dtype: ${JSON.stringify(text.slice(0, 40))}.`, {
      hint: 'Send bool, int, uint or float arrays: |b1, |u1, <i8, <f4, <f8.',
    });
  }
  return { kind: kind as DtypeKind, itemSize: kind === 'U' ? 4 * size : size, littleEndian: order !== '>' };
}
