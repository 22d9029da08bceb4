import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

const skip = spawnSync('ffmpeg', ['-version']).error ? 'needs ffmpeg: apt-get install -y ffmpeg' : false;
const tiny = ['sample.meanSteps=60', 'steps=20', 'saveInterval=10', 'keepPeriod=10', 'batchSize=8'];

test('the sample runs from raw recordings to a packaged checkpoint; more episodes convert only themselves', {
  skip,
}, async (t) => {
  const project = new CliProject(t);
  const run = async (episodes: number): Promise<string> => {
    const args = ['run', 'droid-finetune', '--profile', 'sample', ...tiny, `sample.episodes=${episodes}`];
    const { code, stdout, stderr } = await project.run(args, {}, { seconds: 120 });
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const conversions = (output: string): number => output.match(/^done +convert-raw-episode/gm)?.length ?? 0;
  assert.equal(conversions(await run(2)), 2);
  assert.equal(conversions(await run(3)), 1);

  const get = async (result: string): Promise<string> => {
    const to = join(project.folder, result);
    const { code, stderr } = await project.run(['get', 'droid-finetune', result, '--to', to]);
    assert.equal(code, 0, stderr);
    return to;
  };
  const left = JSON.parse(readFileSync(await get('left'), 'utf8')) as { code: string }[];
  assert.deepEqual(left.map(({ code }) => code).sort(), [
    'camera-missing',
    'hdf5-truncated',
    'metadata-missing',
    'video-short',
  ]);
  const info = JSON.parse(readFileSync(join(await get('dataset'), 'meta/info.json'), 'utf8')) as object;
  const { codebase_version, total_episodes, fps } = info as Record<string, unknown>;
  assert.deepEqual([codebase_version, total_episodes, fps], ['v2.1', 3, 15]);
  assert.deepEqual(readdirSync(await get('policy')).sort(), ['assets', 'config.json', 'params']);
});
