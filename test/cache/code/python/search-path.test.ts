import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pythonClosure } from '../../../../cache/code/python.ts';
import { EditedProject, pythonProject, writeFiles } from '../../../support/python-project.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const helper = 'def value():\n    return 1\n';

for (const [how, line] of [
  ['os.path', "sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))"],
  ['an absolute path', "sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lib'))"],
  ['pathlib', "sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / 'lib'))"],
  ['parents', "sys.path.insert(0, str(Path(__file__).parents[0] / 'lib'))"],
  ['a name', "HERE = os.path.dirname(__file__)\nsys.path.insert(0, os.path.join(HERE, 'lib'))"],
  ['text', "sys.path.append('py/lib')"],
  ['an assignment', "sys.path[:0] = ['py/lib']"],
  ['a sum', "sys.path = ['py/lib'] + sys.path"],
  ['extend', "sys.path.extend([os.path.dirname(__file__) + '/lib'])"],
  ['site', "import site\nsite.addsitedir('py/lib')"],
] as const) {
  test(`modules are found in a folder that is put on the search path by ${how}`, (t) => {
    const project = new EditedProject(
      t,
      {
        'py/main.py': `import os, pathlib, sys\nfrom pathlib import Path\n${line}\nimport helper\nprint(helper.value())\n`,
        'py/lib/helper.py': helper,
      },
      { entry: 'py/main.py' },
    );
    assert.deepEqual(project.gaps(), []);
    assert.deepEqual(project.changedBy({ 'py/lib/helper.py': helper.replace('1', '2') }), ['py/lib/helper.py']);
  });
}

test('modules are found in PYTHONPATH, of the task and of the command', (t) => {
  const root = pythonProject(t, { 'main.py': 'import a, b\n', 'one/a.py': 'x = 1\n', 'two/b.py': 'x = 1\n' });
  const launch = { args: ['env', 'PYTHONPATH=one:two', 'python3', 'main.py'], env: {}, folder: root };
  assert.deepEqual(filesOf(root, 'main.py', launch), ['main.py', 'one/a.py', 'two/b.py']);
  const byTask = { args: ['python3', 'main.py'], env: { PYTHONPATH: 'one' }, folder: root };
  assert.deepEqual(filesOf(root, 'main.py', byTask), ['main.py', 'one/a.py']);
});

test('modules are found where the manifest of the project keeps them', (t) => {
  for (const manifest of [
    '[tool.setuptools.packages.find]\nwhere = ["code"]\n',
    '[tool.setuptools.package-dir]\n"" = "code"\n',
    '[tool.setuptools]\npackage-dir = {"" = "code"}\n',
    '[tool.poetry]\npackages = [{ include = "own", from = "code" }]\n',
    '[tool.hatch.build.targets.wheel]\npackages = ["code/own"]\n',
  ]) {
    const root = pythonProject(t, {
      'tools/pyproject.toml': manifest,
      'tools/scripts/main.py': 'import own.part\n',
      'tools/code/own/__init__.py': '',
      'tools/code/own/part.py': '',
    });
    const found = filesOf(root, 'tools/scripts/main.py');
    assert.ok(found.includes('tools/code/own/part.py'), `${manifest}: ${found.join(' ')}`);
  }
});

test('members of a workspace are found', (t) => {
  const root = pythonProject(t, {
    'pyproject.toml': '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
    'scripts/main.py': 'import client\n',
    'packages/client/src/client/__init__.py': '',
  });
  assert.deepEqual(filesOf(root, 'scripts/main.py'), ['packages/client/src/client/__init__.py', 'scripts/main.py']);
});

for (const [how, files] of [
  ['a path file', (source: string) => ({ 'own.pth': `${source}/src\n` })],
  ['a path file of pip', (source: string) => ({ '__editable__.own-1.0.pth': `${source}/src\n` })],
  [
    'a finder of setuptools',
    (source: string) => ({
      '__editable__.own-1.0.pth': 'import __editable___own_1_0_finder; __editable___own_1_0_finder.install()\n',
      '__editable___own_1_0_finder.py': `MAPPING: dict[str, str] = {'own': '${source}/src/own'}\n`,
    }),
  ],
] as const) {
  test(`a package that is installed to be edited counts by its sources: ${how}`, (t) => {
    const source = pythonProject(t, { 'src/own/__init__.py': '', 'src/own/part.py': 'def f():\n    return 1\n' });
    const root = pythonProject(t, { 'main.py': 'from own.part import f\nprint(f())\n' });
    const launch = venv(root, files(source));
    const before = pythonClosure(root, 'main.py', { launch });
    assert.deepEqual(before.gaps, []);
    assert.ok(before.isBound, 'it is found by an absolute place');
    writeFiles(source, { 'src/own/part.py': 'def f():\n    return 2\n' });
    assert.notDeepEqual(pythonClosure(root, 'main.py', { launch }).digests, before.digests);
  });
}

