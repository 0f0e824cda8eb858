/** One Bot API call as it was seen. */
export interface JournalEntry {
  n: number;
  atMs: number;
  method: string;
  params: Record<string, unknown>;
  /** 200 or the error code; null while a long poll is held or when the connection was cut. */
  status: number | null;
  description: string | null;
  /** Id of the message that it sent or changed; null = of none. */
  message: number | null;
}

const KEPT = 2000;

/** Counters of Bot API calls and the outbox log (all calls but getUpdates), newest kept. */
export class Journal {
  #calls = new Map<string, number>();
  #entries: JournalEntry[] = [];
  #n = 0;

  begin(method: string, params: Record<string, unknown>, atMs: number): JournalEntry {
    this.#calls.set(method, (this.#calls.get(method) ?? 0) + 1);
    const entry: JournalEntry = {
      n: ++this.#n,
      atMs,
      method,
      params,
      status: null,
      description: null,
      message: null,
    };
    if (method !== "getUpdates") this.#entries.push(entry);
    if (this.#entries.length > KEPT) this.#entries.shift();
    return entry;
  }

  counters(): Record<string, number> {
    return Object.fromEntries(this.#calls);
  }

  /** Calls after number `after`, oldest first. */
  entries(after = 0): JournalEntry[] {
    return this.#entries.filter((entry) => entry.n > after);
  }

  clear(): void {
    this.#calls.clear();
    this.#entries = [];
  }
}
