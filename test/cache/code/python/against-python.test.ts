import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pythonClosure } from '../../../../cache/code/python.ts';
import { noPython } from '../../../support/openpi-checkout.ts';
import { pythonProject, writeFiles } from '../../../support/python-project.ts';

type Files = Readonly<Record<string, string>>;

const one = 'def value():\n    return 1\n';
const two = 'def value():\n    return 2\n';

/** Programs, and an edit that changes what they print. */
const followed: readonly (readonly [string, Files, Files])[] = [
  [
    'a fallback of an import',
    {
      'main.py': 'try:\n    import fast as m\nexcept ImportError:\n    import slow as m\nprint(m.value())\n',
      'slow.py': one,
    },
    { 'slow.py': two },
  ],
  [
    'a module that comes to be there',
    {
      'main.py': 'try:\n    import fast as m\nexcept ImportError:\n    import slow as m\nprint(m.value())\n',
      'slow.py': one,
    },
    { 'fast.py': two },
  ],
  [
    'a name that is made by a loop',
    {
      'main.py': 'import lib\nprint(lib.b())\n',
      'lib.py': 'def a():\n    return 1\nfor n in ["b"]:\n    globals()[n] = a\n',
    },
    { 'lib.py': 'def a():\n    return 2\nfor n in ["b"]:\n    globals()[n] = a\n' },
  ],
  [
    'a patched function',
    {
      'main.py': 'import lib, patch\nprint(lib.value())\n',
      'lib.py': one,
      'patch.py': 'import lib\ndef other():\n    return 5\nlib.value = other\n',
    },
    { 'patch.py': 'import lib\ndef other():\n    return 6\nlib.value = other\n' },
  ],
  [
    'a method of a base in another module',
    {
      'main.py': 'from b import B\nprint(B().run())\n',
      'a.py': 'class A:\n    def run(self):\n        return 1\n',
      'b.py': 'import a\nclass B(a.A):\n    pass\n',
    },
    { 'a.py': 'class A:\n    def run(self):\n        return 2\n' },
  ],
  [
    'a metaclass',
    {
      'main.py': 'from lib import made\nprint(made)\n',
      'lib.py':
        'made = []\nclass M(type):\n    def __new__(c, n, b, d):\n        made.append(d.get("x"))\n        return super().__new__(c, n, b, d)\nclass A(metaclass=M):\n    x = 1\n',
    },
    {
      'lib.py':
        'made = []\nclass M(type):\n    def __new__(c, n, b, d):\n        made.append(d.get("x"))\n        return super().__new__(c, n, b, d)\nclass A(metaclass=M):\n    x = 2\n',
    },
  ],
  [
    'a descriptor that learns its name',
    {
      'main.py': 'from lib import names\nprint(names)\n',
      'lib.py':
        'names = []\nclass D:\n    def __set_name__(self, owner, name):\n        names.append(name)\nclass A:\n    x = D()\n',
    },
    {
      'lib.py':
        'names = []\nclass D:\n    def __set_name__(self, owner, name):\n        names.append(name)\nclass A:\n    y = D()\n',
    },
  ],
  [
    'a decorator of a class',
    {
      'main.py': 'from reg import R\nimport lib\nprint([c.x for c in R])\n',
      'reg.py': 'R = []\ndef add(c):\n    R.append(c)\n    return c\n',
      'lib.py': 'from reg import add\n@add\nclass A:\n    x = 1\n',
    },
    { 'lib.py': 'from reg import add\n@add\nclass A:\n    x = 2\n' },
  ],
  [
    'a function that is called as a default is made',
    {
      'main.py': 'import lib\nprint(lib.log)\n',
      'lib.py': 'log = []\ndef note(x):\n    log.append(x)\ndef unused(a=note(1)):\n    pass\n',
    },
    { 'lib.py': 'log = []\ndef note(x):\n    log.append(x)\ndef unused(a=note(2)):\n    pass\n' },
  ],
  [
    'a type that is called',
    {
      'main.py': 'import lib\nprint(lib.log)\n',
      'lib.py': 'log = []\ndef note(x):\n    log.append(x)\ndef unused(a: note(1)):\n    pass\n',
    },
    { 'lib.py': 'log = []\ndef note(x):\n    log.append(x)\ndef unused(a: note(2)):\n    pass\n' },
  ],
  [
    'types in quotes that are resolved',
    {
      'main.py': 'import typing\nfrom lib import f\nprint(typing.get_type_hints(f)["x"].size)\n',
      'lib.py': 'class A:\n    size = 1\ndef f(x: "A"):\n    pass\n',
    },
    { 'lib.py': 'class A:\n    size = 2\ndef f(x: "A"):\n    pass\n' },
  ],
  [
    'fields of a dataclass',
    {
      'main.py': 'from lib import C\nprint(C())\n',
      'lib.py':
        'from dataclasses import dataclass, field\ndef make():\n    return [1]\n@dataclass\nclass C:\n    x: list = field(default_factory=make)\n',
    },
    {
      'lib.py':
        'from dataclasses import dataclass, field\ndef make():\n    return [2]\n@dataclass\nclass C:\n    x: list = field(default_factory=make)\n',
    },
  ],
  [
    'a lambda in a table',
    { 'main.py': 'from lib import T\nprint(T["a"]())\n', 'lib.py': 'def f():\n    return 1\nT = {"a": lambda: f()}\n' },
    { 'lib.py': 'def f():\n    return 2\nT = {"a": lambda: f()}\n' },
  ],
  [
    'a name in a replacement of a text',
    { 'main.py': 'from lib import show\nprint(show())\n', 'lib.py': 'N = 1\ndef show():\n    return f"{N:>3}"\n' },
    { 'lib.py': 'N = 2\ndef show():\n    return f"{N:>3}"\n' },
  ],
  [
    'a global that another function sets',
    {
      'main.py': 'import lib\nlib.init()\nprint(lib.get())\n',
      'lib.py': 'S = 0\ndef init():\n    global S\n    S = 1\ndef get():\n    return S\n',
    },
    { 'lib.py': 'S = 0\ndef init():\n    global S\n    S = 2\ndef get():\n    return S\n' },
  ],
  [
    'a submodule that an import of another loads',
    {
      'main.py': 'import pkg.a\nimport pkg\nprint(pkg.b.value())\n',
      'pkg/__init__.py': '',
      'pkg/a.py': 'from . import b\n',
      'pkg/b.py': one,
    },
    { 'pkg/b.py': two },
  ],
  [
    'a package that hides its module by a function',
    {
      'main.py': 'from pkg import run\nprint(run())\n',
      'pkg/__init__.py': 'from .run import run\n',
      'pkg/run.py': 'def run():\n    return 1\n',
    },
    { 'pkg/run.py': 'def run():\n    return 2\n' },
  ],
  [
    'a chain of stars',
    { 'main.py': 'from a import *\nprint(value())\n', 'a.py': 'from b import *\n', 'b.py': one },
    { 'b.py': two },
  ],
  [
    'a star that hides another',
    { 'main.py': 'from a import *\nfrom b import *\nprint(value())\n', 'a.py': one, 'b.py': 'x = 1\n' },
    { 'b.py': 'x = 1\ndef value():\n    return 3\n' },
  ],
  [
    '`__all__` that takes a name away',
    { 'main.py': 'from a import *\nfrom b import *\nprint(value())\n', 'a.py': one, 'b.py': two },
    { 'b.py': `__all__ = []\n${two}` },
  ],
  [
    'an alias of an alias',
    {
      'main.py': 'from a import g\nprint(g())\n',
      'a.py': 'from b import f as g\n',
      'b.py': 'def value():\n    return 1\nf = value\n',
    },
    { 'b.py': 'def value():\n    return 2\nf = value\n' },
  ],
  [
    'a dotted import under the name of its top',
    { 'main.py': 'import a.b as a\nprint(a.value())\n', 'a/__init__.py': '', 'a/b.py': one },
    { 'a/b.py': two },
  ],
  [
    'getattr with a text',
    { 'main.py': 'import lib\nprint(getattr(lib, "va" + "lue")())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a module that a function returns',
    {
      'main.py': 'from a import get\nprint(get().value())\n',
      'a.py': 'import lib\ndef get():\n    return lib\n',
      'lib.py': one,
    },
    { 'lib.py': two },
  ],
  [
    'a module as an attribute of a class',
    { 'main.py': 'import lib\nclass A:\n    m = lib\nprint(A.m.value())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a module of another module',
    { 'main.py': 'import a\nprint(a.lib.value())\n', 'a.py': 'import lib\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'an operator that picks an attribute',
    { 'main.py': 'import operator, lib\nprint(operator.attrgetter("value")(lib)())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a loaded module by its name',
    { 'main.py': 'import sys, lib\nprint(sys.modules["lib"].value())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a pickled class',
    { 'main.py': 'import pickle, lib\nprint(pickle.loads(b"clib\\nvalue\\n.")())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a child of the same interpreter',
    {
      'main.py':
        'import os, subprocess, sys\nhere = os.path.dirname(os.path.abspath(__file__))\nsubprocess.run([sys.executable, os.path.join(here, "child.py")], check=True)\n',
      'child.py': 'import lib\nprint(lib.value(), flush=True)\n',
      'lib.py': one,
    },
    { 'lib.py': two },
  ],
  [
    'runpy',
    {
      'main.py': 'import runpy\nrunpy.run_module("lib", run_name="__main__")\n',
      'lib.py': 'if __name__ == "__main__":\n    print(1)\n',
    },
    { 'lib.py': 'if __name__ == "__main__":\n    print(2)\n' },
  ],
  [
    'a module that is started as a child',
    {
      'main.py': 'import subprocess, sys\nsubprocess.run([sys.executable, "-m", "pkg.tool"], check=True)\n',
      'pkg/tool.py': 'if __name__ == "__main__":\n    print(1)\n',
    },
    { 'pkg/tool.py': 'if __name__ == "__main__":\n    print(2)\n' },
  ],
  [
    'an import by a name that stands for a text',
    { 'main.py': 'import importlib\nNAME = "lib"\nprint(importlib.import_module(NAME).value())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a namespace package',
    { 'main.py': 'from space.deep import lib\nprint(lib.value())\n', 'space/deep/lib.py': one },
    { 'space/deep/lib.py': two },
  ],
  [
    'a search path from the parent',
    {
      'py/run/main.py':
        'import sys\nfrom pathlib import Path\nROOT = Path(__file__).resolve().parents[1]\nif str(ROOT) not in sys.path:\n    sys.path.insert(0, str(ROOT / "lib"))\nimport own\nprint(own.value())\n',
      'main.py': 'import runpy\nrunpy.run_path("py/run/main.py", run_name="__main__")\n',
      'py/lib/own.py': one,
    },
    { 'py/lib/own.py': two },
  ],
  [
    'what a match takes',
    {
      'main.py': 'from lib import f\nprint(f([1]))\n',
      'lib.py': 'def f(x):\n    match x:\n        case [a, *_]:\n            return g(a)\ndef g(a):\n    return a\n',
    },
    {
      'lib.py':
        'def f(x):\n    match x:\n        case [a, *_]:\n            return g(a)\ndef g(a):\n    return a + 1\n',
    },
  ],
  [
    'a nested function',
    {
      'main.py': 'from lib import outer\nprint(outer()())\n',
      'lib.py':
        'def inner_value():\n    return 1\ndef outer():\n    def inner():\n        return inner_value()\n    return inner\n',
    },
    {
      'lib.py':
        'def inner_value():\n    return 2\ndef outer():\n    def inner():\n        return inner_value()\n    return inner\n',
    },
  ],
  [
    'an enumeration',
    {
      'main.py': 'from lib import C\nprint([c.value for c in C])\n',
      'lib.py': 'import enum\nclass C(enum.Enum):\n    A = 1\n',
    },
    { 'lib.py': 'import enum\nclass C(enum.Enum):\n    A = 1\n    B = 2\n' },
  ],
  [
    'subclasses of subclasses',
    {
      'main.py': 'from lib import A\nprint([c.__name__ for c in A.__subclasses__()[0].__subclasses__()])\n',
      'lib.py': 'class A:\n    pass\nclass B(A):\n    pass\n',
    },
    { 'lib.py': 'class A:\n    pass\nclass B(A):\n    pass\nclass C(B):\n    pass\n' },
  ],
  [
    'an order of statements',
    { 'main.py': 'from lib import x\nprint(x)\n', 'lib.py': 'x = [1]\nx.append(2)\nx.reverse()\n' },
    { 'lib.py': 'x = [1]\nx.reverse()\nx.append(2)\n' },
  ],
  [
    'a deletion',
    { 'main.py': 'import lib\nprint(hasattr(lib, "a"))\n', 'lib.py': 'a = 1\n' },
    { 'lib.py': 'a = 1\ndel a\n' },
  ],
  [
    'a doc that argparse shows',
    { 'main.py': '"""One."""\nimport argparse\nprint(argparse.ArgumentParser(description=__doc__).description)\n' },
    { 'main.py': '"""Two."""\nimport argparse\nprint(argparse.ArgumentParser(description=__doc__).description)\n' },
  ],
  [
    'a doc through inspect',
    { 'main.py': 'import inspect, lib\nprint(inspect.getdoc(lib.f))\n', 'lib.py': 'def f():\n    """One."""\n' },
    { 'lib.py': 'def f():\n    """Two."""\n' },
  ],
  [
    'a source through inspect',
    { 'main.py': 'import inspect, lib\nprint(inspect.getsource(lib.f))\n', 'lib.py': 'def f():\n    pass  # one\n' },
    { 'lib.py': 'def f():\n    pass  # two\n' },
  ],
  [
    'a walrus at the top',
    { 'main.py': 'from lib import y\nprint(y)\n', 'lib.py': 'print(y := 1)\n' },
    { 'lib.py': 'print(y := 2)\n' },
  ],
  [
    'a tuple of targets',
    { 'main.py': 'from lib import b\nprint(b)\n', 'lib.py': 'a, b = 1, 2\n' },
    { 'lib.py': 'a, b = 1, 3\n' },
  ],
  [
    'with, and what it binds',
    {
      'main.py': 'from lib import f\nprint(f)\n',
      'lib.py': 'import contextlib\nwith contextlib.nullcontext(1) as f:\n    pass\n',
    },
    { 'lib.py': 'import contextlib\nwith contextlib.nullcontext(2) as f:\n    pass\n' },
  ],
  [
    'a type parameter',
    {
      'main.py': 'from lib import f\nprint(f(1))\n',
      'lib.py': 'import typing\nT = typing.TypeVar("T")\ndef f(x: T) -> T:\n    return g(x)\ndef g(x):\n    return x\n',
    },
    {
      'lib.py':
        'import typing\nT = typing.TypeVar("T")\ndef f(x: T) -> T:\n    return g(x)\ndef g(x):\n    return x + 1\n',
    },
  ],
  [
    'a module that is named by itself',
    {
      'main.py': 'import lib\nprint(lib.pick("a"))\n',
      'lib.py': 'import sys\ndef a():\n    return 1\ndef pick(n):\n    return getattr(sys.modules[__name__], n)()\n',
    },
    { 'lib.py': 'import sys\ndef a():\n    return 2\ndef pick(n):\n    return getattr(sys.modules[__name__], n)()\n' },
  ],
  [
    'an import by a name in text',
    { 'main.py': 'import importlib\nprint(importlib.import_module("plugins.a").value())\n', 'plugins/a.py': one },
    { 'plugins/a.py': two },
  ],
  [
    'a relative import of two levels',
    {
      'main.py': 'from pkg.sub.m import f\nprint(f())\n',
      'pkg/__init__.py': '',
      'pkg/sub/__init__.py': '',
      'pkg/sub/m.py': 'from ..lib import value as f\n',
      'pkg/lib.py': one,
    },
    { 'pkg/lib.py': two },
  ],
  [
    'continued lines and two statements on one',
    { 'main.py': 'from lib import \\\n    value; print(value())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'syntax that the grammar does not know',
    {
      'main.py': 'from lib import a, value\nwith (a() as x, a() as y):\n    print(value())\n',
      'lib.py': `import contextlib\ndef a():\n    return contextlib.nullcontext(1)\n${one}`,
    },
    { 'lib.py': `import contextlib\ndef a():\n    return contextlib.nullcontext(1)\n${two}` },
  ],
];

for (const [what, files, edit] of followed) {
  test(`an edit counts that changes what a program prints: ${what}`, { skip: noPython }, (t) => {
    const root = pythonProject(t, files);
    const [printed, before] = [run(root), pythonClosure(root, 'main.py').digests];
    writeFiles(root, edit);
    assert.notEqual(run(root), printed, 'the edit changes something');
    assert.notDeepEqual(pythonClosure(root, 'main.py').digests, before);
  });
}

/** Edits that are not seen, for which there must be words. */
const said: readonly (readonly [string, Files, Files])[] = [
  [
    'an import of a computed name',
    { 'main.py': 'import importlib\nn = "li"\nprint(importlib.import_module(n + "b").value())\n', 'lib.py': one },
    { 'lib.py': two },
  ],
  [
    'a lazy package',
    {
      'main.py': 'import pkg\nprint(pkg.lib.value())\n',
      'pkg/__init__.py':
        'import importlib\ndef __getattr__(n):\n    return importlib.import_module("." + n, __name__)\n',
      'pkg/lib.py': one,
    },
    { 'pkg/lib.py': two },
  ],
  [
    'code in a file',
    { 'main.py': 'exec(open("code" + ".txt").read())\n', 'code.txt': 'print(1)\n' },
    { 'code.txt': 'print(2)\n' },
  ],
  [
    'a configuration',
    {
      'main.py':
        'import json, pathlib\nprint(json.loads((pathlib.Path(__file__).parent / "conf" / "a.json").read_text()))\n',
      'conf/a.json': '1',
    },
    { 'conf/a.json': '2' },
  ],
  [
    'a search path from the environment',
    {
      'main.py':
        'import os, sys\nsys.path.insert(0, os.environ.get("OWN_LIB", "li" + "b".lower()))\nimport own\nprint(own.value())\n',
      'lib/own.py': one,
    },
    { 'lib/own.py': two },
  ],
];

for (const [what, files, edit] of said) {
  test(`where an edit does not count there are words for it: ${what}`, { skip: noPython }, (t) => {
    const root = pythonProject(t, files);
    const [printed, before] = [run(root), pythonClosure(root, 'main.py')];
    writeFiles(root, edit);
    assert.notEqual(run(root), printed, 'the edit changes something');
    const isCounted = JSON.stringify(pythonClosure(root, 'main.py').digests) !== JSON.stringify(before.digests);
    assert.ok(isCounted || before.gaps.some((gap) => !gap.isOfPackages), JSON.stringify(before.gaps));
  });
}

function run(root: string): string {
  const { stdout, stderr, status } = spawnSync('python3', ['-B', 'main.py'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}
