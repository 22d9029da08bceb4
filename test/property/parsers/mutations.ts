import fc from 'fast-check';

/** One damage to a file. `at` and `length` are shares of it, so that they mean something for every size. */
export interface Mutation {
  readonly how: 'flip' | 'cut' | 'insert' | 'repeat' | 'remove' | 'huge' | 'zero';
  readonly at: number;
  readonly length: number;
  readonly value: number;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Headers and indices lie at the ends of files. */
const nearEnds = fc.oneof(
  share,
  share.map((value) => value ** 6),
  share.map((value) => 1 - value ** 6),
);

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({
    how: fc.constantFrom('flip', 'flip', 'huge', 'huge', 'cut', 'insert', 'repeat', 'remove', 'zero'),
    at: nearEnds,
    length: share.map((value) => value ** 4),
    value: fc.integer({ min: 0, max: 255 }),
  }),
  { minLength: 1, maxLength: 3 },
);

export function mutate(bytes: Buffer, damage: readonly Mutation[]): Buffer {
  return damage.reduce(apply, Buffer.from(bytes));
}

/** What a reader might take for a length: the largest numbers of each width and sign, and some above what is there. */
const lengths: readonly Buffer[] = [
  Buffer.alloc(8, 0xff),
  Buffer.from([0xff, 0xff, 0xff, 0x7f]),
  Buffer.from([0x7f, 0xff, 0xff, 0xff]),
  Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
  Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
  Buffer.from('99999999999'),
  Buffer.from('-1'),
  Buffer.from('1e999'),
];

function apply(bytes: Buffer, { how, at, length, value }: Mutation): Buffer {
  if (bytes.length === 0) return bytes;
  const start = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
  const end = Math.min(bytes.length, start + 1 + Math.floor(length * bytes.length));
  const piece = bytes.subarray(start, end);
  const spliced = (...between: Buffer[]): Buffer =>
    Buffer.concat([bytes.subarray(0, start), ...between, bytes.subarray(end)]);
  if (how === 'cut') return bytes.subarray(0, start);
  if (how === 'remove') return spliced();
  if (how === 'repeat') return spliced(piece, piece);
  if (how === 'insert') return spliced(Buffer.alloc(1 + (value % 16), value), piece);
  if (how === 'zero') return spliced(Buffer.alloc(piece.length));
  if (how === 'flip') bytes.writeUInt8(bytes.readUInt8(start) ^ (1 << (value % 8)), start);
  if (how === 'huge') (lengths[value % lengths.length] as Buffer).copy(bytes, start);
  return bytes;
}
