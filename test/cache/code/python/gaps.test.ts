import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EditedProject } from '../../../support/python-project.ts';

for (const [what, files, expected] of [
  [
    'an import by a name that is computed',
    { 'main.py': 'import importlib, sys\nm = importlib.import_module(sys.argv[1])\n' },
    ['main.py:2: importlib.import_module(sys.argv[1])'],
  ],
  [
    'a package that makes its names when they are asked for',
    { 'main.py': 'import pkg\nprint(pkg.a)\n', 'pkg/__init__.py': 'X = 1\ndef __getattr__(name):\n    return name\n' },
    ['pkg/__init__.py:2: def __getattr__, which makes names of the module'],
  ],
  [
    'a star import of computed names',
    { 'main.py': 'from pkg import *\n', 'pkg/__init__.py': '__all__ = [n for n in ["a"]]\n', 'pkg/a.py': '' },
    ['main.py:1: from pkg import *, whose __all__ is computed'],
  ],
  [
    'a search path that cannot be read',
    { 'main.py': 'import os, sys\nsys.path.insert(0, os.environ["LIB"])\n' },
    ['main.py:2: sys.path.insert(0, os.environ["LIB"])'],
  ],
  [
    'a script that is started by a name that is computed',
    { 'main.py': 'import subprocess, sys\nsubprocess.run([sys.executable, sys.argv[1]])\n' },
    ['main.py:2: subprocess.run([sys.executable, sys.argv[1]])'],
  ],
  [
    'a configuration that a script opens',
    {
      'main.py': 'import os, json\nprint(json.load(open(os.path.join(os.path.dirname(__file__), "a.json"))))\n',
      'a.json': '{}',
    },
    ['main.py:2: it names a.json'],
  ],
  [
    "a folder of Hydra's",
    {
      'py/main.py': '',
      'main.py': 'import hydra\n@hydra.main(config_path="conf")\ndef main(c):\n    pass\n',
      'conf/a.yaml': '',
    },
    ['main.py:2: it names conf', 'the versions of hydra: which Python runs it is not known'],
  ],
  ['code in text', { 'main.py': 'exec(open("x").read())\n' }, ['main.py:1: exec(open("x").read())']],
] as const) {
  test(`${what} is said with file and line`, (t) => {
    assert.deepEqual(new EditedProject(t, files).gaps(), expected);
  });
}

test('what nothing reaches is not said', (t) => {
  const lib = 'import importlib\ndef load(name):\n    return importlib.import_module(name)\ndef f():\n    return 1\n';
  assert.deepEqual(new EditedProject(t, { 'main.py': 'from lib import f\nprint(f())\n', 'lib.py': lib }).gaps(), []);
});

for (const [what, main, other] of [
  ['an import by a literal name', 'import importlib\nimportlib.import_module("plugin")\n', 'plugin.py'],
  ['an entry point in text', 'register(entry_point="envs.plugin:Env")\n', 'envs/plugin.py'],
  [
    'a script that is started',
    'import os, subprocess, sys\nsubprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "child.py")])\n',
    'child.py',
  ],
  ['a script that runs inside', 'import runpy\nrunpy.run_path("child.py")\n', 'child.py'],
  ['a star import with names', 'from pkg import *\nprint(plugin)\n', 'pkg/plugin.py'],
] as const) {
  test(`${what} is followed`, (t) => {
    const project = new EditedProject(t, {
      'main.py': main,
      [other]: 'class Env:\n    x = 1\nif True:\n    print(1)\n',
      ...(other.startsWith('pkg') ? { 'pkg/__init__.py': '__all__ = ["plugin"]\n' } : {}),
    });
    assert.deepEqual(project.gaps(), []);
    const edited = 'class Env:\n    x = 2\nif True:\n    print(2)\n';
    assert.deepEqual(project.changedBy({ [other]: edited }), [other]);
  });
}
