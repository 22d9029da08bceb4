/** No pause is longer, in seconds. */
const longest = 60;
/** When nothing happens the pause grows with the time that it has been so. */
const quietFraction = 0.05;
/** A few jobs that were just submitted are looked at sooner: they often take no longer than that. In seconds. */
const shortest = 1;
const fewJobs = 50;
const freshSeconds = 10;

export interface Calm {
  /** What the site says. */
  readonly baseSeconds: number;
  /** Since something last changed. */
  readonly quietSeconds: number;
  readonly jobs: number;
  /** Nobody answered the last time. */
  readonly isSilent: boolean;
}

/** Seconds until the queue is looked at again. */
export function nextPause({ baseSeconds, quietSeconds, jobs, isSilent }: Calm): number {
  const calm = Math.min(longest, Math.max(baseSeconds, quietSeconds * quietFraction));
  if (isSilent) return Math.min(longest, Math.max(calm, baseSeconds * 3));
  return jobs < fewJobs && quietSeconds < freshSeconds ? Math.min(shortest, calm) : calm;
}
