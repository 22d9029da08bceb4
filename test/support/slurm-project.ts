import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openStore } from '../../cache/store.ts';
import { CliProject, type User } from './cli.ts';
import { Driver } from './program-process.ts';
import { experiment, seedsModule } from './slurm-experiment.ts';

export interface SceneOptions {
  /** What runs in place of the experiment; it takes the stage too. */
  readonly pipeline?: { readonly name: string; readonly text: string };
  /** Of the experiment: `seeds=2`. */
  readonly params?: readonly string[];
  /** What `pipeline.config.ts` says of Slurm, beyond a short poll. */
  readonly slurm?: Readonly<Record<string, unknown>>;
  /** Of its drivers. */
  readonly env?: Readonly<Record<string, string>>;
  /** Who owns the project and starts drivers, if not whoever runs the tests. */
  readonly user?: User;
  /** Where results go, if not into the project. */
  readonly store?: string;
  /** What the shell of its drivers was told. */
  readonly shell?: string;
  /** Whom its jobs are charged to; where accounts are kept it has to be one of them. Default: one of its own. */
  readonly account?: string;
  /** Of the training. */
  readonly resources?: Readonly<Record<string, unknown>>;
}

export function pipelineOf({ pipeline, resources = {} }: SceneOptions): {
  readonly name: string;
  readonly text: string;
} {
  return pipeline ?? { name: 'faults', text: experiment.replace('RESOURCES', JSON.stringify(resources)) };
}

export function projectOf(t: Pick<TestContext, 'after'>, options: SceneOptions): CliProject {
  const project = new CliProject(t);
  const { name, text } = pipelineOf(options);
  project.pipeline(name, text);
  mkdirSync(join(project.folder, 'pipelines', 'parts'));
  writeFileSync(join(project.folder, 'pipelines', 'parts', 'seeds.ts'), seedsModule);
  const site = {
    store: options.store,
    executors: { slurm: { pollSeconds: 0.5, visibleWithinSeconds: 20, ...options.slurm } },
  };
  writeFileSync(join(project.folder, 'pipeline.config.ts'), `export default ${JSON.stringify(site)};\n`);
  return project;
}

export function stageIn(project: CliProject): string {
  const stage = join(project.folder, 'stage');
  for (const name of ['cues', 'gates', 'spoil', 'late', 'fail']) mkdirSync(join(stage, name), { recursive: true });
  return stage;
}

const references = new Map<string, Promise<unknown>>();

/** What the experiment gives on this machine alone, by parameters: the same bytes are wanted from every other way. */
export function undisturbed(options: SceneOptions): Promise<unknown> {
  const key = JSON.stringify([options.pipeline?.name, options.params]);
  const known = references.get(key) ?? runLocally(options);
  references.set(key, known);
  return known;
}

async function runLocally({ pipeline, params = [] }: SceneOptions): Promise<unknown> {
  const undo: (() => void)[] = [];
  const options = pipeline === undefined ? {} : { pipeline };
  const project = projectOf({ after: (hook) => void undo.push(hook as () => void) }, options);
  rmSync(join(project.folder, 'pipeline.config.ts'));
  const stage = stageIn(project);
  writeFileSync(join(stage, 'cues', 'all'), '');
  const args = ['run', pipelineOf(options).name, `stage=${stage}`, ...params];
  await new Driver(project.start(args), args.join(' ')).succeeded({ seconds: 240 });
  const records = await recordsIn(join(project.folder, '.stet'));
  for (const hook of undo) hook();
  return records;
}

/** Outputs by task and fingerprint. */
export async function recordsIn(root: string): Promise<Record<string, unknown>> {
  const store = await openStore(root);
  const records: [string, unknown][] = [];
  for await (const { recipe, fingerprint, outputs } of store.records.all())
    records.push([`${recipe.task} ${fingerprint}`, outputs]);
  await store.close();
  return Object.fromEntries(records.sort(([a], [b]) => (a < b ? -1 : 1)));
}
