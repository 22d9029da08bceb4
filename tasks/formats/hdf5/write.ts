import { writeFile } from 'node:fs/promises';
import {
  attributeMessage,
  datasetMessages,
  type ElementType,
  groupMessage,
  objectHeader,
  toEights,
  uint64,
} from './messages.ts';

/** Values of a dataset, row-major: float64, int64, or booleans as 0 and 1. */
export interface WrittenHdf5Dataset {
  readonly shape: readonly number[];
  readonly values: Float64Array | BigInt64Array | Uint8Array;
}

export interface WrittenHdf5 {
  /** By path: `action/joint_position`. Groups are there for what is in them. */
  readonly datasets: Readonly<Record<string, WrittenHdf5Dataset>>;
  /** Of the file; a bigint is an integer. */
  readonly attributes?: Readonly<Record<string, string | number | bigint | boolean>>;
}

/**
 * Writes an HDF5 file in the oldest of its formats, which every reader knows: groups as tables, each dataset in one piece,
 * nothing compressed. Equal content gives equal bytes.
 */
export async function writeHdf5(path: string, { datasets, attributes = {} }: WrittenHdf5): Promise<void> {
  const root: Tree = { members: new Map() };
  for (const [name, dataset] of Object.entries(datasets)) treeAt(root, name.split('/')).dataset = dataset;
  const file = new Layout(mostMembers(root));
  const placed = file.placeGroup(root, Object.entries(attributes));
  await writeFile(path, file.bytes(placed));
}

interface Tree {
  readonly members: Map<string, Tree>;
  dataset?: WrittenHdf5Dataset;
}

function treeAt(root: Tree, names: readonly string[]): Tree {
  return names.reduce((at, name) => {
    const next = at.members.get(name) ?? { members: new Map() };
    at.members.set(name, next);
    return next;
  }, root);
}

function mostMembers({ members }: Tree): number {
  return Math.max(members.size, ...[...members.values()].map(mostMembers));
}

interface Placed {
  readonly header: number;
  /** Of a group. */
  readonly index?: number;
  readonly names?: number;
}

const superblockBytes = 96;
const undefinedAddress = Buffer.alloc(8, 0xff);
/** Half of how many tables an index may lead to; each group here needs one. */
const indexHalf = 16;

/** The pieces of the file one after the other, each at the offset that `place` gave. */
class Layout {
  private readonly pieces: Buffer[] = [];
  private end = superblockBytes;
  /** Half of how many members a table has room for, so that the largest group fits in one. */
  private readonly tableHalf: number;

  constructor(mostInGroup: number) {
    this.tableHalf = Math.max(4, Math.ceil(mostInGroup / 2));
  }

  placeGroup(
    { members }: Tree,
    attributes: readonly (readonly [string, string | number | bigint | boolean])[] = [],
  ): Placed {
    const sorted = [...members].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const entries = sorted.map(([name, tree]) => ({
      name,
      placed: tree.dataset ? this.placeDataset(tree.dataset) : this.placeGroup(tree),
    }));
    const { at: names, offsets } = this.placeNames(entries.map(({ name }) => name));
    const table = this.place(this.table(entries.map(({ placed }, i) => entry(offsets[i] as number, placed))));
    const index = this.place(indexOf(table, offsets.at(-1)));
    const messages = [groupMessage(index, names), ...attributes.map(([name, value]) => attributeMessage(name, value))];
    return { header: this.place(objectHeader(messages)), index, names };
  }

  /** The whole file. */
  bytes(root: Placed): Buffer {
    const head = Buffer.alloc(24);
    head.write('\x89HDF\r\n\x1a\n', 'latin1');
    head.set([8, 8], 13); // bytes of an address and of a length
    head.writeUInt16LE(this.tableHalf, 16);
    head.writeUInt16LE(indexHalf, 18);
    const superblock = Buffer.concat([
      head,
      uint64(0),
      undefinedAddress,
      uint64(this.end),
      undefinedAddress,
      entry(0, root),
    ]);
    return Buffer.concat([superblock, ...this.pieces]);
  }

  private placeDataset({ shape, values }: WrittenHdf5Dataset): Placed {
    const data = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const messages = datasetMessages(typeOf(values), shape, { at: this.place(data), bytes: data.length });
    return { header: this.place(objectHeader(messages)) };
  }

  /** Names by their offsets in a heap, which starts with the empty one. */
  private placeNames(names: readonly string[]): { at: number; offsets: number[] } {
    const texts = [Buffer.alloc(8), ...names.map((name) => toEights(Buffer.from(`${name}\0`)))];
    let offset = 0;
    const offsets = texts.map(({ length }) => (offset += length) - length).slice(1);
    const data = this.place(Buffer.concat(texts));
    const nothingFree = 1;
    const head = Buffer.concat([Buffer.from('HEAP\0\0\0\0'), uint64(offset), uint64(nothingFree), uint64(data)]);
    return { at: this.place(head), offsets };
  }

  private table(entries: readonly Buffer[]): Buffer {
    const table = Buffer.alloc(8 + 2 * this.tableHalf * entryBytes);
    table.write('SNOD\x01');
    table.writeUInt16LE(entries.length, 6);
    table.set(Buffer.concat(entries), 8);
    return table;
  }

  private place(bytes: Buffer): number {
    const at = this.end;
    const piece = toEights(bytes);
    this.pieces.push(piece);
    this.end += piece.length;
    return at;
  }
}

const entryBytes = 40;

/** A member of a group: its name, its header, and for a group what is in that header, so that readers need not look. */
function entry(nameOffset: number, { header, index, names }: Placed): Buffer {
  const isGroup = index !== undefined && names !== undefined;
  const kind = Buffer.from([isGroup ? 1 : 0, 0, 0, 0, 0, 0, 0, 0]);
  const scratchPad = isGroup ? Buffer.concat([uint64(index), uint64(names)]) : Buffer.alloc(16);
  return Buffer.concat([uint64(nameOffset), uint64(header), kind, scratchPad]);
}

/** A tree of one leaf; its keys are the names around the table's. */
function indexOf(table: number, lastName: number | undefined): Buffer {
  const node = Buffer.alloc(24 + (4 * indexHalf + 1) * 8);
  node.write('TREE');
  node.writeUInt16LE(lastName === undefined ? 0 : 1, 6);
  node.set(undefinedAddress, 8);
  node.set(undefinedAddress, 16);
  node.set(Buffer.concat([uint64(0), uint64(table), uint64(lastName ?? 0)]), 24);
  return node;
}

function typeOf(values: WrittenHdf5Dataset['values']): ElementType {
  if (values instanceof Float64Array) return 'float64';
  return values instanceof BigInt64Array ? 'int64' : 'bool';
}
