import { z } from 'zod';
import { task } from '../core/task.ts';
import { folder } from '../kinds/folder.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { networkVariables } from './sources/environment.ts';
import { accessNeeds, downloadInputs } from './sources/download-inputs.ts';

const repository = {
  /** `OWNER/NAME`. */
  repo: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'a repository is OWNER/NAME'),
  /** A commit, which no plan has to ask for; or a branch or tag, which counts as the commit that it is at. */
  revision: z.string().min(1).default('main'),
  include: downloadInputs.include,
  exclude: downloadInputs.exclude,
  parallel: downloadInputs.parallel,
};

/** A LeRobotDataset of the Hugging Face hub. Gated ones need HF_TOKEN, or a login by `hf auth login`. */
export const fetchDataset = task({
  name: 'fetch-dataset',
  version: '1',
  inputs: repository,
  outputs: { dataset: lerobotDataset },
  secrets: networkVariables(),
  needs: accessNeeds({ from: 'hf://' }),
  onPreempt: 'resume',
  observe: async (inputs) => (await import('./sources/look.ts')).lookAt(wantedOf('datasets', inputs)),
  run: async (inputs, out, attempt) => {
    const { bring } = await import('./transfer/bring.ts');
    await bring(wantedOf('datasets', inputs), { to: out.dataset, attempt });
    return { dataset: out.dataset };
  },
});

/** A model repository of the Hugging Face hub, as a folder. */
export const fetchModel = task({
  name: 'fetch-model',
  version: '1',
  inputs: repository,
  outputs: { model: folder },
  secrets: networkVariables(),
  needs: accessNeeds({ from: 'hf://' }),
  onPreempt: 'resume',
  observe: async (inputs) => (await import('./sources/look.ts')).lookAt(wantedOf('models', inputs)),
  run: async (inputs, out, attempt) => {
    const { bring } = await import('./transfer/bring.ts');
    await bring(wantedOf('models', inputs), { to: out.model, attempt });
    return { model: out.model };
  },
});

interface Repository {
  readonly repo: string;
  readonly revision: string;
  readonly include: string[];
  readonly exclude: string[];
  readonly parallel: number;
}

function wantedOf(type: 'datasets' | 'models', { repo, revision, ...choice }: Repository) {
  return {
    ...choice,
    from: `hf://${type}/${repo}@${encodeURIComponent(revision)}`,
    via: 'auto' as const,
    checkData: false,
  };
}
