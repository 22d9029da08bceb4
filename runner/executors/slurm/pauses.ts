/** No pause is longer, in seconds. */
const longest = 60;
/** When nothing happens the pause grows with the time that it has been so. */
const quietFraction = 0.05;
/** A few jobs that were just submitted are looked at sooner: they often take no longer than that. In seconds. */
const shortest = 1;
const fewJobs = 50;
const freshSeconds = 10;

export interface Calm {
  /** What the site says, in seconds. */
  readonly base: number;
  /** Seconds since something last changed. */
  readonly quiet: number;
  readonly jobs: number;
  /** Nobody answered the last time. */
  readonly isSilent: boolean;
}

/** Seconds until the queue is looked at again. */
export function nextPause({ base, quiet, jobs, isSilent }: Calm): number {
  const calm = Math.min(longest, Math.max(base, quiet * quietFraction));
  if (isSilent) return Math.min(longest, Math.max(calm, base * 3));
  return jobs < fewJobs && quiet < freshSeconds ? Math.min(shortest, calm) : calm;
}
