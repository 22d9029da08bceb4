/** Digests by path relative to `root`. */
export async function pythonDigests(_root: string, _entry: string): Promise<Readonly<Record<string, string>>> {
  throw new Error('not written yet');
}
