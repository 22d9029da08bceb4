import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestBytes } from '../../../cache/digest.ts';
import { SharedCalls } from '../../../runner/drive/shared-calls.ts';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';

function callAt(address: string, content: string): KeyedCall {
  return { instance: { address }, fingerprint: digestBytes(content) } as KeyedCall;
}

test('calls of one fingerprint wait for the first of them, and others do not', () => {
  const shared = new SharedCalls();
  const [first, second, other] = [callAt('a', 'same'), callAt('b', 'same'), callAt('c', 'other')];
  shared.lead(first);
  shared.lead(other);
  shared.follow(second);
  assert.deepEqual([shared.ownerOf(second.fingerprint), shared.ownerOf(other.fingerprint)], ['a', 'c']);
  assert.deepEqual([shared.followersOf(first), shared.followersOf(other)], [[second], []]);
});

test('those who waited are given once, and the next of the same fingerprint runs itself', () => {
  const shared = new SharedCalls();
  const [first, second] = [callAt('a', 'same'), callAt('b', 'same')];
  shared.lead(first);
  shared.follow(second);
  assert.deepEqual(shared.dissolve(first), [second]);
  assert.deepEqual(shared.dissolve(first), []);
  assert.equal(shared.ownerOf(first.fingerprint), undefined);
});
