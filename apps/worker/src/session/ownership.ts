import type { Config } from "@flotilla/config";
import { type Fault, FaultError } from "@flotilla/contracts";
import { systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { lockIdentity } from "@flotilla/os";
import { Lease, leaseResources, type QueuePlace } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";
import { classify } from "@flotilla/telegram";
import type { Account } from "../account/account.ts";

export interface OwnershipDeps {
  readonly config: Config;
  readonly place: QueuePlace;
  readonly worker: WorkerId;
  /** Open, so this process holds the kernel's lock on the file. */
  readonly store: SessionStore;
  /** Ends this process at once. */
  readonly leave: (fault: Fault) => void;
  readonly onError: (error: unknown) => void;
  readonly log: Logger;
}

/**
 * This worker's right to be on Telegram. The kernel's lock excludes other processes of this
 * machine, the lease excludes other machines. Its fencing token is written into the session before
 * the first call (invariant 2).
 */
export class Ownership {
  readonly #deps: OwnershipDeps;
  #lease: Lease | null = null;
  #leaving: Promise<void> = Promise.resolve();

  constructor(deps: OwnershipDeps) {
    this.#deps = deps;
  }

  /** True while the lease is valid; checked before each write to Telegram. */
  readonly mayAct = (): boolean => this.#lease?.mayAct() ?? false;

  /**
   * Takes the lease; resolves when the account may connect. Rejects with FaultError `lease-held`
   * when another host holds the lease, `stale-fence` when a newer owner has written into the
   * session.
   */
  async take(account: Account): Promise<void> {
    const first = Promise.withResolvers<void>();
    let begun = false;
    const { config, place, worker, store, onError } = this.#deps;
    const refuse = (fault: Fault): void => {
      if (begun) this.#deps.leave(fault);
      else first.reject(new FaultError(fault));
    };
    this.#lease = new Lease({
      place,
      mode: config.supervision.hosts,
      host: config.hostId,
      worker,
      owner: lockIdentity(store.file.path),
      resources: () => resourcesOf(worker, store),
      knownFence: () => store.fence(),
      on: {
        granted: (fence) => {
          try {
            if (fence !== null) store.raiseFence(fence);
          } catch (error) {
            // A newer owner wrote its token, or the file is not writable, such as on a full disk.
            return refuse(classify(error));
          }
          if (begun) this.#resume(account);
          begun = true;
          first.resolve();
        },
        suspended: (fault) => {
          this.#deps.log.warn({ code: fault.code }, `⏸ left Telegram: ${fault.message}`);
          this.#leaving = account.leave(fault);
        },
        taken: refuse,
      },
      onError,
      clock: systemClock,
    });
    await first.promise;
  }

  /** Takes the lease of the new key: leases belong to keys. */
  keyChanged(): void {
    this.#lease?.refresh();
  }

  /** Releases the lease. The account must have left Telegram. */
  async close(): Promise<void> {
    await this.#lease?.close();
  }

  #resume(account: Account): void {
    void this.#leaving.then(() => {
      if (this.mayAct()) account.resume();
    });
  }
}

function resourcesOf(worker: WorkerId, store: SessionStore): string[] {
  const identity = store.identity();
  return leaseResources({
    worker,
    fingerprint: identity?.fingerprint ?? null,
    userId: identity?.userId ?? null,
  });
}
