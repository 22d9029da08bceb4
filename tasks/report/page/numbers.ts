const minus = '−';

/** A fraction as a percent: 0.324 is "32%". */
export function percent(fraction: number): string {
  return `${signed(fraction * 100, 0)}%`;
}

/** A number with so many digits after the point, with a true minus sign. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? minus + text : text;
}

/** A difference always shows its sign, unless it rounds to nothing. */
export function difference(value: number, digits: number): string {
  const text = signed(value, digits);
  return text.startsWith(minus) || Number(text) === 0 ? text : `+${text}`;
}

export function percentRange({ low, high }: Range): string {
  return `${signed(low * 100, 0)}–${percent(high)}`;
}

export function range({ low, high }: Range, digits: number): string {
  return `${signed(low, digits)}–${signed(high, digits)}`;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** 12000 is "12,000". */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 1 is "1 episode", 2 is "2 episodes". */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
