const brand = Symbol.for('stet.problem');

export interface ProblemDetails {
  /** What to try, in words that work when pasted. */
  hint?: string;
  cause?: unknown;
}

/**
 * The one error that is shown to people: what happened, to which thing, and what to try.
 *
 * `code` is stable and in kebab case, for tests and scripts; the words of `message` may change.
 */
export class Problem extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, { hint, cause }: ProblemDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Problem';
    this.code = code;
    this.hint = hint;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Recognises a `Problem` even when a frozen copy of this module made it. */
  static is(error: unknown): error is Problem {
    return typeof error === 'object' && error !== null && brand in error;
  }
}

/** The words of any thrown thing. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
