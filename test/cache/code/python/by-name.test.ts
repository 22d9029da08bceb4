import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditedProject } from '../../../support/python-project.ts';

const utils = `
RATE = 10
UNUSED = 3

def scale(x):
    return x * RATE

def features(x):
    return scale(x) + 1

def plot(x):
    return x

class Net:
    def forward(self, x):
        return x
`;

for (const [how, main] of [
  ['a name', 'from lib.utils import features\nprint(features(1))\n'],
  ['another name', 'from lib.utils import features as f\nprint(f(1))\n'],
  ['a module', 'from lib import utils\nprint(utils.features(1))\n'],
  ['a dotted module', 'import lib.utils\nprint(lib.utils.features(1))\n'],
  ['a module under another name', 'import lib.utils as u\nprint(u.features(1))\n'],
  ['everything', 'from lib.utils import *\nprint(features(1))\n'],
  ['a name inside a function', 'def f():\n    from lib.utils import features\n    return features(1)\nprint(f())\n'],
  ['a package that hands it on', 'import lib\nprint(lib.features(1))\n'],
] as const) {
  test(`of a module that is imported by ${how} what is used counts, and what that reaches`, (t) => {
    const project = new EditedProject(t, {
      'main.py': main,
      'lib/__init__.py': how.includes('hands') ? 'from .utils import features\n' : '',
      'lib/utils.py': utils,
    });
    const edit = (from: string, to: string) => project.changedBy({ 'lib/utils.py': utils.replace(from, to) });
    assert.deepEqual(edit('+ 1', '+ 2'), ['lib/utils.py']);
    assert.deepEqual(edit('x * RATE', 'x * RATE * 2'), ['lib/utils.py']);
    assert.deepEqual(edit('RATE = 10', 'RATE = 11'), ['lib/utils.py']);
    assert.deepEqual(edit('return x\n\nclass', 'return 2 * x\n\nclass'), []);
    assert.deepEqual(edit('UNUSED = 3', 'UNUSED = 4'), []);
    assert.deepEqual(edit('def forward(self, x):', 'def forward(self, x, y=1):'), []);
    assert.deepEqual(edit('def plot', 'def added(x: "int") -> int:\n    return 1\n\ndef plot'), []);
    assert.deepEqual(edit('def plot', 'print("loaded")\n\ndef plot'), ['lib/utils.py']);
    assert.ok(edit('def features(x):\n    return scale(x) + 1\n', '').includes('lib/utils.py'));
  });
}

for (const [what, main] of [
  ['is looked into by getattr', 'from lib import utils\nimport sys\nprint(getattr(utils, sys.argv[1])(1))\n'],
  ['is handed on', 'from lib import utils\nprint(dir(utils))\n'],
  ['is in a list', 'import lib.utils as u\nmodules = [u]\nprint(modules[0].plot(1))\n'],
  ['gives its dictionary', 'from lib import utils\nprint(utils.__dict__["plot"](1))\n'],
  ['is unpickled from', 'import lib.utils, pickle\nprint(pickle.load(open("x", "rb")))\n'],
  ['is found among the loaded ones', 'import lib.utils, sys\nprint(sys.modules["lib.utils"].plot(1))\n'],
  ['is named in text', 'import importlib\nimportlib.import_module("lib.utils")\n'],
] as const) {
  test(`a module counts whole that ${what}`, (t) => {
    const project = new EditedProject(t, { 'main.py': main, 'lib/__init__.py': '', 'lib/utils.py': utils });
    const edited = utils.replace('return x\n\nclass', 'return 2 * x\n\nclass');
    assert.deepEqual(project.changedBy({ 'lib/utils.py': edited }), ['lib/utils.py']);
  });
}

test('a module that looks itself up counts whole', (t) => {
  for (const look of ['globals()[name]', 'eval(name)', 'vars()[name]']) {
    const lib = `def pick(name):\n    return ${look}\n\ndef a():\n    return 1\n`;
    const project = new EditedProject(t, { 'main.py': 'from lib import pick\nprint(pick("a")())\n', 'lib.py': lib });
    assert.deepEqual(project.changedBy({ 'lib.py': lib.replace('return 1', 'return 2') }), ['lib.py'], look);
  }
});

