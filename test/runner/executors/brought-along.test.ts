import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sbatchOptions } from '../../../runner/executors/slurm/script/options.ts';
import { broughtAlong } from '../../../runner/executors/with-services.ts';
import type { Resources } from '../../../tasks/core/resources.ts';
import { jobLike } from '../../support/slurm-job.ts';

const asked = (resources: Resources) =>
  sbatchOptions({ name: 'x', packs: [[jobLike({ resources })]] }, {}).filter((option) =>
    /mem|gres|cpus|excl/.test(option),
  );

test('a job that brings services along asks for what somebody named, and for nothing that nobody did', () => {
  assert.deepEqual(asked(broughtAlong({}, [{}])), []);
  assert.deepEqual(asked(broughtAlong({ cpus: 2 }, [{ memoryGb: 16 }])), ['--cpus-per-task=3', '--mem=16384M']);
  assert.deepEqual(asked(broughtAlong({ gpus: 1, memoryGb: 4 }, [{ gpus: 2, memoryGb: 16, exclusive: true }])), [
    '--mem=20480M',
    '--gres=gpu:3',
    '--exclusive',
  ]);
});

test('its GPUs are of the type that the program or a service names; two types are refused', () => {
  assert.deepEqual(asked(broughtAlong({ cpus: 2 }, [{ gpus: 1, gpuType: 'h100' }])), [
    '--cpus-per-task=3',
    '--gres=gpu:h100:1',
  ]);
  assert.throws(
    () => broughtAlong({ gpus: 1, gpuType: 'a100' }, [{ gpus: 1, gpuType: 'h100' }]),
    /types a100 and h100/,
  );
});

test('all memory of a node is never asked for by accident', () => {
  assert.deepEqual(asked({ memoryGb: 0 }), []);
});
