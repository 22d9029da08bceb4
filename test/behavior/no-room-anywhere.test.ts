import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';

const pageBytes = 4096;

/** Files, values and a stream that goes on: whatever a run writes on the disk of its store. */
const everything = `
const sh = (script: string, ...words: string[]) => ['sh', '-euc', script, 'sh', ...words];
const make = task({
  name: 'make', inputs: { n: z.int() }, outputs: { files: folder },
  command: ({ n }, out) => sh('mkdir "$1"; seq 1 "$2" >"$1/a"; seq 1 "$2" >"$1/b"', out.files, String(n)),
});
const count = task({
  name: 'count', inputs: { files: folder }, outputs: { lines: z.int() },
  command: ({ files }, out) => sh('cat "$1"/* | wc -l >"$2"', files.path, out.lines),
});
const double = task({ name: 'double', version: '1', inputs: { n: z.int() }, outputs: { twice: z.int() }, run: async ({ n }) => ({ twice: n * 2 }) });
export default pipeline('all', {}, () => {
  const lines = [300, 400, 500].map((n) => count({ files: make({ n }).files }).lines);
  return { lines, twice: double({ n: lines[2] }).twice };
});
`;

test('whatever first meets the full disk says so in one message, and with room the run goes on to the right end', async (t) => {
  const disk = smallDisk(t);
  if (!disk) return t.skip('no right to mount a small disk');
  const project = new CliProject(t);
  project.pipeline('all', everything);
  const codes = new Set<number | null>();
  for (const pages of [0, 1, 2, 4, 6, 9, 13, 18, 24, 32, 44, 64]) {
    const store = join(disk, `store-${pages}`);
    assert.equal((await project.run(['cache', 'stat', '--store', store])).code, 0);
    const filler = join(disk, 'filler');
    fill(filler, pages);
    const { code, stdout, stderr } = await project.run(['run', 'all', '--store', store]);
    codes.add(code);
    const said = `${pages} pages left, code ${code}:\n${stdout}\n${stderr}`;
    if (code === 0) assert.match(stdout, /succeeded/, said);
    else assert.match(stdout + stderr, /[Nn]o (?:room|space)/, said);
    assert.doesNotMatch(stdout + stderr, /mistake in the framework|\n {4}at /, said);
    rmSync(filler);

    const again = await project.run(['run', 'all', '--json', '--store', store]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /"results":\{"lines":\[600,800,1000\],"twice":2000\}/, said);
    assert.equal((await project.run(['cache', 'verify', '--store', store])).code, 0, said);
    rmSync(store, { recursive: true });
  }
  assert.ok(codes.size > 1, 'some had room, and some had not');
});

/** Leaves so many pages. */
function fill(path: string, pages: number): void {
  const spare = `${path}-spare`;
  writeFileSync(spare, Buffer.alloc(pages * pageBytes));
  for (let bytes = 16 << 20; bytes >= pageBytes; bytes >>= 1) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // a smaller piece may still fit
    }
  }
  rmSync(spare);
}

function smallDisk(t: TestContext): string | undefined {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'stet-disk-'));
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder]);
  return status === 0 ? folder : undefined;
}
