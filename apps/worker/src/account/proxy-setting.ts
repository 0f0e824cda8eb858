import {
  newSealKeyPair,
  type ProxyStatus,
  type Sealed,
  type SealKeyPair,
  sealContext,
  unseal,
} from "@flotilla/contracts";
import { AppError, maskProxy, type ProxyRoute, parseProxy, type WorkerId } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";

/** The worker's proxy: its own, else the host's. Only an admin changes it. */
export class ProxySetting {
  readonly #worker: WorkerId;
  readonly #store: Pick<SessionStore, "route">;
  readonly #host: ProxyRoute | null;
  readonly #keys: SealKeyPair = newSealKeyPair();

  constructor(worker: WorkerId, store: Pick<SessionStore, "route">, host: ProxyRoute | null) {
    this.#worker = worker;
    this.#store = store;
    this.#host = host;
  }

  /**
   * Null: no proxy. Throws AppError `key-unreadable`, `bad-proxy`: no connection is better than one
   * around the proxy.
   */
  current(): ProxyRoute | null {
    const own = this.#store.route.read();
    return own === null ? this.#host : parseProxy(own);
  }

  /**
   * Sets the worker's own proxy; null restores the host's. Throws AppError `bad-seal`, `bad-proxy`
   * and then changes nothing.
   */
  change(sealed: Sealed | null): void {
    const text = sealed && this.#open(sealed);
    if (text !== null) parseProxy(text);
    this.#store.route.write(text);
  }

  status(): ProxyStatus {
    const own = this.#store.route.read();
    const route = own === null ? this.#host : parseProxy(own);
    return { shown: route && maskProxy(route), own: own !== null, sealTo: this.#keys.publicKey };
  }

  #open(sealed: Sealed): string {
    try {
      return unseal(this.#keys.privateKey, sealContext(this.#worker), sealed);
    } catch {
      throw new AppError(
        "bad-seal",
        "The worker was restarted meanwhile. Send the proxy once more.",
      );
    }
  }
}
