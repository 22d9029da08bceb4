/** One thing that `doctor` looked at. */
export interface Finding {
  /** `missing` is required and not there; `absent` is optional and not there. */
  readonly state: 'ok' | 'missing' | 'absent';
  readonly what: string;
  readonly found: string;
  readonly advice?: string;
}
