import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditedProject } from '../../../support/python-project.ts';

const script = (dependency: string) =>
  `#!/usr/bin/env -S uv run\n# /// script\n# requires-python = ">=3.11"\n# dependencies = ["${dependency}"]\n# ///\n# why\nprint(1)\n`;

test('the block that says what a script needs counts, other comments do not', (t) => {
  const project = new EditedProject(t, { 'main.py': script('numpy==1') });
  assert.deepEqual(project.changedBy({ 'main.py': script('numpy==2') }), ['main.py']);
  assert.deepEqual(project.changedBy({ 'main.py': script('numpy==1').replace('why', 'because') }), []);
});

test('the first line counts where the script is started by itself', (t) => {
  const other = script('numpy==1').replace('uv run', 'uv run --with scipy');
  const launch = (args: string[]) => ({ options: { launch: { args, env: {}, folder: '/' } } });
  const direct = new EditedProject(t, { 'main.py': script('numpy==1') }, launch(['./main.py']));
  assert.deepEqual(direct.changedBy({ 'main.py': other }), ['main.py']);
  const named = new EditedProject(t, { 'main.py': script('numpy==1') }, launch(['python3', 'main.py']));
  assert.deepEqual(named.changedBy({ 'main.py': other }), []);
});

test('the coding of a file and each of its bytes count', (t) => {
  const file = (coding: string, byte: number) =>
    Buffer.concat([
      Buffer.from(`# -*- coding: ${coding} -*-\nx = "`),
      Buffer.from([byte]),
      Buffer.from('"\nprint(x)\n'),
    ]);
  const project = new EditedProject(t, { 'main.py': file('iso8859-5', 0xd0) });
  assert.deepEqual(project.changedBy({ 'main.py': file('iso8859-5', 0xd1) }), ['main.py']);
  assert.deepEqual(project.changedBy({ 'main.py': file('iso8859-1', 0xd0) }), ['main.py']);
});

test('docstrings count where something reads them', (t) => {
  const lib = (doc: string) => `"""${doc}"""\ndef f():\n    """${doc}"""\n    return 1\n`;
  const own = '"""one"""\nimport lib\nprint(__doc__, lib.f())\n';
  const reader = new EditedProject(t, { 'main.py': own, 'lib.py': lib('a') });
  assert.deepEqual(reader.changedBy({ 'main.py': own.replace('one', 'two') }), ['main.py']);
  assert.deepEqual(reader.changedBy({ 'lib.py': lib('b') }), []);
  const other = new EditedProject(t, { 'main.py': 'import lib\nprint(lib.f.__doc__)\n', 'lib.py': lib('a') });
  assert.deepEqual(other.changedBy({ 'lib.py': lib('b') }), ['lib.py']);
  const none = new EditedProject(t, { 'main.py': '"""one"""\nprint(1)\n' });
  assert.deepEqual(none.changedBy({ 'main.py': '"""two"""\nprint(1)\n' }), []);
});

test('all of a source counts that a program reads', (t) => {
  const text = '# a\nprint(open(__file__).read())\n';
  const project = new EditedProject(t, { 'main.py': text });
  assert.deepEqual(project.changedBy({ 'main.py': text.replace('# a', '# b') }), ['main.py']);
});

test('of a table of rows the one that is named counts, with those whose names cannot be read', (t) => {
  const table = `
import dataclasses
@dataclasses.dataclass(frozen=True)
class Config:
    name: str
    lr: float = 1.0
    decay: float = 0.0
def more():
    return [Config("d")]
_CONFIGS = [
    Config(name="a", lr=0.1),
    # the other
    Config(
        name="b",
        lr=0.2,
    ),
    *more(),
]
if len({one.name for one in _CONFIGS}) != len(_CONFIGS):
    raise ValueError("twice")
_BY_NAME = {one.name: one for one in _CONFIGS}
def get(name):
    return _BY_NAME[name]
`;
  const rows = [{ module: 'src/config.py', list: '_CONFIGS', key: 'name', row: 'a' }];
  const files = {
    'main.py': 'import sys\nfrom src.config import get\nprint(get(sys.argv[1]))\n',
    'src/config.py': table,
  };
  const project = new EditedProject(t, files, { options: { rows } });
  const edit = (from: string, to: string) => project.changedBy({ 'src/config.py': table.replace(from, to) });
  assert.deepEqual(edit('lr=0.1', 'lr=0.3'), ['src/config.py']);
  assert.deepEqual(edit('lr=0.2', 'lr=0.3'), []);
  assert.deepEqual(edit('    *more()', '    Config(name="c"),\n    *more()'), []);
  assert.deepEqual(edit('Config("d")', 'Config("e")'), ['src/config.py']);
  assert.deepEqual(edit('decay: float = 0.0', 'decay: float = 0.1'), ['src/config.py']);
});
