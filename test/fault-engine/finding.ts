/** Something that must not be, with what was seen of it. */
export class Finding extends Error {
  constructor(what: string, seen: readonly string[] = []) {
    super([what, ...seen].join('\n'));
    this.name = 'Finding';
  }
}
