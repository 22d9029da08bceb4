import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../../tasks/serve/policy-server/metrics.ts';

test('what a server has done is told in the text format of Prometheus', () => {
  const metrics = new Metrics();
  for (let i = 1; i <= 100; i += 1) metrics.requestDone(i);
  for (const size of [1, 1, 3, 200]) metrics.batchDone(size, 2);
  metrics.requestFailed('text-frame');
  metrics.requestFailed('msgpack-broken');
  metrics.requestFailed('text-frame');
  const text = metrics.text({ waiting: 5, connections: 7 });
  const sample = /^(# (HELP|TYPE) stet_policy_\w+ .+|stet_policy_\w+(\{\w+="[^"]+"\})? [\d.e+-]+)$/;
  const lines = text.trimEnd().split('\n');
  assert.deepEqual(
    lines.filter((line) => !sample.test(line)),
    [],
  );
  for (const expected of [
    'stet_policy_requests_total 100',
    'stet_policy_errors_total{code="msgpack-broken"} 1',
    'stet_policy_errors_total{code="text-frame"} 2',
    'stet_policy_connections 7',
    'stet_policy_waiting_requests 5',
    'stet_policy_batch_size_bucket{le="1"} 2',
    'stet_policy_batch_size_bucket{le="4"} 3',
    'stet_policy_batch_size_bucket{le="+Inf"} 4',
    'stet_policy_batch_size_sum 205',
    'stet_policy_request_seconds{quantile="0.5"} 0.051',
    'stet_policy_request_seconds{quantile="0.99"} 0.1',
    'stet_policy_request_seconds_count 100',
    'stet_policy_inference_seconds_sum 0.008',
  ]) {
    assert.ok(lines.includes(expected), `${expected} is missing in\n${text}`);
  }
});

test('before the first request quantiles are not a number, as Prometheus has it', () => {
  assert.match(new Metrics().text({ waiting: 0, connections: 0 }), /request_seconds\{quantile="0.5"\} NaN/);
});
