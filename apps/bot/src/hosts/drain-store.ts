import type { HostId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { StepStore } from "../kit/step-store.ts";
import { Drain } from "./drain.ts";

/** Drains of hosts, kept over a restart of the bot. */
export class DrainStore extends StepStore<Drain> {
  constructor(db: Database) {
    super(db, "drain", Drain);
  }

  /** Why this host takes no workers; null = it takes them. */
  of(host: HostId): Drain | null {
    return this.allUnderWay().find((drain) => drain.host === host) ?? null;
  }

  /** The host takes workers again, or is gone. */
  end(host: HostId, end: NonNullable<Drain["end"]>): void {
    const drain = this.of(host);
    if (drain) this.save({ ...drain, end });
  }
}
