import type { HostRow } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";

/** What the hosts last said of themselves, also while Redis is away. */
export class KnownHosts {
  readonly #rows = new Map<string, HostRow>();

  /** Takes rows that were just read. */
  keep(rows: readonly HostRow[]): void {
    for (const row of rows) this.#rows.set(row.host, row);
  }

  /** A host that is gone for good. */
  forget(host: HostId): void {
    this.#rows.delete(host);
  }

  /** Every host that was heard since the start of the bot, by name. */
  all(): readonly HostRow[] {
    return [...this.#rows.values()].sort((a, b) => a.host.localeCompare(b.host));
  }
}
