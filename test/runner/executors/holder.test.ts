import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { processStat } from '../../../cache/process-stat.ts';
import { type Holder, held, holders, killHeld } from '../../../runner/executors/holder.ts';
import { eventually } from '../../support/eventually.ts';
import { isRunning } from '../../support/is-running.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const isLinux = process.platform === 'linux';

function pathOf(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

interface Scene {
  readonly folder: string;
  /** Starts a program under the holder, which leads a group. */
  readonly start: (...command: string[]) => ReturnType<typeof spawn>;
  /** The same, as a shell starts it with `&`. */
  readonly startBehind: (...command: string[]) => ReturnType<typeof spawn>;
  /** How it ended, as `[code, signal]`. */
  readonly run: (...command: string[]) => Promise<unknown[]>;
  readonly said: () => string;
}

function promise(title: string, body: (scene: Scene) => Promise<void>): void {
  for (const [name, make] of Object.entries(holders)) {
    const program = pathOf(name === 'python' ? 'python3' : name);
    const skip = isLinux && program !== undefined ? false : `there is no ${name} here, or no Linux`;
    test(`${name}: ${title}`, { skip }, async (t) => body(sceneOf(t, make(program ?? ''))));
  }
}

function sceneOf(t: TestContext, holder: Holder): Scene {
  const folder = tempFolder(t);
  let said = '';
  const startAs = (command: readonly string[]) => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    t.after(() => child.kill('SIGKILL'));
    return child;
  };
  const start = (...command: string[]) => startAs(held(command, { holder, folder }));
  const startBehind = (...command: string[]) => {
    return startAs(['sh', '-c', 'trap "" INT QUIT; exec "$@"', 'sh', ...held(command, { holder, folder })]);
  };
  return { folder, start, startBehind, run: async (...command) => once(start(...command), 'close'), said: () => said };
}

promise('a holder ends as its program did', async ({ run, folder }) => {
  assert.deepEqual(await run('true'), [0, null]);
  assert.deepEqual(await run('sh', '-c', 'exit 7'), [7, null]);
  assert.deepEqual(await run('sh', '-c', 'kill -SEGV $$'), [null, 'SIGSEGV']);
  assert.deepEqual(await run('sh', '-c', 'kill -TERM $$'), [null, 'SIGTERM']);
  assert.deepEqual(await run('sh', '-c', 'kill -KILL $$'), [null, 'SIGKILL']);
  assert.deepEqual(await run('no-such-program-anywhere'), [127, null]);
  assert.deepEqual(await run(folder), [126, null]);
});

promise('signals to the group reach the program once, and it may end in its own time', async ({ start, folder }) => {
  const child = start(
    'sh',
    '-c',
    'trap "echo told >>told; sleep 0.1; exit 3" TERM; echo >up; while :; do sleep 0.02; done',
  );
  await eventually('it is up', () => existsSync(join(folder, 'up')));
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [3, null]);
  assert.equal(readFileSync(join(folder, 'told'), 'utf8'), 'told\n');
});

promise(
  'a program that a shell starts in its background can be interrupted all the same',
  async ({ startBehind, folder }) => {
    const child = startBehind('sh', '-c', 'trap "exit 5" INT; echo >up; while :; do sleep 0.02; done');
    await eventually('it is up', () => existsSync(join(folder, 'up')));
    process.kill(-(child.pid ?? 0), 'SIGINT');
    assert.deepEqual(await once(child, 'exit'), [5, null]);
  },
);

promise(
  'what leaves its group, its session and its environment ends with the program, and is named',
  async ({ run, said, folder }) => {
    const leave = (file: string) =>
      `setsid env -i sh -c 'sh -c "echo \\$\\$ >${file}.new; mv ${file}.new ${file}; exec sleep 600" & exit' &`;
    await run('sh', '-c', `${leave('a')} ${leave('b')} until [ -e a ] && [ -e b ]; do sleep 0.01; done`);
    const left = ['a', 'b'].map((file) => Number(readFileSync(join(folder, file), 'utf8')));
    assert.deepEqual(left.filter(isRunning), []);
    for (const pid of left) assert.ok(said().includes(`sleep 600 (process ${pid})`), said());
  },
);

promise('what ends by itself right after its program is not spoken of', async ({ run, said }) => {
  assert.deepEqual(await run('sh', '-c', 'sleep 0.03 & exit 0'), [0, null]);
  assert.equal(said(), '');
});

promise('what forks faster than it can be looked at ends too', async ({ run, folder }) => {
  const breed = 'while :; do sleep 0.002 & done';
  await run('sh', '-c', `echo >up; setsid env -i PATH="$PATH" sh -c '${breed}' & sleep 0.1`);
  const names = execFileSync('sh', ['-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "'], { encoding: 'utf8' });
  assert.ok(existsSync(join(folder, 'up')) && !names.includes(breed));
});

promise(
  'when it is told to kill, nothing is left, also of what does not listen or was stopped',
  async ({ start, folder }) => {
    const child = start('sh', '-c', 'trap "" TERM; setsid sleep 600 & echo $! >left; while :; do sleep 0.02; done');
    await eventually('it is up', () => existsSync(join(folder, 'left')));
    process.kill(-(child.pid ?? 0), 'SIGSTOP');
    const stop = killHeld(child.pid ?? 0);
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
    stop();
    assert.equal(isRunning(Number(readFileSync(join(folder, 'left'), 'utf8'))), false);
  },
);

promise('a program ends with its holder', async ({ start, folder }) => {
  const child = start('sh', '-c', 'echo $$ >pid.new; mv pid.new pid; exec sleep 600');
  await eventually('it is up', () => existsSync(join(folder, 'pid')));
  child.kill('SIGKILL');
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await eventually('it has ended', () => !isRunning(pid) || processStat(pid)?.hasEnded);
});
