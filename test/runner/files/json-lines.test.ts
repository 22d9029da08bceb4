import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendJsonLine,
  endTornLine,
  JsonLineTail,
  lastJsonLine,
  readJsonLines,
} from '../../../runner/files/json-lines.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface Fact {
  readonly fact: string;
}

/** Facts are what our writers write; all else is foreign. */
function asFact(value: unknown): Fact | undefined {
  const isFact = typeof value === 'object' && value !== null && 'fact' in value && typeof value.fact === 'string';
  return isFact ? { fact: value.fact as string } : undefined;
}

const facts = fc.string({ unit: 'grapheme', maxLength: 40 }).map((fact): Fact => ({ fact }));
const foreign = fc.constantFrom('', 'null', '7', '[1]', '{"other":1}', 'not json', '{"fact":');
const lines = fc.array(
  fc.oneof(
    facts.map((fact) => ({ fact, line: JSON.stringify(fact) })),
    foreign.map((line) => ({ fact: undefined, line })),
  ),
);
const said = (written: readonly { readonly fact: Fact | undefined }[]): Fact[] =>
  written.flatMap(({ fact }) => fact ?? []);

test('torn and foreign lines are passed over, wherever they stand', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  assert.deepEqual(readJsonLines(path, asFact), [], 'there is no file yet');
  fc.assert(
    fc.property(lines, facts, (written, torn) => {
      const half = Buffer.from(JSON.stringify(torn)).subarray(0, -1);
      writeFileSync(path, Buffer.concat([Buffer.from(written.map(({ line }) => `${line}\n`).join('')), half]));
      assert.deepEqual(readJsonLines(path, asFact), said(written));
      appendJsonLine(path, torn);
      assert.deepEqual(readJsonLines(path, asFact), [...said(written), torn], 'the next writer is not torn with it');
    }),
  );
});

test('a tail gives every fact once, whatever pieces the file arrives in', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  fc.assert(
    fc.property(lines, fc.array(fc.nat(60)), (written, pieces) => {
      writeFileSync(path, '');
      const tail = new JsonLineTail(path, asFact, { from: 'first' });
      let rest = Buffer.from(written.map(({ line }) => `${line}\n`).join(''));
      const taken: Fact[] = [];
      for (const length of [...pieces, rest.length]) {
        appendFileSync(path, rest.subarray(0, length));
        rest = rest.subarray(length);
        taken.push(...tail.take());
      }
      assert.deepEqual(taken, said(written));
      assert.deepEqual(tail.take(), []);
    }),
  );
});

test('a tail from the next line on knows nothing of what came before, however much that was', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  assert.deepEqual(new JsonLineTail(path, asFact, { from: 'next' }).take(), [], 'there is no file yet');
  for (const i of Array(5000).keys())
    appendFileSync(path, `${JSON.stringify({ fact: `before ${i}, or so it was` })}\n`);
  const tail = new JsonLineTail(path, asFact, { from: 'next' });
  assert.deepEqual(tail.take(), []);
  const long = { fact: 'x'.repeat(300_000) };
  appendJsonLine(path, long);
  assert.deepEqual(tail.take(), [long]);
});

test('the last line is the last one that is whole and ours, and none that is longer than what is looked at', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  const last = (): Fact | undefined => lastJsonLine(path, 100, asFact);
  assert.equal(last(), undefined, 'there is no file yet');
  writeFileSync(path, '{"fact":"first"}\n{"fact":"second"}\n7\n\n{"fact":"to');
  assert.deepEqual(last(), { fact: 'second' });
  appendFileSync(path, 'rn"}');
  assert.deepEqual(last(), { fact: 'second' }, 'a line without its end may go on');
  appendJsonLine(path, { fact: 'x'.repeat(200) });
  assert.equal(last(), undefined);
  appendJsonLine(path, { fact: 'short' });
  assert.deepEqual(last(), { fact: 'short' });
});

test('the end of a long line is not taken for a line', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  const tail = '{"fact":"within"}';
  writeFileSync(path, `not json ${tail}\n`);
  assert.equal(lastJsonLine(path, tail.length + 1, asFact), undefined);
});

test('a line break is added where one is missing, and nowhere else', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  const after = (text: string): string => {
    writeFileSync(path, text);
    endTornLine(path);
    return readFileSync(path, 'utf8');
  };
  endTornLine(path);
  assert.throws(() => readFileSync(path), { code: 'ENOENT' });
  assert.equal(after(''), '');
  assert.equal(after('1\n'), '1\n');
  assert.equal(after('1\n2'), '1\n2\n');
});

test('what a reader throws is not taken for a torn line', (t) => {
  const path = join(tempFolder(t), 'facts.jsonl');
  writeFileSync(path, '{"fact":"of a newer version"}\n');
  const refuse = (): Fact => {
    throw new Error('newer');
  };
  assert.throws(() => readJsonLines(path, refuse), /newer/);
});
