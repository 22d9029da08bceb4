import { Dataset, File, Group } from 'jsfive';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { type Hdf5Attributes, readAttributes } from './attributes.ts';
import { fileBytes } from './file-bytes.ts';
import { storedBytes } from './storage.ts';
import { type Hdf5Type, type Hdf5Values, itemBytesOf, typeOf, valuesOf } from './values.ts';

export interface Hdf5Dataset {
  /** From the root, without a slash in front: `action/joint_position`. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  /** All values, row-major. Nothing is kept: each call decodes again. */
  read(): Hdf5Values;
}

export interface Hdf5File {
  readonly path: string;
  /** By path, in the order of paths. */
  readonly datasets: ReadonlyMap<string, Hdf5Dataset>;
  /** Paths of all groups; the root is the empty path. */
  readonly groups: readonly string[];
  /** The dataset of that path, or a `Problem` that lists those of the same group. */
  dataset(path: string): Hdf5Dataset;
  /** Attributes of the group or dataset of that path. */
  attributes(path: string): Hdf5Attributes;
}

/**
 * Opens an HDF5 file: its tree at once, values and attributes when they are asked for.
 *
 * Numbers, booleans (the enumeration of h5py) and texts, stored contiguous, compact or in chunks with deflate, shuffle
 * and Fletcher-32. What was never written reads as zero. The whole file is held in memory. Anything damaged, cut off or
 * not supported is a `Problem` that names the file and the dataset.
 */
export function readHdf5(path: string): Hdf5File {
  const bytes = fileBytes(path);
  const nodes = sorted(within(path, 'the list of its contents', () => nodesOf(new File(bytes, path))));
  const datasets = new Map<string, Hdf5Dataset>();
  for (const [at, node] of nodes) if (node instanceof Dataset) datasets.set(at, openDataset({ path, bytes }, at, node));
  return {
    path,
    datasets,
    groups: [...nodes.keys()].filter((at) => !datasets.has(at)),
    dataset: (at) => datasets.get(at) ?? missing(path, at, [...nodes.keys()]),
    attributes: (at) => {
      const node = nodes.get(at) ?? missing(path, at, [...nodes.keys()]);
      return within(path, `the attributes of "/${at}"`, () => readAttributes(bytes, node._dataobjects));
    },
  };
}

/** Groups inside groups are few; a damaged file may claim millions, or be its own child. */
const deepest = 64;
const mostNodes = 1_000_000;

/** All groups and datasets by path. A group with two names is listed under the first: links may form circles. */
function nodesOf(root: Group): Map<string, Group | Dataset> {
  const nodes = new Map<string, Group | Dataset>([['', root]]);
  const seen = new Set<number>([root._dataobjects.offset]);
  visit(root, '', 1);
  return nodes;

  function visit(group: Group, at: string, depth: number): void {
    if (depth > deepest) throw new Error(`groups are nested more than ${deepest} deep`);
    for (const name of Object.keys(group._links).sort()) {
      const node = group.get(name);
      if (node === null) continue; // a soft link to nowhere
      const path = at === '' ? name : `${at}/${name}`;
      if (node instanceof Group && seen.has(node._dataobjects.offset)) continue;
      if (nodes.set(path, node).size > mostNodes) throw new Error(`it has more than ${mostNodes} groups and datasets`);
      seen.add(node._dataobjects.offset);
      if (node instanceof Group) visit(node, path, depth + 1);
    }
  }
}

function sorted(nodes: Map<string, Group | Dataset>): Map<string, Group | Dataset> {
  return new Map([...nodes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface OpenFile {
  readonly path: string;
  readonly bytes: ArrayBuffer;
}

function openDataset({ path, bytes }: OpenFile, at: string, node: Dataset): Hdf5Dataset {
  const header = node._dataobjects;
  const where = `dataset "/${at}"`;
  const { shape, type } = within(path, where, () => ({ shape: [...header.shape], type: typeOf(bytes, header) }));
  const read = () =>
    within(path, where, () => {
      const stored = storedBytes(bytes, header, { shape, itemBytes: itemBytesOf(type) });
      return valuesOf(stored, type, header);
    });
  return { path: at, shape, type, read };
}

/** Whatever goes wrong in a damaged file, in one form. jsfive throws texts as well as errors. */
function within<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    throw new Problem('hdf5-damaged', `Cannot read ${what} of ${path}: ${messageOf(cause)}.`, {
      hint: 'Copy the file again from where it came from; if it is whole there, please report what wrote it.',
      cause,
    });
  }
}

function missing(path: string, wanted: string, paths: readonly string[]): never {
  const group = wanted.slice(0, wanted.lastIndexOf('/') + 1);
  const near = paths.filter((at) => at.startsWith(group) && at !== '').slice(0, 12);
  throw new Problem('hdf5-missing', `${path} has no "/${wanted}".`, {
    hint: near.length > 0 ? `It has ${near.map((at) => `"/${at}"`).join(', ')}.` : `It has no "/${group}" at all.`,
  });
}
