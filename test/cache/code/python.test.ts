import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonDigests } from '../../../cache/code/python.ts';
import { pythonMeaning } from '../../../cache/code/python/meaning.ts';
import { pythonProject } from '../../support/python-project.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const same = (a: string, b: string): void => assert.equal(pythonMeaning(a).text, pythonMeaning(b).text);
const differ = (a: string, b: string): void => assert.notEqual(pythonMeaning(a).text, pythonMeaning(b).text);

test('comments, docstrings and blank lines do not count', () => {
  same(
    'import os\n\ndef f(a):\n    return a\n\nclass C:\n    x = 1\n',
    '#!/usr/bin/env python\n"""What it is."""\nimport os  # the system\ndef f(a):\n    """Gives a."""\n\n    # why\n    return a\nclass C:\n    """A class."""\n    x = 1\n',
  );
});

test('indentation width and line breaks inside brackets do not count', () => {
  same('def f(a, b):\n    return g(a, b)\n', 'def f(\n  a,\n  b,\n):\n  return g(\n      a,\n      b,\n  )\n');
  same('x = [1, 2]\n', 'x = [\n    1,\n    2,\n]\n');
  same('x = a + \\\n    b\n', 'x = (\n    a + b\n)\n');
  same('from a import b, c\n', 'from a import (\n    b,\n    c,\n)\n');
  same("x = 'a'\n", 'x = "a"\n');
  same('a = 1; b = 2\n', 'a = 1\nb = 2\n');
});

test('names, numbers, strings and structure count', () => {
  differ('x = 1\n', 'x = 2\n');
  differ('x = 1\n', 'y = 1\n');
  differ('x = "a"\n', 'x = "b"\n');
  differ('x = "a # b"\n', 'x = "a # c"\n');
  differ('x = r"a\\n"\n', 'x = "a\\n"\n');
  differ('x = f"{a:>3}"\n', 'x = f"{a:>4}"\n');
  differ('x = f"{a} b"\n', 'x = f"{a} c"\n');
  differ('if a:\n    b()\nc()\n', 'if a:\n    b()\n    c()\n');
  differ('if a:\n    if b:\n        c()\n    else:\n        d()\n', 'if a:\n    if b:\n        c()\nelse:\n    d()\n');
  differ('from .a import b\n', 'from ..a import b\n');
});

test('commas and brackets that mean something count', () => {
  differ('x = 1\n', 'x = 1,\n');
  differ('x = (1)\n', 'x = (1,)\n');
  differ('x[1]\n', 'x[1,]\n');
  differ('y = (a < b) < c\n', 'y = a < b < c\n');
  differ('y = (a + b) * c\n', 'y = a + b * c\n');
  differ('def f():\n    x = 1\n    "not a docstring"\n', 'def f():\n    x = 1\n');
  differ('x = "a" "b"\n', 'x = "ab"\n');
});

test('where the grammar does not know the syntax, indentation counts and comments still do not', () => {
  const source = 'with (open(a) as f, open(b) as g):\n    copy(f, g)\n';
  assert.equal(pythonMeaning(source).isPartlyParsed, true);
  same(source, 'with (open(a) as f, open(b) as g):  # both\n\n    # why\n    copy(f, g)\n');
  differ(source, 'with (open(a) as f, open(b) as g):\n    copy(g, f)\n');
  differ(`${source}    done()\n`, `${source}done()\n`);
});

test('a bare yield and a float without decimals are known syntax', () => {
  assert.equal(pythonMeaning('def f():\n    yield\n    x = (yield)\n    return 3. * x\n').isPartlyParsed, false);
});

test('imports are followed through modules, packages and relative names, also in a circle', async (t) => {
  const root = pythonProject(t, {
    'tools/train.py': 'import local\nfrom pkg.model import Net\nimport numpy\n',
    'tools/local.py': '',
    'pkg/__init__.py': 'from . import shared\n',
    'pkg/shared.py': '',
    'pkg/model/__init__.py': 'from .net import Net\nfrom ..shared import x\n',
    'pkg/model/net.py': 'from . import layers\nimport pkg.model\n',
    'pkg/model/layers.py': '',
    'pkg/unused.py': '',
    'space/inner.py': '',
  });
  assert.deepEqual(Object.keys(await pythonDigests(root, 'tools/train.py')), [
    'pkg/__init__.py',
    'pkg/model/__init__.py',
    'pkg/model/layers.py',
    'pkg/model/net.py',
    'pkg/shared.py',
    'tools/local.py',
    'tools/train.py',
  ]);
});

test('a package without __init__.py and a source folder are found', async (t) => {
  const root = pythonProject(t, {
    'main.py': 'import space.inner as s, deep\n',
    'space/inner.py': '',
    'src/deep/__init__.py': 'def f():\n    from deep import late\nf()\n',
    'src/deep/late.py': '',
  });
  assert.deepEqual(Object.keys(await pythonDigests(root, 'main.py')), [
    'main.py',
    'space/inner.py',
    'src/deep/__init__.py',
    'src/deep/late.py',
  ]);
});

test('a missing entry is a problem that names it', async (t) => {
  await assert.rejects(pythonDigests(tempFolder(t), 'train.py'), { code: 'no-code-files', message: /train\.py/ });
});
