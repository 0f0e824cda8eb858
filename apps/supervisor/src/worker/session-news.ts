import type { HolderSummary, StorageStatus, WorkerState, WorkerStatus } from "@flotilla/contracts";
import { withoutNullish } from "@flotilla/kernel";

/** What the host knows about a session file without opening it as its owner. */
export interface SessionFacts {
  readonly path: string;
  /** A process besides `own` that has the file open; null when none is visible. Never rejects. */
  readonly holder: (own: number | null) => Promise<HolderSummary | null>;
  /** Whether restoring the golden copy may help. Never throws. */
  readonly restoreHelps: () => boolean;
}

/** The part of a worker's status that is about its session file. */
export class SessionNews {
  readonly #facts: SessionFacts;
  readonly #onChange: (tell: boolean) => void;
  #storage: StorageStatus | undefined;
  #holder: HolderSummary | null = null;
  #restoreHelps: boolean | undefined;
  #state: WorkerState = "STOPPED";

  /** `onChange` runs after each look for the holder; `tell` is true for a new holder. */
  constructor(facts: SessionFacts, onChange: (tell: boolean) => void) {
    this.#facts = facts;
    this.#onChange = onChange;
  }

  /** Takes the storage figures that the worker's process reported. */
  heard(storage: StorageStatus): void {
    this.#storage = storage;
  }

  /** Call on every state change. */
  entered(state: WorkerState, pid: number | null): void {
    const changed = state !== this.#state;
    this.#state = state;
    if (state === "LOCKED") void this.#nameHolder(pid);
    else this.#holder = null;
    if (state !== "BROKEN" && state !== "NEEDS_LOGIN") this.#restoreHelps = undefined;
    else if (changed) this.#restoreHelps = this.#facts.restoreHelps();
  }

  status(): Pick<WorkerStatus, "storage" | "holder" | "restoreHelps"> {
    return withoutNullish({
      storage: this.#storage,
      holder: this.#holder,
      restoreHelps: this.#restoreHelps,
    });
  }

  async #nameHolder(pid: number | null): Promise<void> {
    const holder = await this.#facts.holder(pid);
    if (this.#state !== "LOCKED") return;
    const known = this.#holder?.pid === holder?.pid;
    this.#holder = holder;
    this.#onChange(holder !== null && !known);
  }
}
