import type { HolderSummary, StorageStatus, WorkerState, WorkerStatus } from "@flotilla/contracts";

/** What can be found out about a session file from outside. */
export interface SessionFacts {
  readonly path: string;
  /** Who besides the process `own` has it open; null when nobody can be seen. Never rejects. */
  readonly holder: (own: number | null) => Promise<HolderSummary | null>;
  /** Putting the golden copy back may help. Never throws. */
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

  /** `onChange`: who holds it was looked at; `tell`: it is somebody who was not known to be in the way. */
  constructor(facts: SessionFacts, onChange: (tell: boolean) => void) {
    this.#facts = facts;
    this.#onChange = onChange;
  }

  /** What the worker's process said about its file. */
  heard(storage: StorageStatus): void {
    this.#storage = storage;
  }

  /** The worker is in this state, with this process. */
  entered(state: WorkerState, pid: number | null): void {
    const changed = state !== this.#state;
    this.#state = state;
    if (state === "LOCKED") void this.#nameHolder(pid);
    else this.#holder = null;
    if (state !== "BROKEN" && state !== "NEEDS_LOGIN") this.#restoreHelps = undefined;
    else if (changed) this.#restoreHelps = this.#facts.restoreHelps();
  }

  status(): Pick<WorkerStatus, "storage" | "holder" | "restoreHelps"> {
    return {
      ...(this.#storage ? { storage: this.#storage } : {}),
      ...(this.#holder ? { holder: this.#holder } : {}),
      ...(this.#restoreHelps === undefined ? {} : { restoreHelps: this.#restoreHelps }),
    };
  }

  async #nameHolder(pid: number | null): Promise<void> {
    const holder = await this.#facts.holder(pid);
    if (this.#state !== "LOCKED") return;
    const known = this.#holder?.pid === holder?.pid;
    this.#holder = holder;
    this.#onChange(holder !== null && !known);
  }
}