test('what registers itself counts, whoever calls it', (t) => {
  const lib = `
REG = {}
def register(f):
    REG[f.__name__] = f
    return f
class Base:
    known = []
    def __init_subclass__(cls):
        Base.known.append(cls)
@register
def a():
    return 1
class Sub(Base):
    x = 1
class Sub2(Sub):
    x = 2
def unused():
    return 3
`;
  const project = new EditedProject(t, { 'main.py': 'from lib import REG\nprint(REG["a"]())\n', 'lib.py': lib });
  const edit = (from: string, to: string) => project.changedBy({ 'lib.py': lib.replace(from, to) });
  assert.deepEqual(edit('return 1', 'return 2'), ['lib.py']);
  assert.deepEqual(edit('x = 1', 'x = 3'), ['lib.py']);
  assert.deepEqual(edit('x = 2', 'x = 3'), ['lib.py']);
  assert.deepEqual(edit('return 3', 'return 4'), []);
});

test('classes count that are asked for through their base', (t) => {
  const lib = 'class Base:\n    pass\nclass A(Base):\n    x = 1\n';
  const main = 'from lib import Base\nprint([c.x for c in Base.__subclasses__()])\n';
  const project = new EditedProject(t, { 'main.py': main, 'lib.py': lib });
  assert.deepEqual(project.changedBy({ 'lib.py': lib.replace('x = 1', 'x = 2') }), ['lib.py']);
});

test('defaults, types, bases and decorators of what nobody calls count where they do something', (t) => {
  const lib = 'def used():\n    return 1\n';
  const project = new EditedProject(t, { 'main.py': 'from lib import used\nprint(used())\n', 'lib.py': lib });
  const added = (text: string) => project.changedBy({ 'lib.py': lib + text });
  assert.deepEqual(added('def f(x=print(1)):\n    pass\n'), ['lib.py']);
  assert.deepEqual(added('def f(x: missing):\n    pass\n'), ['lib.py']);
  assert.deepEqual(added('class C(make()):\n    pass\n'), ['lib.py']);
  assert.deepEqual(added('class C:\n    x = print(1)\n'), ['lib.py']);
  assert.deepEqual(added('@print\ndef f():\n    pass\n'), ['lib.py']);
  assert.deepEqual(added('X = [print(1)]\n'), ['lib.py']);
  assert.deepEqual(added('used = 3\n'), ['lib.py']);
  assert.deepEqual(added('import json\n'), ['lib.py']);
  assert.deepEqual(added('def f(x: list[int] | None = None, *, y: int = -1) -> "C":\n    return g(x)\n'), []);
  assert.deepEqual(
    added('class C:\n    """Doc."""\n    x: int = 0\n    @property\n    def y(self):\n        return 1\n'),
    [],
  );
  assert.deepEqual(added('class D(ValueError):\n    pass\n'), []);
});

test('a name that takes the place of a builtin or of an imported one counts', (t) => {
  const lib = 'def total(x):\n    return max(x, 1)\n';
  const project = new EditedProject(t, { 'main.py': 'from lib import *\nprint(total(3), abs(-1))\n', 'lib.py': lib });
  assert.deepEqual(project.changedBy({ 'lib.py': `${lib}def max(*a):\n    return 0\n` }), ['lib.py']);
  assert.deepEqual(project.changedBy({ 'lib.py': `${lib}def abs(a):\n    return 0\n` }), ['lib.py']);
});

test('what a script does only as the program is nothing to who imports it', (t) => {
  const lib = 'def f():\n    return 1\nif __name__ == "__main__":\n    print(f())\n';
  const project = new EditedProject(t, { 'main.py': 'from lib import f\nprint(f())\n', 'lib.py': lib });
  assert.deepEqual(project.changedBy({ 'lib.py': lib.replace('print(f())', 'print(f(), 2)') }), []);
  const program = new EditedProject(t, { 'main.py': lib });
  assert.deepEqual(program.changedBy({ 'main.py': lib.replace('print(f())', 'print(f(), 2)') }), ['main.py']);
});

test('an import that is used by nobody counts as far as it runs something, or fails', (t) => {
  const project = new EditedProject(t, {
    'main.py': 'from lib import a, b\nprint(a())\n',
    'lib.py': 'def a():\n    return 1\ndef b():\n    return 2\n',
  });
  assert.deepEqual(project.changedBy({ 'lib.py': 'def a():\n    return 1\ndef b():\n    return 3\n' }), []);
  assert.deepEqual(project.changedBy({ 'lib.py': 'def a():\n    return 1\n' }), ['main.py']);
});
