import assert from 'node:assert/strict';
import { chmodSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';
import { noPython } from '../support/openpi-checkout.ts';
import { writeFiles } from '../support/python-project.ts';

const skip = noPython;

/** One program with this code, for two seeds. */
const pipelineOf = (code: string): string => `
import { python } from 'stet/task';
const train = task({ name: 'train', inputs: { seed: z.int() }, outputs: { text: z.string() }, code: [${code}],
  command: ({ seed }, out) => ['python3', 'py/train.py', out.text, String(seed)] });
export default pipeline('py', { seeds: z.array(z.int()).default([1, 2]) }, ({ seeds }) => seeds.map((seed) => train({ seed }).text));
`;

const computed = {
  'py/train.py':
    'import importlib, json, sys\nsys.path.insert(0, "py/lib")\nfrom helper import value\nplugin = importlib.import_module("plug" + "in")\njson.dump(value() + plugin.V, open(sys.argv[1], "w"))\n',
  'py/plugin.py': 'V = "1"\n',
  'py/lib/helper.py': 'def value():\n    return "a"\n\ndef other():\n    return "b"\n',
};

function projectOf(t: TestContext, text: string): CliProject {
  const project = new CliProject(t);
  project.pipeline('py', text);
  writeFiles(project.folder, computed);
  return project;
}

test('plan, run and why say once what of a program is not followed, and --strict refuses it', { skip }, async (t) => {
  const project = projectOf(t, pipelineOf(`python('py/train.py')`));
  const said = /train[^\n]*: py\/train\.py:4: importlib\.import_module\("plug" \+ "in"\)\n +name the files/g;
  const strict = await project.run(['run', 'py', '--strict']);
  assert.equal(strict.code, 2, strict.stdout + strict.stderr);
  assert.equal([...strict.stderr.matchAll(said)].length, 1, strict.stderr);
  assert.ok(!existsSync(join(project.folder, '.stet/runs/0001')), 'nothing was started');
  const plan = await project.run(['plan', 'py']);
  assert.equal(plan.code, 0, plan.stderr);
  assert.equal([...plan.stdout.matchAll(said)].length, 1, plan.stdout);
  assert.equal((await project.run(['plan', 'py', '--strict'])).code, 2);
  const run = await project.run(['run', 'py']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.equal([...run.stderr.matchAll(said)].length, 1, run.stderr);
  const why = await project.run(['why', 'py', 'train seed=1']);
  assert.match(why.stdout, /Not followed[^\n]*\n +py\/train\.py:4: importlib/);
});

test('a site can be strict for all, and what is named in code is not said again', { skip }, async (t) => {
  const project = projectOf(t, pipelineOf(`python('py/train.py')`));
  writeFiles(project.folder, { 'pipeline.config.ts': 'export default { strict: true };\n' });
  assert.equal((await project.run(['run', 'py'])).code, 2);
  project.pipeline('py', pipelineOf(`python('py/train.py'), 'package.json'`));
  assert.equal((await project.run(['run', 'py'])).code, 2, 'a file of another sort answers for no import');
  project.pipeline('py', pipelineOf(`python('py/train.py'), 'py/plugin.py'`));
  const run = await project.run(['run', 'py']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.doesNotMatch(run.stderr, /Not followed/);
});

test('a function that the program does not use reruns nothing; one that it uses is named', { skip }, async (t) => {
  const project = projectOf(t, pipelineOf(`python('py/train.py'), 'py/plugin.py'`));
  assert.equal((await project.run(['run', 'py'])).code, 0);
  const helper = computed['py/lib/helper.py'];
  writeFiles(project.folder, {
    'py/lib/helper.py': `${helper.replace('"b"', '"c"')}\ndef added(x: int = 1):\n    return x\n`,
  });
  assert.match((await project.run(['plan', 'py'])).stdout, /nothing to do/);
  writeFiles(project.folder, { 'py/lib/helper.py': helper.replace('"a"', '"c"') });
  const plan = await project.run(['plan', 'py']);
  assert.match(plan.stdout, /train seed=1 will run: py\/lib\/helper\.py: function `value` changed/);
  const why = await project.run(['why', 'py', 'train seed=2']);
  assert.match(why.stdout, /train seed=2 will run: py\/lib\/helper\.py: function `value` changed/);
  const run = await project.run(['run', 'py']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
});

test('a script elsewhere that no code names is said', { skip }, async (t) => {
  const project = new CliProject(t);
  writeFiles(project.folder, { 'elsewhere/tool.py': 'import sys\nopen(sys.argv[1], "w").write("1")\n' });
  project.pipeline(
    'out',
    `
const tool = task({ name: 'tool', inputs: {}, outputs: { n: z.int() }, command: (_, out) => ['python3', '${project.folder}/elsewhere/tool.py', out.n] });
const none = task({ name: 'none', inputs: {}, outputs: { n: z.int() }, command: (_, out) => ['sh', '-c', 'echo 1 > "$0"', out.n] });
export default pipeline('out', {}, () => [tool({}).n, none({}).n]);
`,
  );
  const { stdout } = await project.run(['plan', 'out']);
  assert.match(
    stdout,
    /tool: it runs elsewhere\/tool\.py, whose code does not count\n +add python\('elsewhere\/tool\.py'\) to `code`/,
  );
  assert.doesNotMatch(stdout, /none: it runs/);
});

test('the packages of the interpreter that a command names count by version', { skip }, async (t) => {
  const project = new CliProject(t);
  const site = 'venv/lib/python3.11/site-packages';
  writeFiles(project.folder, {
    'venv/pyvenv.cfg': 'home = /usr/bin\n',
    'venv/bin/python': '#!/bin/sh\nPYTHONPATH="$(dirname "$0")/../lib/python3.11/site-packages" exec python3 "$@"\n',
    [`${site}/tools.py`]: 'X = 1\n',
    [`${site}/tools-1.0.dist-info/METADATA`]: '',
    'train.py': 'import sys, tools\nopen(sys.argv[1], "w").write(str(tools.X))\n',
  });
  chmodSync(join(project.folder, 'venv/bin/python'), 0o755);
  project.pipeline(
    'py',
    `
import { python } from 'stet/task';
const train = task({ name: 'train', inputs: { n: z.int() }, outputs: { x: z.int() }, code: [python('train.py')], command: ({ n }, out) => ['venv/bin/python', 'train.py', out.x] });
const after = task({ name: 'first', inputs: {}, outputs: { n: z.int() }, command: (_, out) => ['sh', '-c', 'echo 1 > "$0"', out.n] });
export default pipeline('py', {}, () => train({ n: after({}).n }).x);
`,
  );
  const run = await project.run(['run', 'py']);
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.match((await project.run(['plan', 'py'])).stdout, /nothing to do/);
  renameSync(join(project.folder, `${site}/tools-1.0.dist-info`), join(project.folder, `${site}/tools-2.0.dist-info`));
  const plan = await project.run(['plan', 'py', '--force', 'first']);
  assert.match(plan.stdout, /train will run: package tools: tools 1\.0 -> tools 2\.0/);
});

test('with --watch-reads it is told which files a job read that nothing declares, and nothing else changes', {
  skip,
}, async (t) => {
  const project = new CliProject(t);
  const own = 'import os\nos.environ["OWN"] = "own site"\n';
  writeFiles(project.folder, {
    'py/train.py':
      'import os, subprocess, sys\nname = "con" + "fig.txt"\ntext = open("py/" + name).read().strip()\nopen("made.txt", "w").write("x")\nopen("made.txt").read()\nsubprocess.run([sys.executable, "py/child.py"], check=True)\nopen(sys.argv[1], "w").write(\'"%s %s"\' % (text, os.environ["OWN"]))\n',
    'py/child.py': 'open("py/data" + ".csv").read()\n',
    'py/config.txt': 'one\n',
    'py/data.csv': '1\n',
    'py/site/sitecustomize.py': own,
    'README.txt': 'nobody reads it\n',
  });
  project.pipeline(
    'py',
    pipelineOf(`python('py/train.py')`).replace('command:', "env: { PYTHONPATH: 'py/site' }, command:"),
  );
  const watched = await project.run(['run', 'py', 'seeds=[1]', '--watch-reads']);
  assert.equal(watched.code, 0, watched.stdout + watched.stderr);
  assert.match(watched.stderr, /train read what no input and no code declares: py\/config\.txt, py\/data\.csv\n/);
  assert.match(watched.stderr, /add to its `code`: 'py\/config\.txt', 'py\/data\.csv'\n/);
  assert.doesNotMatch(watched.stderr, /made\.txt|README|child\.py.*declares/);
  assert.match((await project.run(['plan', 'py', 'seeds=[1]'])).stdout, /nothing to do/);
});
