import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, statSync, closeSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { eventually } from '../support/eventually.ts';

const imageBytes = 64 << 20;

/** What is needed and not here, in words; undefined where a disk can be recorded. */
export function lackOfRecording(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it mounts disks, which root on Linux may';
  const lacking = ['gcc', 'fusermount3', 'mkfs.ext4', 'losetup', 'unshare'].filter((name) => !isOnPath(name));
  if (!existsSync('/usr/include/fuse3/fuse.h')) lacking.push('libfuse3-dev');
  if (!existsSync('/dev/fuse')) lacking.push('/dev/fuse');
  if (lacking.length > 0) {
    return `not here: ${lacking.join(', ')}; on Debian: apt-get install gcc libc6-dev libfuse3-dev fuse3 e2fsprogs mount util-linux`;
  }
  return spawnSync('losetup', ['-f']).status === 0 ? undefined : 'there are no loop devices';
}

/** A disk with an ext4 on it, of which every write and every flush is known in its order. */
export class RecordedDisk {
  /** Where it is mounted. */
  readonly root: string;
  /** The disk as it was before the first write. */
  readonly base: string;
  readonly log: string;
  readonly #folder: string;
  readonly #device: string;

  private constructor(folder: string, device: string) {
    this.#folder = folder;
    this.#device = device;
    this.root = join(folder, 'root');
    this.base = join(folder, 'base');
    this.log = join(folder, 'log');
  }

  static async open(folder: string): Promise<RecordedDisk> {
    const at = (name: string): string => join(folder, name);
    const base = openSync(at('base'), 'w');
    ftruncateSync(base, imageBytes);
    closeSync(base);
    execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', at('base')]);
    execFileSync('cp', ['--sparse=always', at('base'), at('image')]);
    compile('log-disk', ['-D_FILE_OFFSET_BITS=64', '-I/usr/include/fuse3'], at('log-disk'), ['-lfuse3', '-lpthread']);
    compile('no-sync', ['-shared', '-fPIC'], at('no-sync.so'));
    for (const name of ['fuse', 'root']) mkdirSync(at(name));
    spawn(at('log-disk'), [at('image'), at('log'), at('fuse'), '-f'], { stdio: 'ignore' });
    await eventually('the recorded disk appears', () => existsSync(at('fuse/disk')));
    const device = execFileSync('losetup', ['-f', '--show', at('fuse/disk')], { encoding: 'utf8' }).trim();
    execFileSync('mount', ['-o', 'noatime', device, at('root')]);
    return new RecordedDisk(folder, device);
  }

  /** What is in the environment of programs that shall believe to sync, and do not. */
  get withoutSyncs(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: join(this.#folder, 'no-sync.so') };
  }

  /** Bytes of the log so far: what is said now was said after all that stands in them. */
  get logBytes(): number {
    return statSync(this.log).size;
  }

  close(): void {
    if (spawnSync('umount', [this.root]).status !== 0) spawnSync('umount', ['-l', this.root]);
    spawnSync('losetup', ['-d', this.#device]);
    // Lazily: the kernel lets go of the device when it likes.
    spawnSync('fusermount3', ['-u', '-z', join(this.#folder, 'fuse')]);
  }
}

function compile(name: string, flags: readonly string[], to: string, libraries: readonly string[] = []): void {
  const source = join(packageRoot(), 'test', 'power', `${name}.c`);
  execFileSync('gcc', ['-O2', '-Wall', ...flags, '-o', to, source, ...libraries]);
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}
