import { createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

/**
 * The stage on which puppets play: commands that do nothing until the test tells them what to print, write, or how to die.
 * A puppet connects to a socket, says its name, and obeys one line of JSON at a time. No sleeps, exact interleavings.
 */
export class PuppetStage {
  readonly socket: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #arrived: Puppet[] = [];
  readonly #waiting: { name: string; resolve: (puppet: Puppet) => void }[] = [];
  readonly #sockets = new Set<Socket>();
  /** How many processes of each name were ever started. */
  readonly starts = new Map<string, number>();

  static async open(): Promise<PuppetStage> {
    const folder = mkdtempSync(join(tmpdir(), 'stage-'));
    const stage = new PuppetStage(folder);
    await new Promise<void>((resolve) => stage.#server.listen(stage.socket, resolve));
    return stage;
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, 's');
    this.#server = createServer((socket) => this.#connect(socket));
  }

  /** The next process with this name; fails by name when it does not come within ten seconds. */
  started(name: string): Promise<Puppet> {
    const at = this.#arrived.findIndex((puppet) => puppet.name === name);
    if (at >= 0) return Promise.resolve(this.#arrived.splice(at, 1)[0] as Puppet);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited 10 s for puppet "${name}" to start`)), 10_000);
      this.#waiting.push({
        name,
        resolve: (puppet) => {
          clearTimeout(timer);
          resolve(puppet);
        },
      });
    });
  }

  count(name: string): number {
    return this.starts.get(name) ?? 0;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #connect(socket: Socket): void {
    socket.on('error', () => {}); // its process was killed
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    let text = '';
    const hello = (chunk: Buffer): void => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end < 0) return;
      socket.off('data', hello);
      const { name, pid, cwd, args } = JSON.parse(text.slice(0, end)) as Hello;
      this.starts.set(name, this.count(name) + 1);
      const puppet = new Puppet(name, pid, cwd, args, socket);
      const at = this.#waiting.findIndex((waiting) => waiting.name === name);
      if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(puppet);
      else this.#arrived.push(puppet);
    };
    socket.on('data', hello);
  }
}

interface Hello {
  name: string;
  pid: number;
  cwd: string;
  args: string[];
}

/** One process on the stage. */
export class Puppet {
  readonly name: string;
  readonly pid: number;
  readonly cwd: string;
  readonly args: readonly string[];
  /** Settles when the process is gone. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  #text = '';
  readonly #answers: ((line: string) => void)[] = [];

  constructor(name: string, pid: number, cwd: string, args: string[], socket: Socket) {
    this.name = name;
    this.pid = pid;
    this.cwd = cwd;
    this.args = args;
    this.#socket = socket;
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('utf8');
      for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
        this.#answers.shift()?.(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 1);
      }
    });
  }

  /** Writes a file, making its folders; `path` is absolute or relative to the job's folder. */
  write(path: string, text: string): Promise<string> {
    return this.#tell({ write: path, text });
  }
  rename(from: string, to: string): Promise<string> {
    return this.#tell({ rename: from, to });
  }
  remove(path: string): Promise<string> {
    return this.#tell({ remove: path });
  }
  read(path: string): Promise<string> {
    return this.#tell({ read: path }).then((line) => JSON.parse(line) as string);
  }
  print(text: string): Promise<string> {
    return this.#tell({ print: text });
  }
  list(path: string): Promise<string[]> {
    return this.#tell({ list: path }).then((line) => JSON.parse(line) as string[]);
  }
  /** Answers every http request on this port with 200; gives `done`, or why it cannot. */
  listen(port: number): Promise<string> {
    return this.#tell({ listen: port });
  }
  /** Closes the ports that it listens on, and lives on. */
  unlisten(): Promise<string> {
    return this.#tell({ unlisten: true });
  }
  /** From now on the process survives SIGTERM. */
  ignoreTerm(): Promise<string> {
    return this.#tell({ ignore: 'SIGTERM' });
  }
  env(): Promise<Record<string, string>> {
    return this.#tell({ env: true }).then((line) => JSON.parse(line) as Record<string, string>);
  }
  /** Starts a process of its own in the job's group, which lives on; gives its id. */
  leave(): Promise<number> {
    return this.#tell({ leave: true }).then(Number);
  }
  /** Starts a process that leaves the job's group, session and environment, and goes on writing to a file; gives its id. */
  escape(path: string): Promise<number> {
    return this.#tell({ escape: path }).then(Number);
  }
  exit(code = 0): void {
    this.#socket.write(`${JSON.stringify({ exit: code })}\n`);
  }
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.pid, signal);
  }

  #tell(order: unknown): Promise<string> {
    this.#socket.write(`${JSON.stringify(order)}\n`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`puppet "${this.name}" did not answer within 10 s`)), 10_000);
      this.#answers.push((line) => {
        clearTimeout(timer);
        resolve(line);
      });
    });
  }
}
