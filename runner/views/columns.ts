/** Escape sequences that change colour and take no column. */
// oxlint-disable-next-line no-control-regex
const escapes = /\x1b\[[0-9;]*m/g;
/** The same, captured, so that a split keeps it. */
// oxlint-disable-next-line no-control-regex
const colorChange = /(\x1b\[[0-9;]*m)/;
/** All control sequences: what moves the cursor, clears, or sets a title. */
// oxlint-disable-next-line no-control-regex
const controls = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g;

/** Ranges of Unicode 15.1 `EastAsianWidth.txt` that are wide (W or F), joined where only unassigned points lie between. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f7e0, 0x1f7eb],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of plain(text)) columns += widthOf(character);
  return columns;
}

/** The text without colour. */
export function plain(text: string): string {
  return text.replace(escapes, '');
}

/**
 * The text cut to `columns`, with an ellipsis where something is missing. Colour that was open at the cut is closed.
 * A wide character never straddles the edge: a terminal would put it on the next line.
 */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (columnsOf(text) <= columns) return text;
  let out = '';
  let used = 0;
  let isOpen = false;
  for (const part of text.split(colorChange)) {
    if (part.startsWith('\x1b[')) {
      out += part;
      isOpen = !/\[(0|22|39)?m$/.test(part);
      continue;
    }
    for (const character of part) {
      const width = widthOf(character);
      if (used + width > columns - 1) return `${out}…${isOpen ? '\x1b[0m' : ''}`;
      out += character;
      used += width;
    }
  }
  return out;
}

/** The text with spaces behind it, up to `columns`; longer text is cut. */
export function pad(text: string, columns: number): string {
  const fitting = cut(text, columns);
  return fitting + ' '.repeat(Math.max(0, columns - columnsOf(fitting)));
}

/** Text from elsewhere, made safe for one line of a terminal: a log must not move the cursor. */
export function oneLine(text: string): string {
  return text
    .replace(controls, '')
    .replace(/\t/g, '  ')
    .replace(/\p{Cc}+/gu, ' ');
}

function widthOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return 0;
  if (point < 0x300) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  return wide.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}
