/** Only full batches count, so that so few frames give no statistics at all. */
export function fewerThanABatch({ maxFrames, batchSize }: { maxFrames?: number; batchSize?: number }): string[] {
  if (maxFrames === undefined || batchSize === undefined || maxFrames >= batchSize) return [];
  return [`maxFrames ${maxFrames} are less than one batch: batchSize is ${batchSize}`];
}
