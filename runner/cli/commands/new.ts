import { existsSync, realpathSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { findProject } from '../../project/project.ts';
import { type Imports, newPipeline } from '../../templates/new-pipeline.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import { inStore } from '../../views/suggest.ts';
import { shortPath } from '../common/short-path.ts';

export async function makeNew(io: Io, [name = '']: readonly string[]): Promise<number> {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new Problem('wrong-pipeline', `"${name}" cannot name a pipeline.`, {
      hint: 'Use lower case, digits and hyphens: pipeline new my-experiment',
    });
  }
  const { root, pipelinesFolder = join(root, 'pipelines') } = findProject(io.cwd);
  const path = join(pipelinesFolder, `${name}.ts`);
  if (existsSync(path)) {
    throw new Problem('already-there', `${shortPath(io.cwd, path)} is there already.`, {
      hint: 'Choose another name.',
    });
  }
  const isOurs = existsSync(root) && realpathSync(root) === realpathSync(packageRoot());
  await mkdir(pipelinesFolder, { recursive: true });
  await writeFile(path, newPipeline(name, isOurs ? inTheRepository : ofThePackage), { flag: 'wx' });

  io.print(`Wrote ${shortPath(io.cwd, path)}. It runs as it is:`);
  const missing = ['stet', 'zod'].filter((name) => !existsSync(join(root, 'node_modules', name)));
  if (!isOurs && missing.length > 0) io.print(`  npm install ${missing.join(' ')}`);
  for (const command of ['plan', 'run']) io.print(`  pipeline ${command} ${name}${inStore(io.storeFolder)}`);
  return exitCodes.fine;
}

const inTheRepository: Imports = {
  pipeline: './core/pipeline.ts',
  task: '../tasks/core/task.ts',
  folder: '../tasks/kinds/folder.ts',
};
const ofThePackage: Imports = {
  pipeline: 'stet/pipeline',
  task: 'stet/task',
  folder: 'stet/kinds/folder',
};