test('installed packages count by version, with the commit of those from a repository', (t) => {
  const root = pythonProject(t, { 'main.py': 'import cv2, lab.tools, numpy as np\nimport os\n' });
  const launch = venv(root, {
    'numpy/__init__.py': '',
    'numpy-2.0.1.dist-info/METADATA': '',
    'cv2/__init__.py': '',
    'opencv_python-4.10.0.dist-info/top_level.txt': 'cv2\n',
    'lab/tools.py': '',
    'lab_tools-1.0.dist-info/RECORD': 'lab/tools.py,sha256=x,1\n',
    'lab_tools-1.0.dist-info/direct_url.json': '{"url":"https://h/x.git","vcs_info":{"vcs":"git","commit_id":"abc"}}',
  });
  const { digests, gaps } = pythonClosure(root, 'main.py', { launch });
  const packages = Object.entries(digests).filter(([name]) => name.startsWith('pip:'));
  assert.deepEqual(Object.fromEntries(packages), {
    'pip:cv2': 'opencv_python 4.10.0',
    'pip:lab': 'lab_tools 1.0 at abc',
    'pip:numpy': 'numpy 2.0.1',
  });
  assert.deepEqual(gaps, []);
});

test('a package that is not installed, and an interpreter that cannot be told, are said', (t) => {
  const root = pythonProject(t, {
    'main.py': 'import torch\ntry:\n    import ujson\nexcept ImportError:\n    ujson = None\n',
  });
  const { digests, gaps } = pythonClosure(root, 'main.py', { launch: venv(root, {}) });
  assert.deepEqual([digests['pip:torch'], digests['pip:ujson']], ['absent', 'absent']);
  assert.match(gaps.map(({ what }) => what).join('\n'), /^torch is not installed in \S+$/);
  const unknown = pythonClosure(root, 'main.py', { launch: { args: ['launcher', 'main.py'], env: {}, folder: root } });
  assert.match(
    unknown.gaps.map(({ what }) => what).join('\n'),
    /^the versions of torch: which Python runs it is not known$/,
  );
});

test('uv runs what lies in the environment of its folder', (t) => {
  const root = pythonProject(t, { 'main.py': 'import numpy\n' });
  venv(root, { 'numpy/__init__.py': '', 'numpy-2.0.1.dist-info/METADATA': '' }, '.venv');
  const launch = { args: ['uv', 'run', '--group', 'rlds', 'main.py'], env: {}, folder: root };
  assert.equal(pythonClosure(root, 'main.py', { launch }).digests['pip:numpy'], 'numpy 2.0.1');
});

test('the packages around a module that is started by -m run first', (t) => {
  const root = pythonProject(t, { 'pkg/__init__.py': 'print(1)\n', 'pkg/main.py': 'print(2)\n' });
  const launch = { args: ['python3', '-m', 'pkg.main'], env: {}, folder: root };
  assert.deepEqual(filesOf(root, 'pkg/main.py', launch), ['pkg/__init__.py', 'pkg/main.py']);
});

/** A virtual environment with these installed files, as the command names it. */
function venv(root: string, files: Readonly<Record<string, string>>, name = 'venv') {
  const home = join(root, name);
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'bin/python'), '');
  writeFiles(home, { 'pyvenv.cfg': 'home = /usr/bin\n' });
  mkdirSync(join(home, 'lib/python3.11/site-packages'), { recursive: true });
  writeFiles(join(home, 'lib/python3.11/site-packages'), files);
  return { args: [`${name}/bin/python`, 'main.py'], env: {}, folder: root };
}

function filesOf(
  root: string,
  entry: string,
  launch?: { args: string[]; env: Record<string, string>; folder: string },
) {
  const names = Object.keys(pythonClosure(root, entry, { launch }).digests);
  return names.filter((name) => !name.startsWith('pip:'));
}

test('a folder of the project that only has the name of a package hides it from nobody', (t) => {
  const root = tempFolder(t);
  writeFiles(root, { 'main.py': 'import wandb\n', 'wandb/latest/log.txt': '' });
  const launch = venv(root, { 'wandb/__init__.py': '', 'wandb-0.17.0.dist-info/METADATA': '' });
  assert.equal(pythonClosure(root, 'main.py', { launch }).digests['pip:wandb'], 'wandb 0.17.0');
});

test('what each Python runs first counts where PYTHONPATH leads to it', (t) => {
  const root = pythonProject(t, { 'main.py': 'print(1)\n', 'site/sitecustomize.py': 'print(2)\n' });
  const launch = { args: ['python3', 'main.py'], env: { PYTHONPATH: 'site' }, folder: root };
  assert.deepEqual(filesOf(root, 'main.py', launch), ['main.py', 'site/sitecustomize.py']);
});

test('a program that finds code by an absolute place is told apart: it cannot run from a copy', (t) => {
  const root = pythonProject(t, { 'main.py': 'import sys\nsys.path.append("/opt/own")\n', 'other.py': 'print(1)\n' });
  const isBound = (entry: string, env: Record<string, string> = {}) =>
    pythonClosure(root, entry, { launch: { args: ['python3', entry], env, folder: root } }).isBound;
  assert.equal(isBound('main.py'), true);
  assert.equal(isBound('other.py'), false);
  assert.equal(isBound('other.py', { PYTHONPATH: `${root}/lib` }), true);
  assert.equal(isBound('other.py', { PYTHONPATH: 'lib' }), false);
});
