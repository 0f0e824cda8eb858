import type { JobRefusal } from "@flotilla/contracts";
import type { RedisAddress } from "@flotilla/kernel";
import type { UnsignedGate } from "./unsigned-gate.ts";
import type { Wire } from "./wire.ts";

/** The queues of a fleet: its Redis and the prefix of its keys. */
export interface QueuePlace {
  readonly redis: RedisAddress;
  readonly prefix: string;
  /** Signs outgoing data and verifies incoming data. */
  readonly wire: Wire;
  /** Called for each job that is not signed by this fleet, or too old. */
  readonly onRefused?: (refusal: JobRefusal) => void;
  /** Called for unsigned jobs of version 0.1 that were moved from this queue. */
  readonly onTakenAlong?: (taken: { readonly queue: string; readonly count: number }) => void;
  /** For a fleet that comes from version 0.1: its old queues, whose jobs are moved. */
  readonly before?: { readonly prefix: string; readonly gate: UnsignedGate };
}
