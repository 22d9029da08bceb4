import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Failure } from '../../../runner/log/events.ts';
import { Program } from '../../../runner/node/program.ts';
import { isListening, Ports } from '../../../runner/services/ports.ts';
import {
  ServerLife,
  type ServerLifeOptions,
  type ServerMove,
  type ServerProcess,
} from '../../../runner/services/server-life.ts';
import { eventually } from '../../support/eventually.ts';
import { isRunning } from '../../support/is-running.ts';
import { tempFolder } from '../../support/temp-folder.ts';

type MoveOf<T extends ServerMove['type']> = ServerMove & { readonly type: T };
type Begin = (port: number, attempt: number) => ServerProcess;

/** A process that does what the test says. Its servers live in the test's process, which is in no group of `group`. */
class FakeProcess implements ServerProcess {
  readonly log = '';
  readonly port: number;
  readonly ended: Promise<Failure>;
  group: number | undefined;
  /** What it was told, in order. */
  readonly heard: ('tell' | 'kill')[] = [];
  readonly #server: Server = createServer((_, response) => response.end());
  #end: (failure: Failure) => void = () => {};

  constructor(t: TestContext, port: number) {
    this.port = port;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    t.after(() => this.#close());
  }

  async listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Listens no more, and runs on. */
  async unlisten(): Promise<void> {
    this.#close();
    await eventually('nobody listens', async () => !(await isListening(this.port)));
  }

  end(message: string): void {
    this.#close();
    this.#end({ code: 'exit-code', message });
  }

  tell(): void {
    this.heard.push('tell');
  }

  kill(): void {
    this.heard.push('kill');
    this.end('It was killed.');
  }

  #close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A life, and what is told of it, in order. */
function aServer(options: Partial<ServerLifeOptions> = {}) {
  const moves: ServerMove[] = [];
  const life = new ServerLife({
    ready: { http: '/', withinSeconds: 10 },
    scheme: 'http',
    ports: new Ports(),
    moved: (move) => moves.push(move),
    ...options,
  });
  let seen = 0;
  const saw = async <T extends ServerMove['type']>(type: T): Promise<MoveOf<T>> => {
    const move = await eventually(`the server has moved to ${type}`, () => moves[seen], { seconds: 10 });
    seen += 1;
    assert.equal(move.type, type);
    return move as MoveOf<T>;
  };
  return { life, moves, saw };
}

/** The next start of a server, with a process that the test plays. */
async function started(t: TestContext, life: ServerLife): Promise<FakeProcess> {
  let process: FakeProcess | undefined;
  await life.start((port) => (process = new FakeProcess(t, port)));
  assert.ok(process);
  return process;
}

async function up(
  t: TestContext,
  { life, saw }: Pick<ReturnType<typeof aServer>, 'life' | 'saw'>,
): Promise<FakeProcess> {
  const process = await started(t, life);
  await process.listen();
  await saw('up');
  return process;
}

test('a server is up when it is ready, at a url with its scheme and the port that it was given', async (t) => {
  const { life, saw } = aServer({ scheme: 'ws' });
  const process = await started(t, life);
  assert.equal(life.phase, 'starting');
  await process.listen();
  const { loan } = await saw('up');
  assert.deepEqual([life.phase, life.attempt, loan.url], ['up', 1, `ws://127.0.0.1:${process.port}`]);
});

test('a foreign program that answers on its port is not taken for it: it is killed, and due again', async (t) => {
  const server = aServer();
  const robbed = await started(t, server.life);
  robbed.group = 1; // the test's own process answers, which is in another group
  await robbed.listen();
  const { failure } = await server.saw('failed');
  assert.equal(failure.message, `Port ${robbed.port} was taken by another program before it could listen there.`);
  assert.deepEqual([failure.code, server.life.phase, robbed.heard], ['port-taken', 'due', ['kill']]);
  await up(t, server);
  assert.equal(server.life.attempt, 2);
});

test('five ports may be taken by others; the sixth counts as a failure', async (t) => {
  const { life, saw } = aServer();
  for (let i = 0; i < 6; i += 1) {
    const robbed = await started(t, life);
    robbed.group = 1;
    await robbed.listen();
    assert.equal((await saw('failed')).failure.code, 'port-taken');
    assert.equal(life.phase, i < 5 ? 'due' : 'failed');
  }
});

test('conflicts over a port cost none of its tries', async (t) => {
  const { life, saw } = aServer({ retries: 1 });
  const robbed = await started(t, life);
  robbed.group = 1;
  await robbed.listen();
  await saw('failed');
  for (const phase of ['due', 'failed']) {
    (await started(t, life)).end('It ended with exit code 3.');
    assert.equal((await saw('failed')).failure.message, 'It ended with exit code 3.');
    assert.equal(life.phase, phase);
  }
});

test('one that is not ready in time is told to end, and has failed by that', async (t) => {
  const { life, saw } = aServer({ ready: { http: '/healthz', withinSeconds: 0.2 } });
  const process = await started(t, life);
  await eventually('it is told', () => process.heard.length > 0);
  process.end('It was told to stop.');
  const { failure } = await saw('failed');
  assert.deepEqual(failure, {
    code: 'not-ready',
    message: 'It was not ready within 0.2 s: /healthz did not answer 200.',
  });
  assert.deepEqual([life.phase, process.heard], ['failed', ['tell']]);
});

test('one that dies while it is lent is due again, and its consumer is not to blame', async (t) => {
  const server = aServer();
  const process = await up(t, server);
  const { loan } = server.life;
  assert.ok(loan);
  process.end('It ended with exit code 7.');
  assert.equal(await server.life.deathOf(loan), 'It ended with exit code 7.');
  await server.saw('died');
  assert.equal(server.life.phase, 'due');
});

test('a consumer whose server dies a moment later is not to blame either', async (t) => {
  const server = aServer();
  const process = await up(t, server);
  const { loan } = server.life;
  assert.ok(loan);
  const death = server.life.deathOf(loan);
  setImmediate(() => process.end('It ended with exit code 7.'));
  assert.equal(await death, 'It ended with exit code 7.');
});

test('a consumer that fails while its server listens has failed by itself', async (t) => {
  const server = aServer();
  const process = await up(t, server);
  const { loan } = server.life;
  assert.ok(loan);
  assert.equal(await server.life.deathOf(loan), undefined);
  assert.deepEqual([server.life.phase, process.heard], ['up', []]);
});

test('a server that is up and does not listen any more is killed as soon as a consumer has failed', async (t) => {
  const server = aServer();
  const deaf = await up(t, server);
  const { loan } = server.life;
  assert.ok(loan);
  await deaf.unlisten();
  assert.equal(await server.life.deathOf(loan), 'It did not listen any more.');
  assert.deepEqual([deaf.heard, server.life.phase], [['kill'], 'due']);
});

test('who had the server before does not take the death of the next one for its own', async (t) => {
  const server = aServer();
  await up(t, server);
  const { loan } = server.life;
  assert.ok(loan);
  void server.life.stop();
  (loan.process as FakeProcess).end('It was told to stop.');
  await server.saw('stopped');
  const next = await up(t, server);
  next.end('It ended with exit code 7.');
  await server.saw('died');
  assert.equal(await server.life.deathOf(loan), undefined);
});

test('one that is told to stop while it starts ends as stopped, and is never up', async (t) => {
  const { life, saw, moves } = aServer();
  const process = await started(t, life);
  const gone = life.stop();
  assert.deepEqual([life.phase, process.heard], ['stopping', ['tell']]);
  await process.listen();
  process.end('It was told to stop.');
  await gone;
  await saw('stopped');
  assert.deepEqual([life.phase, life.loan, moves.length], ['down', undefined, 1]);
});

test('one that is due and not wanted any more is stopped without a start', async (t) => {
  const server = aServer();
  (await up(t, server)).end('It ended with exit code 7.');
  await server.saw('died');
  await server.life.stop();
  assert.deepEqual(await server.saw('stopped'), { type: 'stopped', seconds: 0 });
  assert.equal(server.life.phase, 'down');
});

test('who is told to end and does not is killed after the grace time', { timeout: 10_000 }, async (t) => {
  const server = aServer({ graceMs: 50 });
  const stubborn = await up(t, server);
  await server.life.stop();
  assert.deepEqual(stubborn.heard, ['tell', 'kill']);
  await server.saw('stopped');
});

test('`now` kills at once, also who was told before', async (t) => {
  const server = aServer();
  const stubborn = await up(t, server);
  void server.life.stop();
  await server.life.stop({ now: true });
  assert.deepEqual(stubborn.heard, ['tell', 'kill']);
});

test('one that is given up has failed at once, ends, and is not started again', async (t) => {
  const server = aServer({ retries: 3 });
  const process = await up(t, server);
  const { loan } = server.life;
  assert.ok(loan);
  server.life.giveUp({ code: 'cancelled-on-request', message: 'Somebody wanted that.' });
  assert.equal((await server.saw('failed')).failure.code, 'cancelled-on-request');
  process.end('It was told to stop.');
  await server.saw('stopped');
  assert.equal(server.life.phase, 'failed');
  assert.equal(await server.life.deathOf(loan), 'Somebody wanted that.');
});

test('when it cannot be started it is down, and can be started again', async (t) => {
  const server = aServer();
  const start = server.life.start(() => {
    throw new Error('the disk is full');
  });
  await assert.rejects(start, /the disk is full/);
  assert.deepEqual([server.life.phase, server.moves.length], ['down', 0]);
  await up(t, server);
});

test('no two servers of ours get one port, however many ask at one time', async () => {
  const ports = new Ports();
  const taken = await Promise.all(Array.from({ length: 50 }, () => ports.take()));
  assert.equal(new Set(taken).size, 50);
});

/** Programs for real: what runs is given the port as its argument. */
function program(t: TestContext, text: string): Begin & { readonly begun: Program[] } {
  const folder = tempFolder(t);
  const begun: Program[] = [];
  const begin = (port: number, attempt: number): Program => {
    const log = join(folder, `log.${attempt}.txt`);
    const made = new Program([process.execPath, '-e', text, String(port)], { cwd: folder, env: process.env, log });
    t.after(() => made.kill());
    begun.push(made);
    return made;
  };
  return Object.assign(begin, { begun });
}

const serve = 'require("http").createServer((_, r) => r.end()).listen(Number(process.argv[1]), "127.0.0.1");';

test('a program whose port another takes first is up on the next, as a child of this process', async (t) => {
  const { life, saw } = aServer();
  const begin = program(t, serve);
  const foreign = createServer((_, response) => response.end('not ours'));
  t.after(() => foreign.close().closeAllConnections());
  await life.start((port, attempt) => {
    foreign.listen(port, '127.0.0.1');
    return begin(port, attempt);
  });
  assert.equal((await saw('failed')).failure.code, 'port-taken');
  await life.start(begin);
  const { loan } = await saw('up');
  assert.equal((await fetch(loan.url)).status, 200);
  void life.stop();
  await saw('stopped');
  assert.deepEqual(
    begin.begun.map(({ group = 0 }) => isRunning(group)),
    [false, false],
  );
});

test('a program that is killed while it is up has died with the exit code that a shell would tell', async (t) => {
  const { life, saw } = aServer({ ready: { line: /^up$/, withinSeconds: 10 } });
  await life.start(program(t, 'console.log("up"); setInterval(() => {}, 1000);'));
  await saw('up');
  life.loan?.process.kill();
  assert.equal((await saw('died')).failure.message, 'It ended with exit code 137.');
});

test('a program that does not listen to its end is killed after the grace time, with all that it started', {
  timeout: 10_000,
}, async (t) => {
  const { life, saw } = aServer({ ready: { line: /^left \d+$/, withinSeconds: 10 }, graceMs: 100 });
  const start = 'const left = require("child_process").spawn("sleep", ["1000"]); console.log("left " + left.pid);';
  const begin = program(t, `process.on("SIGTERM", () => {}); ${start}`);
  await life.start(begin);
  await saw('up');
  const group = begin.begun[0]?.group ?? 0;
  await life.stop();
  await eventually('nothing of its group runs', () => !isAlive(-group), { seconds: 5 });
});

function isAlive(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false; // nobody is left in it
  }
}

test('a program that is not there has failed by that', async (t) => {
  const { life, saw } = aServer();
  const folder = tempFolder(t);
  await life.start(() => new Program(['no-such-server'], { cwd: folder, env: process.env, log: join(folder, 'log') }));
  assert.equal((await saw('failed')).failure.message, 'Its program was not found.');
});
