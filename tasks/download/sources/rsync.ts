import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { sortedByName } from './listing.ts';
import { runProgram } from './programs.ts';
import type { Access, Remote, RemoteObject } from './source.ts';

/**
 * A folder or file by rsync: `rsync://HOST/MODULE/PATH`, or `HOST:PATH` over ssh.
 *
 * Told apart by size and time of change, as rsync does: checksums would make the other side read everything. What arrives
 * is checked by rsync itself, against a checksum of the whole file. Links are followed.
 */
export async function listRsync(from: string, access: Access): Promise<Remote> {
  const whole = from.replace(/(?<=.)\/+$/, '');
  const { root, objects } = await listFolder(whole, access).catch(async (error: unknown) => {
    // A slash after the name of a file is an error; where the name alone is one too, the first tells.
    const file = await list(whole, access).catch(() => []);
    const root = whole.slice(0, whole.length - posix.basename(whole).length);
    if (Problem.is(error) && error.code === 'program-failed' && file.length === 1) return { root, objects: file };
    throw error;
  });
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'copy',
      copy: async (wanted, { folder, signal, arrived }) => {
        await mkdir(folder, { recursive: true });
        for (const batch of batches(wanted)) {
          const [source, below] = splitModule(root);
          const how = ['--copy-links', '--times', '--partial', '--from0', '--files-from=-', '--protect-args'];
          await runProgram('rsync', [...how, '--', source, `${folder}/`], {
            ...access,
            signal,
            purpose: `copy from ${from}`,
            input: batch.map(({ name }) => below + name).join('\0'),
          });
          for (const object of batch) await arrived(object);
        }
      },
    },
  };
}

/**
 * A daemon's module, and the way to a folder in it up to the mark `/./`, which names are told below: daemons of rsync 3.5 do
 * not find listed files in a folder of a module.
 */
function splitModule(root: string): [string, string] {
  const [, module, path] = /^(rsync:\/\/[^/]+\/[^/]+\/)(.+)\/$/s.exec(root) ?? [];
  return module !== undefined && path !== undefined ? [module, `${path}/./`] : [root, ''];
}

async function listFolder(whole: string, access: Access): Promise<{ root: string; objects: RemoteObject[] }> {
  return { root: `${whole}/`, objects: await list(`${whole}/`, access) };
}

/** A dry run into an empty folder names everything; folders end in a slash. */
async function list(from: string, access: Access): Promise<RemoteObject[]> {
  const empty = await mkdtemp(join(tmpdir(), 'rsync-'));
  try {
    const how = ['--recursive', '--copy-links', '--times', '--dry-run', '--8-bit-output', '--out-format=%l %M %n'];
    const text = await runProgram('rsync', [...how, '--protect-args', '--', from, `${empty}/`], {
      ...access,
      env: { ...access.env, TZ: 'UTC', LC_ALL: 'C' },
      purpose: `list ${from}`,
    });
    const rows = text.split('\n').flatMap(parseRow);
    return rows.flatMap(({ name, sizeBytes, time }) => {
      return name.endsWith('/') ? [] : [{ name, sizeBytes, checksums: [], generation: time, address: name }];
    });
  } finally {
    await rm(empty, { recursive: true });
  }
}

function parseRow(line: string): { name: string; sizeBytes: number; time: string }[] {
  const [, size, time, name] = /^(\d+) (\d{4}\/\d\d\/\d\d-\d\d:\d\d:\d\d) (.+)$/s.exec(line) ?? [];
  if (size === undefined || time === undefined || name === undefined) return [];
  // rsync writes bytes that would spoil a line as \#ooo.
  const plain = name.replace(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return [{ name: plain, sizeBytes: Number(size), time }];
}

/** A batch is what is lost at most when rsync is ended: `--partial` keeps the file that it was at. */
function* batches(objects: readonly RemoteObject[]): Generator<RemoteObject[]> {
  let [batch, bytes]: [RemoteObject[], number] = [[], 0];
  for (const object of objects) {
    batch.push(object);
    bytes += object.sizeBytes;
    if (batch.length < 500 && bytes < 1e9) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
