/** Every combination of the axes, as typed rows; the last axis varies fastest. */
export function grid<const A extends Readonly<Record<string, readonly unknown[]>>>(
  axes: A,
): { [K in keyof A]: A[K][number] }[] {
  let rows: Record<string, unknown>[] = [{}];
  for (const [axis, values] of Object.entries(axes)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [axis]: value })));
  }
  return rows as { [K in keyof A]: A[K][number] }[];
}

/** 0, 1, … count − 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
