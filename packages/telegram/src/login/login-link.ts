import { AppError } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import { Api } from "telegram";
import type { AccountOptions } from "../link/account-options.ts";
import { connectWithKey } from "../link/key-exchange.ts";
import { Link, type LinkTimings } from "../link/link.ts";
import { pickDc, startDc } from "../link/server.ts";
import { linkLost, lostReason } from "../wire/fault.ts";
import { migrationOf } from "../wire/migration.ts";

/** Server, store and listeners of a {@link LoginLink}. */
export interface LoginLinkOptions extends AccountOptions {
  readonly store: SessionStore;
  readonly timings: LinkTimings;
  /** An `Updates` object arrived. */
  readonly updates: (update: unknown) => void;
}

/** Most moves between data centres in one call; more means that the server redirects in circles. */
const MAX_HOPS = 3;
/**
 * The connection of a login: one pending key through all steps, whatever happens to the sockets.
 * Reconnects with the same key, because the hash of a code is bound to it; another data centre
 * means a new key.
 */
export class LoginLink {
  readonly #options: LoginLinkOptions;
  #link: Link | null = null;
  #begun = false;
  #closed = false;
  /**
   * True = a call ended without an answer and may have taken effect. The caller that handles it
   * resets it.
   */
  answerLost = false;

  constructor(options: LoginLinkOptions) {
    this.#options = options;
  }

  /** True while a connection is open. */
  get open(): boolean {
    return this.#link !== null && !this.#link.over;
  }

  /**
   * The open link; connects when there is none. Errors: as `Link.connect`, AppError `link-lost`
   * after `close`.
   */
  async ready(): Promise<Link> {
    this.#assertOpen();
    if (this.#link && !this.#link.over) return this.#link;
    const { store, server } = this.#options;
    if (!this.#begun) {
      store.beginLogin();
      this.#begun = true;
      store.setDc(startDc(server));
    }
    const link = await this.#connect();
    if (server.kind === "custom" && store.dc()?.address === "") await this.#learnDcId(link);
    return link;
  }

  /** Calls a method, and again in another data centre when the server redirects. */
  async invoke<R extends Api.AnyRequest>(request: R): Promise<R["__response"]> {
    for (let hop = 0; ; hop++) {
      const link = await this.ready();
      try {
        return await link.invoke(request);
      } catch (error) {
        const isMute = error instanceof AppError && error.code === "call-timeout";
        this.answerLost ||= isMute || lostReason(error) !== null;
        // A mute server gets a new connection at the next step; the key stays.
        if (isMute) await link.stop(linkLost("ping-timeout"));
        const dc = migrationOf(error);
        if (dc === null || hop >= MAX_HOPS) throw error;
        await this.moveTo(dc);
      }
    }
  }

  /** Moves to another data centre: a fresh client, a new key. */
  async moveTo(dc: number): Promise<void> {
    const link = await this.ready();
    const config = await link.invoke(new Api.help.GetConfig());
    const target = pickDc(config.dcOptions, dc);
    await link.stop();
    this.#assertOpen();
    this.#options.store.setDc(target);
    await this.#connect();
  }

  /**
   * Ends the connection for good and resolves when its socket is closed. The pending key stays.
   * Idempotent.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#link?.stop();
  }

  /** Drops the pending key, if this login made one. Call it after `close`. */
  rollback(): void {
    if (this.#begun) this.#options.store.rollbackLogin();
    this.#begun = false;
  }

  /** Makes the pending key the session's key. */
  commit(self: Parameters<SessionStore["commitLogin"]>[0]): void {
    this.#options.store.commitLogin(self);
    this.#begun = false;
  }

  #connect(): Promise<Link> {
    const { store, timings, log, updates } = this.#options;
    return connectWithKey(store, () => {
      this.#assertOpen();
      this.#link = new Link(store, this.#options, timings, {
        traffic: () => {},
        updates,
        undecodable: () => log("warn", "the server sent something this version cannot read"),
        newSession: () => {},
        answered: () => {},
      });
      return this.#link;
    });
  }

  /** A custom server is configured by address only; it reports its data centre itself. */
  async #learnDcId(link: Link): Promise<void> {
    const { thisDc } = await link.invoke(new Api.help.GetConfig());
    if (this.#options.store.dc()?.id !== thisDc) this.#options.store.renamePendingDc(thisDc);
  }

  #assertOpen(): void {
    if (this.#closed)
      throw linkLost("stopped", new AppError("cancelled", "The login was cancelled."));
  }
}
