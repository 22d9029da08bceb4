import { Problem } from '../../../cache/problem.ts';
import type { Access, RemoteObject, Transport } from '../sources/source.ts';
import { preferredChecksum } from '../checksums/checksum.ts';
import { PartialFile } from './partial-file.ts';
import { patiently, Transient } from '../pacing/retry.ts';

/** How often content may arrive whole and wrong before the source is to blame rather than the way. */
const mostMismatches = 3;

interface Fetch {
  readonly transport: Extract<Transport, { type: 'stream' }>;
  /** Where partial files lie. */
  readonly folder: string;
  readonly access: Access;
  /** Called with the bytes that arrived, and with negative ones for bytes that are given up. */
  readonly moved: (bytes: number) => void;
}

export interface Arrived {
  /** The whole file, not yet under its name. */
  readonly path: string;
  /** sha256 of content of which the source had told nothing. */
  readonly learned?: string;
}

/**
 * Brings one object into a partial file, whole and checked; goes on where an earlier attempt, of this run or another, ended.
 *
 * Throws `checksum-differs` when content that arrived whole is not what the source says, three times.
 */
export async function fetchObject(object: RemoteObject, { transport, folder, access, moved }: Fetch): Promise<Arrived> {
  const { signal } = access;
  const partial = await PartialFile.open(folder, object, signal);
  const expected = preferredChecksum(object.checksums);
  let mismatches = 0;
  const giveUpContent = async (): Promise<void> => {
    moved(-partial.position);
    await partial.restart();
  };
  const attempt = async (): Promise<string> => {
    if (partial.position < object.sizeBytes || object.sizeBytes === 0) await receive();
    if (partial.position < object.sizeBytes) {
      throw new Transient(`the connection ended after ${partial.position} of ${object.sizeBytes} bytes`);
    }
    const hex = partial.hex();
    if (expected === undefined || hex === expected.value) return hex;
    mismatches += 1;
    await giveUpContent();
    if (mismatches >= mostMismatches) throw differs(object, expected, hex);
    throw new Transient(`${object.name} arrived with other content than its ${expected.of} says`);
  };
  const receive = async (): Promise<void> => {
    const opened = await transport.read(object, { offset: partial.position, signal });
    if (opened.offset !== partial.position) await giveUpContent();
    try {
      for await (const bytes of opened.body) {
        if (partial.position + bytes.length > object.sizeBytes) {
          await giveUpContent();
          throw new Transient(`${object.name} is longer than the ${object.sizeBytes} bytes that were listed`);
        }
        await partial.append(bytes);
        moved(bytes.length);
      }
    } finally {
      await partial.flush();
    }
  };

  moved(partial.position);
  try {
    const hex = await patiently(attempt, {
      what: `fetching ${object.name}`,
      patience: access.patience,
      signal,
      progress: () => partial.position,
    });
    return { path: partial.path, learned: expected === undefined ? hex : undefined };
  } finally {
    await partial.close();
  }
}

function differs({ name }: RemoteObject, expected: { of: string; value: string }, hex: string): Problem {
  return new Problem(
    'checksum-differs',
    `${name} arrived ${mostMismatches} times with other content than its source says: ${expected.of} ${expected.value} expected, ${hex} found.`,
    { hint: 'Look for a proxy that changes content on its way; else the file is damaged at its source.' },
  );
}
