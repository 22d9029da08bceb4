/** What the job's own script says of itself when its program did not even start. */
export const notStarted = { noGpus: 95, noFolder: 96, noStart: 97, noSetup: 94 } as const;
