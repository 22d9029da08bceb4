/** A text of a compiled file and what stands there instead; the text is there exactly once. */
export interface Replacement {
  /** Relative to `dist/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** An owner elsewhere counts as dead after so long without a heartbeat, in what is tried here. */
export const deadAfterSeconds = 4;

/** Times and sizes as a test can wait for and write them: 64 kB are a large file. */
export const shortened: readonly Replacement[] = [
  { file: 'cache/lock.js', from: 'const beatSeconds = 5;', to: 'const beatSeconds = 1;' },
  { file: 'cache/lock.js', from: 'const deadAfterSeconds = 60;', to: `const deadAfterSeconds = ${deadAfterSeconds};` },
  {
    file: 'cache/sound-blobs.js',
    from: 'const sampledBytes = 8 * 1024 * 1024;',
    to: 'const sampledBytes = 64 * 1024;',
  },
  { file: 'cache/checkout.js', from: 'const checkedBytes = 64 * 1024 * 1024;', to: 'const checkedBytes = 64 * 1024;' },
  { file: 'cache/blobs.js', from: 'const largeBytes = 64 * 1024 * 1024;', to: 'const largeBytes = 64 * 1024;' },
];

/** What protects from a kind of fault, taken out: the engine must find that it is missing. */
export const knockOuts: Readonly<Record<string, KnockOut>> = {
  closures: {
    what: 'what a body closes over is no part of its recipe',
    replacements: [
      {
        file: 'runner/keys/recipes.js',
        from: 'const closure = this.#identity.closureOf(run);',
        to: 'const closure = {};',
      },
    ],
    faults: ['none'],
  },
  'kinds-inspect': {
    what: "a record is not looked at again when a kind's inspect has changed",
    replacements: [
      { file: 'runner/keys/fit-record.js', from: 'if (changed.length === 0)', to: 'if (changed.length >= 0)' },
    ],
    faults: ['none'],
  },
  'read-twice': {
    what: 'frozen code is read again after it was digested',
    replacements: [
      {
        file: 'cache/code/typescript-freeze.js',
        from: 'async function writeModules({ root, modules, texts }, base) {',
        to: 'async function writeModules({ root, modules, texts }, base) {\n    texts = new Map([...texts.keys()].map((path) => [path, readFileSync(join(root, path))]));',
      },
    ],
    faults: ['edit-and-undo'],
  },
  'unread-blobs': {
    what: 'large blobs are handed out unread',
    replacements: [
      { file: 'cache/checkout.js', from: 'const isRead = whole || share > 1;', to: 'const isRead = share > 1;' },
      {
        file: 'cache/checkout.js',
        from: "if (how === 'copy')\n        return sound.isWhole(digest, size);",
        to: "if (how === 'copy')\n        return true;",
      },
    ],
    faults: ['flip-bits'],
  },
  'kept-rot': {
    what: 'a blob that has rotted is not replaced by what was just made',
    replacements: [
      {
        file: 'cache/blobs.js',
        from: '|| !this.isWhole(digest)))',
        to: '&& false))',
      },
    ],
    faults: ['flip-bits'],
  },
  'collected-items': {
    what: 'cache collect does not know what live runs have released',
    replacements: [
      {
        file: 'runner/cli/commands/cache.js',
        from: 'keepTrees: used.trees, dryRun, streams }',
        to: 'keepTrees: [], dryRun, streams }',
      },
    ],
    faults: ['collect'],
  },
  'last-segment': {
    what: 'the key of an item is the last segment of its path',
    replacements: [
      {
        file: 'runner/attempt/releases.js',
        from: "const key = spec.key === 'name' || open.length === 0 ? basename(path) : open.join('/');",
        to: 'const key = basename(path);',
      },
      { file: 'runner/attempt/releases.js', from: 'if (other !== place)', to: 'if (false)' },
    ],
    faults: ['none'],
  },
  'unasked-owner': {
    what: 'an owner that stood still for longer than its claim lives does not ask whether it is still its own',
    replacements: [{ file: 'runner/drive/leases.js', from: 'if (lock?.isHeld())', to: 'if (lock)' }],
    faults: ['pause-owner'],
  },
  'code-in-place': {
    what: 'programs run from the files that are edited, and only their content is compared',
    replacements: [
      {
        file: 'runner/attempt/stage-attempt.js',
        from: 'const filesRoot = await freeze(call);',
        to: 'const filesRoot = undefined;',
      },
      {
        file: 'runner/keys/recipes.js',
        from: ' || atStart?.[name] !== times?.[name]',
        to: '',
      },
    ],
    faults: ['edit-and-undo'],
  },
};

export interface KnockOut {
  /** What is then so, in words. */
  readonly what: string;
  readonly replacements: readonly Replacement[];
  /** Under which of the faults it shows. */
  readonly faults: readonly string[];
}
