import type { DcAddress, SessionStore } from "@flotilla/session-store";

/** What a link needs of a session. */
export type LinkStore = Pick<
  SessionStore,
  "dc" | "authKey" | "setAuthKey" | "inLogin" | "claim" | "flood" | "entities" | "chatPins"
>;

/**
 * The same account in another data centre: a key of its own that lives and dies with this process, so that nobody else can
 * ever use it. Waits are those of the account; names seen there are not kept.
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

  /** Nobody else has this key. */
  claim(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }
}
