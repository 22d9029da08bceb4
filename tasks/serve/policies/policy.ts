import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';
import type { WireMap } from '../../formats/msgpack-numpy/values.ts';
import type { BackendName } from '../../models/backend-name.ts';
import type { RequestKey } from './request.ts';

/** What a server must know of a policy besides how to run it. Reading requests takes no weights. */
export interface Contract {
  /** For people: format and step. */
  readonly title: string;
  /** The first frame of every connection. */
  readonly metadata: WireMap;
  readonly keys: readonly RequestKey[];
  /** Of `actions` in a reply. */
  readonly actionShape: readonly [steps: number, width: number];
}

/** A policy with its weights. */
export interface Actor {
  /**
   * `rows`: [batch, numbers], the numbers of a request's keys one after the other. Gives [batch, steps, width]. A row depends
   * only on its own numbers and noise seed.
   */
  act(rows: Float64Array, noiseSeeds: readonly number[]): Float64Array;
  dispose(): void;
}

/** A policy that can be served, in a folder. */
export interface Servable {
  readonly contract: Contract;
  load(): Promise<Actor>;
}

/** Finds out what kind of policy lies in a folder; it is to run on `backend`. Throws `not-servable`. */
export async function openServable(folder: string, backend: BackendName): Promise<Servable> {
  const [own, params] = [join(folder, 'config.json'), join(folder, 'params/config.json')];
  if ((await formatOf(own)) === 'flow-policy/1') return (await import('./flow-policy.ts')).flowPolicy(folder, backend);
  const found = await formatOf(params);
  if (found === 'arm-policy/1') return (await import('./arm-policy.ts')).armPolicy(folder, backend);
  if (existsSync(join(folder, 'params')) && found === undefined) {
    throw new Problem('not-servable', `${folder} holds parameters of openpi's own, which only openpi can run.`, {
      hint: `In a checkout of openpi: uv run scripts/serve_policy.py policy:checkpoint --policy.config=CONFIG --policy.dir=${folder}`,
    });
  }
  throw new Problem('not-servable', `${folder} is no checkpoint that can be served.`, {
    hint: 'Give a folder of format flow-policy/1 or arm-policy/1: one with config.json, or with params/config.json.',
  });
}

const Format = z.object({ format: z.string() });

async function formatOf(path: string): Promise<string | undefined> {
  return existsSync(path) ? (await readJson(path, Format)).format : undefined;
}
