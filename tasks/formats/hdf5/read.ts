import { Dataset, File, type Group } from 'jsfive';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { type Hdf5Attributes, readAttributes } from './attributes.ts';
import { fileBytes } from './file-bytes.ts';
import { storedBytes } from './storage.ts';
import { type Hdf5Type, type Hdf5Values, typeOf, valuesOf } from './values.ts';

export interface Hdf5Dataset {
  /** From the root, without a slash in front: `action/joint_position`. */
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  readonly attributes: Hdf5Attributes;
  /** All values, row-major. Nothing is kept: each call reads again. */
  read(): Hdf5Values;
}

export interface Hdf5File {
  readonly path: string;
  /** By path, in the order of paths. */
  readonly datasets: ReadonlyMap<string, Hdf5Dataset>;
  /** Attributes of each group by path; the root is the empty path. */
  readonly groups: ReadonlyMap<string, Hdf5Attributes>;
  /** The dataset of that path; a `Problem` that lists what is near when there is none. */
  dataset(path: string): Hdf5Dataset;
}

/**
 * Opens an HDF5 file: its tree at once, values and attributes when they are asked for.
 *
 * Numbers, booleans (h5py's enumeration) and texts, stored contiguous, compact or in chunks with deflate, shuffle and
 * Fletcher-32. What was never written reads as zero. The whole file is held in memory. Anything damaged, cut off or
 * not supported is a `Problem` that names the file and the dataset.
 */
export function readHdf5(path: string): Hdf5File {
  const bytes = fileBytes(path);
  const datasets = new Map<string, Hdf5Dataset>();
  const groups = new Map<string, Hdf5Attributes>();
  inFile(path, 'its tree', () => {
    for (const { at, node } of nodesOf(new File(bytes, path))) {
      if (node instanceof Dataset) datasets.set(at, openDataset(path, at, { bytes, node }));
      else groups.set(at, lazily(() => inFile(path, `attributes of group "/${at}"`, () => readAttributes(bytes, node))));
    }
  });
  return {
    path,
    datasets: new Map([...datasets].sort(([a], [b]) => (a < b ? -1 : 1))),
    groups: throughGetters(groups),
    dataset: (wanted) => datasets.get(wanted) ?? missing(path, wanted, [...datasets.keys()]),
  };
}
