/** Options as commander gives them; each command reads its own. */
export type Options = Readonly<Record<string, unknown>>;
