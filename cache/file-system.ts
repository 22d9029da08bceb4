import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Names by the number that `statfs` gives, from linux/magic.h and the file systems' own headers. */
const network: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x0bd00bd0: 'Lustre',
  0x517b: 'SMB',
  0xfe534d42: 'SMB',
  0xff534d42: 'CIFS',
  0x65735546: 'FUSE',
  0x19830326: 'BeeGFS',
  0x47504653: 'GPFS',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x01021997: '9P',
  0x786f4256: 'VirtualBox',
  0xaad7aaea: 'PanFS',
  0x7461636f: 'OCFS2',
  0x01161970: 'GFS2',
};
const coarse: Readonly<Record<number, string>> = { 0x4d44: 'FAT', 0x2011bab0: 'exFAT' };

export interface FileSystem {
  name: string;
  /** `coarse`: its times stand still for seconds, so they prove nothing. `network`: its times come from another clock. */
  kind: 'local' | 'network' | 'coarse';
}

/** The file system that holds an existing path. */
export function fileSystemOf(path: string): FileSystem {
  const type = statfsSync(path).type >>> 0;
  if (network[type]) return { name: network[type], kind: 'network' };
  if (coarse[type]) return { name: coarse[type], kind: 'coarse' };
  return { name: 'local', kind: 'local' };
}

/** Of the disk on which a path lies, or would lie. */
export function freeBytes(path: string): number {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      return bavail * bsize;
    } catch (error) {
      if (at === dirname(at)) throw error; // not even the root can be asked
    }
  }
}
