import { newSealKeyPair, type ProxyStatus, type Sealed, type SealKeyPair, sealContext, unseal } from "@flotilla/contracts";
import { AppError, maskProxy, type ProxyRoute, parseProxy, type WorkerId } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";

/** The way of this worker to Telegram: its own, else the one of its host. It changes when an admin says so, and never by itself. */
export class OwnWay {
  readonly #worker: WorkerId;
  readonly #store: Pick<SessionStore, "route">;
  readonly #host: ProxyRoute | null;
  readonly #keys: SealKeyPair = newSealKeyPair();

  constructor(worker: WorkerId, store: Pick<SessionStore, "route">, host: ProxyRoute | null) {
    this.#worker = worker;
    this.#store = store;
    this.#host = host;
  }

  /** Null: direct. Throws AppError `key-unreadable`, `bad-proxy`: rather no connection than one on another way. */
  current(): ProxyRoute | null {
    const own = this.#store.route.read();
    return own === null ? this.#host : parseProxy(own);
  }

  /** Takes another way; null: the one of its host. Throws AppError `bad-seal`, `bad-proxy`; then nothing has changed. */
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
      throw new AppError("bad-seal", "The worker was restarted meanwhile. Send the proxy once more.");
    }
  }
}
