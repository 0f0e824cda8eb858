import type { JobRefusal } from "@flotilla/contracts";
import type { UnsignedDoor } from "./unsigned-door.ts";
import type { Wire } from "./wire.ts";

/** Where the queues of a fleet live: its Redis, and what stands before its keys there. */
export interface QueuePlace {
  readonly url: string;
  readonly prefix: string;
  /** Signs what is sent there and checks what comes from there. */
  readonly wire: Wire;
  /** Called for each job that a stranger wrote, or that is too old. */
  readonly onRefused?: (refusal: JobRefusal) => void;
  /** Unsigned jobs of version 0.1 were taken along from this queue. */
  readonly onTakenAlong?: (taken: { readonly queue: string; readonly count: number }) => void;
  /** When this fleet comes from version 0.1: what waits in its queues there is taken along. */
  readonly before?: { readonly prefix: string; readonly door: UnsignedDoor };
}
