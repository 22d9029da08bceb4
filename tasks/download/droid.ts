import { readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { freeDisk, type Need, task, uncounted } from '../core/task.ts';
import { folderInPlace } from '../kinds/folder.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { networkVariables } from './sources/environment.ts';
import { downloadInputs, accessNeeds } from './sources/download-inputs.ts';

const droidBucket = 'gs://gresearch/robotics/droid/1.0.1';
/** 2,048 shards and two JSON files: 1.8 TB by openpi's guide, with a little room for what that rounds off. */
const droidBytes = 1.87e12;
const rawBucket = 'gs://gresearch/robotics/droid_raw/1.0.1';

/**
 * A TFDS folder, by default DROID 1.0.1 (1.87 TB), brought into a folder of the user's, where it stays.
 *
 * Where it lies does not count: once it is known, it is not fetched again into another folder. For openpi, `to` ends in
 * `droid/1.0.1`, and `rlds_data_dir` is the folder above these two.
 */
export const downloadRlds = task({
  name: 'download-rlds',
  version: '1',
  inputs: {
    from: z.string().min(1).default(droidBucket),
    /** The folder that the files come to lie in; made when it is not there. */
    to: uncounted(z.string().min(1)),
    /** The release of DROID that it must be. */
    release: z.enum(['1.0.0', '1.0.1']).optional(),
    ...downloadInputs,
  },
  outputs: { dataset: rldsDataset },
  cwd: () => process.cwd(), // a relative path is the user's
  secrets: networkVariables(),
  needs: (inputs) => [...accessNeeds(inputs), ...roomForDroid(inputs)],
  onPreempt: 'resume',
  observe: async (inputs) => (await import('./sources/look.ts')).lookAt(inputs),
  run: async ({ to, release, ...wanted }, _, attempt) => {
    const { bring } = await import('./transfer/bring.ts');
    const { readDatasetInfo } = await import('../formats/rlds/dataset-info.ts');
    const folder = resolve(to);
    await bring(wanted, { to: folder, attempt });
    if (release !== undefined) {
      const { refuseOtherRelease } = await import('../formats/rlds/droid.ts');
      refuseOtherRelease(await readDatasetInfo(folder), release, 'This is for');
    }
    return { dataset: folder };
  },
});

/**
 * Raw episodes of DROID, by default the 30 of openpi's guide (1.6 GB), brought with the language annotations (12 MB) into a
 * folder of the user's, where they stay: `to/<LAB>/<success or failure>/<date>/…` and `to/aggregated-annotations-030724.json`.
 */
export const downloadRaw = task({
  name: 'download-raw',
  version: '1',
  inputs: {
    from: z.string().min(1).default(`${rawBucket}/IRIS/success/2023-12-04`),
    to: uncounted(z.string().min(1)),
    annotations: z.string().min(1).default(`${rawBucket}/aggregated-annotations-030724.json`),
    ...downloadInputs,
  },
  outputs: { folder: folderInPlace },
  cwd: () => process.cwd(), // a relative path is the user's
  secrets: networkVariables(),
  needs: accessNeeds,
  onPreempt: 'resume',
  observe: async (inputs) => {
    const { lookAt } = await import('./sources/look.ts');
    const { annotations, via } = inputs;
    return { episodes: await lookAt(inputs), annotations: await lookAt({ from: annotations, via }) };
  },
  run: async ({ to, annotations, ...wanted }, _, attempt) => {
    const { bring } = await import('./transfer/bring.ts');
    const folder = resolve(to);
    const { via, parallel, checkData } = wanted;
    await bring({ from: annotations, via, parallel, checkData }, { to: folder, attempt });
    await bring(wanted, { to: folder, below: belowRelease(wanted.from), attempt });
    return { folder };
  },
});

/** The path of episodes below `droid_raw/<version>/`, which tells lab, outcome and date. */
function belowRelease(from: string): string {
  return /\/droid_raw\/[^/]+\/(.+?)\/*$/.exec(from)?.[1] ?? '';
}

interface KnownInputs {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly include?: readonly string[] | undefined;
}

function roomForDroid({ from, to, include = [] }: KnownInputs): Need[] {
  if (to === undefined || from !== droidBucket || include.length > 0) return [];
  const folder = resolve(to);
  return [
    freeDisk({ bytes: Math.max(0, droidBytes - bytesIn(folder)), what: 'what is missing of DROID 1.0.1', folder }),
  ];
}

/** Files that are there, and those that are on their way into the folder. */
function bytesIn(folder: string): number {
  const sizes = [folder, resolve(folder, `../.${folder.split('/').at(-1)}.download/partial`)].flatMap((path) => {
    try {
      return readdirSync(path).map((name) => statSync(`${path}/${name}`).size);
    } catch {
      return []; // not there yet
    }
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}
