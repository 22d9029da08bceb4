import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { processIds, processStat } from '../../../cache/process-stat.ts';
import { encode } from '../../../tasks/formats/msgpack-numpy/encode.ts';
import { eventually } from '../../support/eventually.ts';
import { isRunning } from '../../support/is-running.ts';
import { startServed } from '../../support/served.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { RawClient } from '../../tasks/serve/raw-client.ts';
import { pushtRequest, tinyPolicy } from '../../tasks/serve/tiny-policy.ts';

const folder = tempFolder({ after: (remove) => after(remove as () => void) });
let slow: string;

before(async () => {
  slow = await tinyPolicy(folder, { work: 2000, hidden: 64 });
});

test('SIGTERM: what was accepted is answered, everybody is told goodbye, and the program ends well', async (t) => {
  const { child, url, ended } = await startServed(t, [slow]);
  const [busy, idle] = [await RawClient.open(url), await RawClient.open(url)];
  busy.socket.send(encode(pushtRequest()));
  busy.socket.send(encode(pushtRequest()));
  assert.ok((await busy.next()) instanceof Buffer); // the second has come too
  child.kill('SIGTERM');
  assert.equal((await idle.closed()).code, 1001);
  assert.ok((await busy.next()) instanceof Buffer);
  assert.equal((await busy.closed()).code, 1001);
  assert.equal(await ended, 0);
});

test('a second signal ends it at once', async (t) => {
  const { child, url, lines, ended } = await startServed(t, [slow]);
  const client = await RawClient.open(url);
  for (let i = 0; i < 40; i += 1) client.socket.send(encode(pushtRequest()));
  await client.next();
  child.kill('SIGINT');
  await eventually('it says that it stops', () => lines.some((line) => line.startsWith('Stopping')));
  child.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.equal((await client.closed()).code, 1006);
});

test('SIGKILL leaves no worker behind', async (t) => {
  const { child, url, ended } = await startServed(t, [slow]);
  const client = await RawClient.open(url);
  client.socket.send(encode(pushtRequest()));
  const started = [child.pid as number, ...childrenOf(child.pid as number)];
  child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL');
  assert.deepEqual(
    started.filter((pid) => isRunning(pid)),
    [],
  );
  await client.closed();
});

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  return processIds().filter((other) => other !== pid && processStat(other)?.parent === pid);
}
