/** No pause is longer, in seconds. */
const longest = 60;
/** When nothing happens the pause grows with the time that it has been so. */
const quietFraction = 0.05;

/** Seconds until the queue is looked at again; `quiet` are the seconds since something last changed. */
export function nextPause({ base, quiet, isSilent }: { base: number; quiet: number; isSilent: boolean }): number {
  const calm = Math.min(longest, Math.max(base, quiet * quietFraction));
  return isSilent ? Math.min(longest, Math.max(calm, base * 3)) : calm;
}
