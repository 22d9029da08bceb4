import type { HttpClient } from '../http/client.ts';
import type { Checksum } from '../checksums/checksum.ts';
import type { Patience } from '../pacing/retry.ts';

/** A file as its provider lists it. */
export interface RemoteObject {
  /** Below the folder that was asked for, with `/` between its parts. */
  readonly name: string;
  readonly sizeBytes: number;
  /** What the provider says of the content; empty where it says nothing that holds. */
  readonly checksums: readonly Checksum[];
  /** Tells this content of the name from an earlier one: generation, version, ETag or time. */
  readonly generation?: string;
  /** How the source finds the object again; means nothing to others. */
  readonly address: string;
}

/** What an address lists: its objects, sorted by name, and how they are brought here. */
export interface Remote {
  /** The address as the user wrote it; stands in messages. */
  readonly from: string;
  readonly objects: readonly RemoteObject[];
  readonly transport: Transport;
}

export type Transport =
  | {
      readonly type: 'stream';
      /** The content from `offset`, or from 0 where the server knows no ranges; the answer says which. */
      readonly read: (object: RemoteObject, from: { offset: number; signal: AbortSignal }) => Promise<Opened>;
    }
  | {
      readonly type: 'copy';
      /** Writes each object under its name below `folder`, and says so for each that is whole. */
      readonly copy: (objects: readonly RemoteObject[], to: CopyTarget) => Promise<void>;
    };

export interface Opened {
  readonly offset: number;
  readonly body: AsyncIterable<Buffer>;
}

export interface CopyTarget {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly arrived: (object: RemoteObject) => Promise<void>;
}

/** What sources are reached with. */
export interface Access {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly http: HttpClient;
  readonly patience: Patience;
  readonly signal: AbortSignal;
}

/** Identity of one object's content, as far as its provider tells; a partial file of another identity is no start. */
export function identityOf({ sizeBytes, checksums, generation }: RemoteObject): string {
  return JSON.stringify([sizeBytes, generation ?? '', ...checksums.map(({ of, value }) => `${of}:${value}`).sort()]);
}
