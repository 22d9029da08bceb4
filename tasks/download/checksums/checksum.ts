/** `git-blob` is SHA-1 over `blob <size>`, a zero byte and the content: how git, and the hub for small files, names a file. */
export type ChecksumKind = 'sha256' | 'git-blob' | 'crc32c' | 'crc32' | 'crc64nvme' | 'sha1' | 'md5';

export interface Checksum {
  readonly of: ChecksumKind;
  /** Lower-case hex; CRCs with leading zeros. */
  readonly value: string;
}

/** Kinds that nobody hits by accident: content with the same value is the same content. */
const strong: ReadonlySet<ChecksumKind> = new Set(['sha256', 'git-blob', 'sha1', 'md5']);
/** Which checksum is computed when a provider offers several: md5 takes twice as long as the others. */
const preferred: readonly ChecksumKind[] = ['sha256', 'git-blob', 'crc32c', 'crc32', 'crc64nvme', 'sha1', 'md5'];

export function isStrong({ of }: Checksum): boolean {
  return strong.has(of);
}

export function preferredChecksum(checksums: readonly Checksum[]): Checksum | undefined {
  const rank = ({ of }: Checksum): number => preferred.indexOf(of);
  return [...checksums].sort((a, b) => rank(a) - rank(b))[0];
}

/** A value as providers write it, in base 64, as hex. */
export function hexOfBase64(value: string): string {
  return Buffer.from(value, 'base64').toString('hex');
}
