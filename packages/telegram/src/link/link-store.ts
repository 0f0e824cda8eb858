import type { DcAddress, SessionStore } from "@flotilla/session-store";

/** The part of a session that a link uses. */
export type LinkStore = Pick<
  SessionStore,
  "dc" | "authKey" | "setAuthKey" | "inLogin" | "claim" | "flood" | "entities" | "chatPins"
>;

/**
 * The same account in another data centre: its key lives and dies with this process, so that no
 * other process can use it. Shares the account's flood waits; does not store names seen there.
 */
export class ForeignStore implements LinkStore {
  readonly inLogin = true;
  readonly flood: SessionStore["flood"];
  readonly entities: SessionStore["entities"];
  readonly chatPins: SessionStore["chatPins"];
  readonly #dc: DcAddress;
  #key: Buffer | null = null;

  constructor(home: SessionStore, dc: DcAddress) {
    this.flood = home.flood;
    this.entities = home.entities;
    this.chatPins = home.chatPins;
    this.#dc = dc;
  }

  dc(): DcAddress {
    return this.#dc;
  }

  authKey(): Buffer | null {
    return this.#key;
  }

  setAuthKey(key: Buffer | null): void {
    this.#key = key;
  }

  /** No other process has this key. */
  claim(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }
}
