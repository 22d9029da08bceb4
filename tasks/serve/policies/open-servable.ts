import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';
import type { BackendName } from '../../models/backend-name.ts';
import type { Servable } from './servable.ts';

/** Finds out what kind of policy lies in a folder; it is to run on `backend`. Throws `not-servable`. */
export async function openServable(folder: string, backend: BackendName): Promise<Servable> {
  const [own, params] = [join(folder, 'config.json'), join(folder, 'params/config.json')];
  const format = await formatOf(own);
  if (format === 'flow-policy/1') return (await import('./flow-policy.ts')).flowPolicy(folder, backend);
  if (format === 'onnx-policy/1') return (await import('./onnx-policy.ts')).onnxPolicy(folder);
  const paramsFormat = await formatOf(params);
  if (paramsFormat === 'arm-policy/1') return (await import('./arm-policy.ts')).armPolicy(folder, backend);
  if (existsSync(join(folder, 'params')) && paramsFormat === undefined) {
    throw new Problem('not-servable', `${folder} holds parameters of openpi's own, which only openpi can run.`, {
      hint: `In a checkout of openpi: uv run scripts/serve_policy.py policy:checkpoint --policy.config=CONFIG --policy.dir=${folder}`,
    });
  }
  throw new Problem('not-servable', `${folder} is no checkpoint that can be served.`, {
    hint: 'Give a folder of format flow-policy/1, onnx-policy/1 or arm-policy/1, with config.json or params/config.json.',
  });
}

const Format = z.object({ format: z.string() });

async function formatOf(path: string): Promise<string | undefined> {
  return existsSync(path) ? (await readJson(path, Format)).format : undefined;
}
