import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { eventually } from '../support/eventually.ts';
import { tempFolder } from '../support/temp-folder.ts';

const noTmux = spawnSync('tmux', ['-V']).status === 0 ? undefined : 'no tmux here: apt-get install tmux';

function tmux(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync('tmux', ['-L', 'stet-test', ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The screen, as soon as it shows what is waited for. */
function screenWith(session: string, wanted: RegExp): Promise<string> {
  let screen = '';
  const seen = (): string | false => {
    screen = tmux('capture-pane', '-p', '-t', session);
    return wanted.test(screen) && screen;
  };
  return eventually(`the screen shows ${wanted}`, seen, { seconds: 30, told: () => `it shows:\n${screen}` });
}

/** The newest header on the screen. */
function headerOn(session: string): string {
  const lines = tmux('capture-pane', '-p', '-t', session).split('\n');
  return lines.findLast((line) => line.startsWith('toy  run'))?.trimEnd() ?? '';
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
  const before = headerOn(session);
  tmux('resize-window', '-t', session, '-x', '44', '-y', '12');
  // The terminal itself breaks the old header, whose first row is then its beginning.
  await eventually('it is drawn anew', () => !before.startsWith(headerOn(session)), { told: () => headerOn(session) });
  for (const line of tmux('capture-pane', '-p', '-t', session).split('\n')) assert.ok(line.length <= 44, line);
  tmux('resize-window', '-t', session, '-x', '120', '-y', '40');

  const end = await screenWith(session, /toy run \d+ succeeded/);
  assert.match(end, /total +650/);
});
