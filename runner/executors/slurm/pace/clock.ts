/** Seconds of a clock that only goes forward. */
export type Clock = () => number;

export const monotonic: Clock = () => performance.now() / 1000;
