import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const noTmux = spawnSync('tmux', ['-V']).status === 0 ? undefined : 'no tmux here: apt-get install tmux';

function tmux(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync('tmux', ['-L', 'stet-test', ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The screen, as soon as it shows what is waited for. */
async function screenWith(session: string, wanted: RegExp): Promise<string> {
  let screen = '';
  for (const start = performance.now(); performance.now() - start < 30_000; await delay(50)) {
    screen = tmux('capture-pane', '-p', '-t', session);
    if (wanted.test(screen)) return screen;
  }
  throw new Error(`waited 30 s for ${wanted}; the screen shows:\n${screen}`);
}

test('a run in a real terminal shows what runs, survives resizing, and leaves a summary', {
  skip: noTmux,
}, async (t) => {
  const session = `run-${randomUUID().slice(0, 8)}`;
  tmux('new-session', '-d', '-s', session, '-x', '100', '-y', '30');
  t.after(() => tmux('kill-session', '-t', session));
  const program = join(packageRoot(), 'dist/runner/cli/main.js');
  const toy = join(packageRoot(), 'test/support/toys/toy.ts');
  const store = join(tempFolder(t), 'store');
  tmux(
    'send-keys',
    '-t',
    session,
    `${process.execPath} ${program} run ${toy} count=12 --store ${store} --jobs 2`,
    'Enter',
  );

  const wide = await screenWith(session, /square \d/);
  assert.match(wide, /toy/);
  tmux('resize-window', '-t', session, '-x', '44', '-y', '12');
  await delay(300); // a few redraws at the new size
  for (const line of tmux('capture-pane', '-p', '-t', session).split('\n')) assert.ok(line.length <= 44, line);
  tmux('resize-window', '-t', session, '-x', '120', '-y', '40');

  const end = await screenWith(session, /toy run \d+ succeeded/);
  assert.match(end, /total +650/);
});
