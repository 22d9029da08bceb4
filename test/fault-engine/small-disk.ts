import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file system of its own in memory, which can be filled. Bytes can be changed there without any time of the file telling. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined where we may not mount one. */
  static mount(folder: string, megabytes: number): SmallDisk | undefined {
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' });
      return new SmallDisk(folder);
    } catch {
      return undefined;
    }
  }

  fill(): void {
    for (let bytes = 1 << 26; bytes >= 1; bytes >>= 1) {
      try {
        for (;;) writeFileSync(this.#filler, Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        // a smaller piece may still fit
      }
    }
  }

  empty(): void {
    if (existsSync(this.#filler)) rmSync(this.#filler);
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder]);
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}
