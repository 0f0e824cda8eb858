/** Where the queues of a fleet live: its Redis, and what stands before its keys there. */
export interface QueuePlace {
  readonly url: string;
  readonly prefix: string;
  /** What stood before the keys of this fleet in version 0.1, when it comes from there: what waits in its queues is taken along. */
  readonly before?: string;
}
