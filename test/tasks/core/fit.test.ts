import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { artifact, stream, task } from '../../../tasks/core/task.ts';

const ofKind = (name: string) =>
  artifact(name, { meta: z.object({ fps: z.int() }), inspect: async () => ({ fps: 1 }) });
const [dataset, policy] = [ofKind('dataset'), ofKind('policy')];
const make = task({
  name: 'make',
  inputs: {},
  outputs: { dataset, policy, policies: stream(policy), n: z.int(), name: z.string() },
  command: () => ['true'],
});
const given = make({});

/** A task with one input of this type, called with anything. */
function taking(type: z.ZodType): (value: unknown) => unknown {
  const use = task({ name: 'use', inputs: { x: type }, outputs: { n: z.int() }, command: () => ['true'] });
  return (x) => (use as unknown as (inputs: object) => unknown)({ x });
}

const misfitting: readonly (readonly [string, z.ZodType, unknown, RegExp])[] = [
  [
    'an artifact of another kind',
    policy,
    given.dataset,
    /x: expected .* kind "policy", and "dataset" of make is .* kind "dataset"/,
  ],
  ['an artifact for an optional one of another kind', policy.optional(), given.dataset, /kind "policy"/],
  [
    'an artifact of a kind that no alternative takes',
    z.union([policy, z.string()]),
    given.dataset,
    /"policy" or a text/,
  ],
  ['an artifact for a number', z.int(), given.dataset, /expected a number/],
  ['a number for an artifact', dataset, given.n, /is a number/],
  ['a number for a text', z.string(), given.n, /expected a text/],
  ['a list for one', policy, given.policies, /a list of artifact of kind "policy"/],
  ['one for a list', z.array(policy), given.policy, /expected a list/],
  ['one of another kind in a list', z.array(policy), [given.policy, given.dataset], /x\.1: /],
  [
    'one of another kind in a record',
    z.object({ a: z.object({ b: policy }) }),
    { a: { b: given.dataset } },
    /x\.a\.b: /,
  ],
  ['the items of a list of another kind', dataset, 'item', /an item of "policies" of make is .* kind "policy"/],
  ['what is made of each item', z.array(z.string()), given.policies.each((one) => one), /what is made of a list/],
  [
    'a text that meta has no place for',
    z.string(),
    given.dataset.at('meta').at('fps'),
    /"dataset\.meta\.fps" of make is a number/,
  ],
];

for (const [what, type, value, words] of misfitting) {
  test(`a call is refused where it is written that is given ${what}`, () => {
    const call = taking(type);
    const act = (): unknown => (value === 'item' ? given.policies.each((item) => call(item)) : call(value));
    assert.throws(act, words);
  });
}

const fitting: readonly (readonly [string, z.ZodType, unknown])[] = [
  ['the kind itself', policy, given.policy],
  ['a kind that an alternative takes', z.union([dataset, policy]).optional(), given.policy],
  ['a stream for a list', z.array(policy), given.policies],
  ['kept items', z.array(policy), given.policies.filter(() => true)],
  ['an integer for any number', z.number().default(1), given.n],
  ['a number that is made a text', z.coerce.string(), given.n],
  ['a value that is made another', z.preprocess(String, z.string()), given.n],
  ['a text for one of some', z.enum(['a', 'b']), given.name],
  ['anything', z.any(), given.dataset],
];

for (const [what, type, value] of fitting) {
  test(`a call takes ${what}`, () => {
    taking(type)(value);
  });
}
