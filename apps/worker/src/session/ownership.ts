import { statSync } from "node:fs";
import type { Config } from "@flotilla/config";
import { type Fault, FaultError } from "@flotilla/contracts";
import { systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { processIdentity } from "@flotilla/os";
import { Lease, leaseResources, type QueuePlace } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";
import { classify } from "@flotilla/telegram";
import type { Account } from "../account/account.ts";

/** Parts of {@link Ownership}. */
export interface OwnershipDeps {
  readonly config: Config;
  readonly place: QueuePlace;
  readonly worker: WorkerId;
  /** Open, and thereby locked by the kernel. */
  readonly store: SessionStore;
  /** This process has to go, at once. */
  readonly leave: (fault: Fault) => void;
  readonly onError: (error: unknown) => void;
  readonly log: Logger;
}

/**
 * This worker's right to be on Telegram. The kernel's lock keeps other processes of this machine away, the lease other
 * machines; its number is written into the session before anything is sent (invariant 2).
 */
export class Ownership {
  readonly #deps: OwnershipDeps;
  #lease: Lease | null = null;
  #leaving: Promise<void> = Promise.resolve();

  constructor(deps: OwnershipDeps) {
    this.#deps = deps;
  }

  /** Asked before each write to Telegram. */
  readonly mayAct = (): boolean => this.#lease?.mayAct() ?? false;

  /**
   * Resolves when the account may connect, which it then does. Rejects with FaultError: `lease-held` when another host has
   * the session, and `stale-fence` when a newer owner has written into it.
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
      owner: kernelLock(store.file.path),
      resources: () => resourcesOf(worker, store),
      knownFence: () => store.fence(),
      on: {
        granted: (fence) => {
          try {
            if (fence !== null) store.raiseFence(fence);
          } catch (error) {
            // A newer owner has written into it, or it cannot be written at all, such as on a full disk.
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

  /** Another key is another lease: it is asked for at once. */
  keyChanged(): void {
    this.#lease?.refresh();
  }

  /** Gives the lease back. The account must have left Telegram. */
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
  return leaseResources({ worker, fingerprint: identity?.fingerprint ?? null, userId: identity?.userId ?? null });
}

/** One file on one running kernel: whoever has its lock has it alone. */
function kernelLock(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  const boot = processIdentity(process.pid)?.bootId ?? "no-boot-id";
  return `${boot}:${dev}:${ino}`;
}
