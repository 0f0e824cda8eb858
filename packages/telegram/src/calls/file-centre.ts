import { AppError } from "@flotilla/kernel";
import type { DcAddress, SessionStore } from "@flotilla/session-store";
import { Api } from "telegram";
import type { AccountOptions } from "../link/account-options.ts";
import { keepAlive } from "../link/keep-alive.ts";
import { connectWithKey } from "../link/key-exchange.ts";
import { Link } from "../link/link.ts";
import { ForeignStore } from "../link/link-store.ts";
import type { ConnectionTimings } from "../link/timings.ts";
import { classify } from "../wire/classify.ts";
import { linkLost, lostReason } from "../wire/fault.ts";

/** Home connection and data centre of a {@link FileCentre}. */
export interface FileCentreOptions extends AccountOptions {
  readonly store: SessionStore;
  readonly timings: ConnectionTimings;
  /** The account's own connection. Throws AppError `not-connected`. */
  readonly home: () => Link;
}

/**
 * Milliseconds without a call after which a connection is closed; its key is kept for the next one.
 */
const IDLE_MS = 30_000;

/**
 * The account in another data centre, for the files stored there. Makes its own key, authorises it
 * through the account's own connection, and drops it with this object.
 */
export class FileCentre {
  readonly #options: FileCentreOptions;
  readonly #dc: DcAddress;
  #store: ForeignStore;
  /** True = the present key is authorised there. */
  #known = false;
  #link: Link | null = null;
  #opening: Promise<Link> | null = null;
  #idle: NodeJS.Timeout | null = null;
  /** Number of calls under way. */
  #busy = 0;
  #stopped = false;

  constructor(options: FileCentreOptions, dc: DcAddress) {
    this.#options = options;
    this.#dc = dc;
    this.#store = new ForeignStore(options.store, dc);
  }

  /**
   * Errors as `Link.invoke` and `Link.connect`. A key that is no longer authorised there is
   * AppError `link-lost`, and the next call makes another.
   */
  async invoke<R extends Api.AnyRequest>(request: R): Promise<R["__response"]> {
    const link = await this.#ready();
    this.#busy += 1;
    if (this.#idle) clearTimeout(this.#idle);
    try {
      return await link.invoke(request);
    } catch (error) {
      throw await this.#judge(link, error);
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0) this.#restLater(link);
    }
  }

  /** Closes the connection for good and resolves when its socket is closed. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#idle) clearTimeout(this.#idle);
    await this.#link?.stop();
  }

  async #ready(): Promise<Link> {
    if (this.#known && this.#link && !this.#link.over) return this.#link;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return await this.#opening;
  }

  async #open(): Promise<Link> {
    const { timings } = this.#options;
    let packets = 0;
    const traffic = (): void => {
      packets += 1;
    };
    try {
      const link = await connectWithKey(this.#store, () => this.#newLink(traffic));
      await this.#introduce(link);
      void keepAlive(link, { ...timings, trafficMark: () => packets, onAnswer: () => {} });
      return link;
    } catch (error) {
      await this.#link?.stop();
      throw await this.#judge(this.#link, error);
    }
  }

  #newLink(traffic: () => void): Link {
    if (this.#stopped) throw linkLost("stopped");
    const nothing = (): void => {};
    const events = {
      traffic,
      updates: nothing,
      undecodable: nothing,
      newSession: nothing,
      answered: nothing,
    };
    this.#link = new Link(this.#store, this.#options, this.#options.timings, events);
    return this.#link;
  }

  /** https://core.telegram.org/api/datacenter#authorization-transfer */
  async #introduce(link: Link): Promise<void> {
    if (this.#known) return;
    const { id, bytes } = await this.#options
      .home()
      .invoke(new Api.auth.ExportAuthorization({ dcId: this.#dc.id }));
    await link.invoke(new Api.auth.ImportAuthorization({ id, bytes }));
    this.#known = true;
  }

  /**
   * Only the account's own connection decides about the account: here a fatal answer is a lost
   * connection.
   */
  async #judge(link: Link | null, error: unknown): Promise<unknown> {
    const { class: kind, code } = classify(error);
    const isForgotten = kind === "AUTH_DEAD" || lostReason(error) === "unknown-key";
    if (isForgotten || code === "call-timeout") await link?.stop(linkLost("refused", error));
    if (!isForgotten) return error;
    this.#known = false;
    this.#store = new ForeignStore(this.#options.store, this.#dc);
    return new AppError("link-lost", "The data centre of the file forgot this account.", {
      cause: error,
    });
  }

  #restLater(link: Link): void {
    this.#idle = setTimeout(() => void link.stop(), IDLE_MS);
    this.#idle.unref();
  }
}
