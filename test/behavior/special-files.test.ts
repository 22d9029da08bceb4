import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendRegular, openRegular, readRegular, refuseSpecial } from '../../cache/regular-file.ts';
import { appendJsonLine, readJsonLines } from '../../runner/files/json-lines.ts';
import { readJson } from '../../runner/files/read-json.ts';
import { readProgress } from '../../runner/log/progress.ts';
import { z } from 'zod';
import { CliProject } from '../support/cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Shell that leaves something at `"$0"` that is no file. */
const specials = {
  pipe: 'mkfifo "$0"',
  device: 'ln -s /dev/zero "$0"',
  folder: 'mkdir "$0"',
  nowhere: 'ln -s /nowhere/at/all "$0"',
  loop: 'ln -s "$0" "$0"',
  'link-to-pipe': 'mkfifo "$0.real"; ln -s "$0.real" "$0"',
};

test('whatever a job leaves where a value, files or an item belong is named, and nothing waits for it', async (t) => {
  const project = new CliProject(t);
  const names = Object.keys(specials);
  project.pipeline(
    'special',
    `
import { artifact } from 'stet/task';
const specials = ${JSON.stringify(specials)};
const read = artifact('read', { meta: z.object({ n: z.number() }), inspect: async (p) => ({ n: (await (await import('node:fs/promises')).readFile(p)).length }) });
const any = artifact('any', { meta: z.object({}), inspect: async () => ({}) });
const value = task({ name: 'value', inputs: { s: z.string() }, outputs: { v: z.any() }, command: ({ s }, out) => ['sh', '-c', specials[s], out.v] });
const files = task({ name: 'files', inputs: { s: z.string() }, outputs: { f: read }, command: ({ s }, out) => ['sh', '-c', specials[s], out.f] });
const item = task({ name: 'item', inputs: { s: z.string() }, outputs: { items: stream(z.any()) },
  command: ({ s }, out) => ['sh', '-c', 'mkdir -p "$1"; ' + specials[s], out.items + '/1', out.items] });
const inside = task({ name: 'inside', inputs: { s: z.string() }, outputs: { d: any },
  command: ({ s }, out) => ['sh', '-c', 'mkdir -p "$1/deep"; ' + specials[s], out.d + '/deep/it', out.d] });
export default pipeline('special', { s: z.string() }, ({ s }) => ({ v: value({ s }).v, f: files({ s }).f, i: item({ s }).items, d: inside({ s }).d }));`,
  );
  for (const name of names) {
    const { code, stdout, stderr } = await project.run(['run', 'special', `s=${name}`]);
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, /value left something at v that cannot be read|value ended well but did not write/, name);
    for (const node of ['value', 'files', 'item'])
      assert.match(stdout, new RegExp(`✗ ${node}[^\\n]* failed`), `${name}\n${stdout}`);
    if (name.includes('pipe'))
      assert.match(
        stdout,
        /inside left something at d that cannot be read: \S+deep\/it(\.real)? is a named pipe/,
        name,
      );
    assert.doesNotMatch(stdout, /unexpected|mistake in the framework/, name);
  }
});

test('what a job puts over the files that its driver and people read holds nobody up', async (t) => {
  const project = new CliProject(t);
  project.pipeline(
    'over',
    `
const names = ['progress.jsonl', 'failure.json', 'outputs.json', 'exit.json', 'log.txt', 'released.jsonl'];
const program = task({ name: 'program', inputs: {}, outputs: { v: z.any() },
  command: (_, out) => ['sh', '-c', 'cd "$(dirname "$0")"; rm -f log.txt; for n in ' + names.join(' ') + '; do mkfifo $n; done; exit 3', out.v] });
const good = task({ name: 'good', inputs: {}, outputs: { items: stream(z.int()) }, onPreempt: 'resume',
  command: (_, out) => ['sh', '-c', 'cd "$STET_JOB" 2>/dev/null; mkdir -p "$0"; mkfifo "$(dirname "$(dirname "$0")")/released.jsonl"; echo 1 > "$0/1"', out.items] });
export default pipeline('over', {}, () => ({ v: program({}).v, items: good({}).items }));`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'over']);
  assert.equal(code, 1, stdout + stderr);
  assert.match(stdout, /It ended with exit code 3/);
  for (const args of [['status'], ['logs', 'program'], ['runs'], ['why', 'over', 'program']]) {
    const told = await project.run(args);
    assert.doesNotMatch(told.stdout + told.stderr, /mistake in the framework/, args.join(' '));
  }
});

test('a file is read and written as ever, and what is none is refused in words', async (t) => {
  const folder = tempFolder(t);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('file'), '{"done":1}\n');
  symlinkSync(at('file'), at('link'));
  assert.equal(readRegular(at('link')), '{"done":1}\n');
  appendRegular(at('new'), 'a');
  appendRegular(at('new'), 'b');
  assert.equal(readRegular(at('new')), 'ab');
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  symlinkSync(at('loop'), at('loop'));
  symlinkSync('/dev/zero', at('device'));
  const server = createServer().listen(at('socket'));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const words = {
    pipe: 'a named pipe',
    folder: 'a folder',
    device: 'a device',
    socket: 'a socket',
    loop: 'back to itself',
  };
  for (const [name, what] of Object.entries(words)) {
    assert.throws(() => openRegular(at(name)), { code: 'not-a-file', message: new RegExp(what) });
    assert.throws(() => appendJsonLine(at(name), 1), { code: 'not-a-file' });
    assert.throws(() => readJsonLines(at(name), () => undefined), { code: 'not-a-file' });
    assert.equal(readJson(at(name), z.unknown()), undefined);
  }
  assert.equal(readProgress(folder), undefined);
  await assert.rejects(refuseSpecial(folder), { code: 'not-a-file' });
  for (const name of ['pipe', 'device', 'socket', 'loop']) rmSync(at(name));
  await refuseSpecial(folder);
});
