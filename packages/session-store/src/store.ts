import { join } from "node:path";
import { AppError, type Clock, systemClock } from "@flotilla/kernel";
import { type Database, openDatabase } from "@flotilla/sqlite";
import { Claim } from "./claim.ts";
import { EntityTable } from "./entities.ts";
import { keyProtected, noLogin } from "./errors.ts";
import { type DcAddress, type KeySlot, KeySlots } from "./key-slots.ts";
import { MIGRATIONS } from "./schema.ts";
import { assertFleetKey } from "./seal.ts";
import type { SelfUser, UpdateState } from "./types.ts";

/** Options of {@link openSession}. */
export interface SessionOptions {
  readonly dir: string;
  /** The file is `<dir>/<name>.session`. */
  readonly name: string;
  /** 32 bytes. The caller keeps it. */
  readonly fleetKey: Buffer;
  readonly clock?: Clock;
  /** Most entities to remember; default 50,000. */
  readonly maxEntities?: number;
}

const MAX_ENTITIES = 50_000;

/**
 * Opens (or creates) the file of one account and takes its exclusive lock for as long as it is open.
 * Throws AppError: `sqlite-*` (`sqlite-locked` = somebody else has it), `bad-fleet-key`, `wrong-fleet-key`, `key-unreadable`.
 */
export function openSession(options: SessionOptions): SessionStore {
  assertFleetKey(options.fleetKey);
  const path = join(options.dir, `${options.name}.session`);
  const db = openDatabase({ path, role: "session", migrations: MIGRATIONS, exclusive: true });
  try {
    return new SessionStore(db, options);
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * The data of one account. All methods are synchronous and durable when they return.
 *
 * The key is protected: outside a login it can be neither replaced nor removed, whatever the library tries
 * (AppError `key-protected`). A login works on a slot of its own, so that until `commitLogin` the old session is untouched.
 */
export class SessionStore implements Disposable {
  readonly entities: EntityTable;
  readonly #db: Database;
  readonly #slots: KeySlots;
  readonly #clock: Clock;
  #current: KeySlot | null;
  #pending: KeySlot | null = null;
  #inLogin = false;
  readonly #claim = new Claim();

  /** Only for {@link openSession}. */
  constructor(db: Database, options: SessionOptions) {
    this.#db = db;
    this.#clock = options.clock ?? systemClock;
    this.#slots = new KeySlots(db, options.fleetKey);
    this.#current = this.#slots.read("current");
    this.entities = new EntityTable(db, () => this.#clock.now(), options.maxEntities ?? MAX_ENTITIES);
    // A login that died with its process cannot be finished: the hash of its code is gone.
    this.#slots.clearPending();
  }

  /** Full path of the file, for messages. Never open it otherwise: that would drop the lock. */
  get path(): string {
    return this.#db.path;
  }

  /** True between `beginLogin` and its commit or rollback. */
  get inLogin(): boolean {
    return this.#inLogin;
  }

  /** True when there is a committed key. */
  get hasKey(): boolean {
    return this.#current !== null;
  }

  /**
   * The right to put this session on the wire; dispose to give it back. AppError `session-claimed` while somebody has it:
   * one key on two connections at once is what Telegram kills sessions for (AUTH_KEY_DUPLICATED).
   */
  claim(): Disposable {
    return this.#claim.take();
  }

  /** Data centre of the key in use (during a login: of the pending one), or null. */
  dc(): DcAddress | null {
    return this.#active?.dc ?? null;
  }

  /** The key in use (during a login: the pending one), or null. A secret. */
  authKey(): Buffer | null {
    return this.#active?.authKey ?? null;
  }

  /** `sha1(key)[12:20]` in hex of the key in use, or null. Not a secret. */
  fingerprint(): string | null {
    return this.#active?.fingerprint ?? null;
  }

  /**
   * Sets the data centre. In a login, another DC drops the pending key: a key is valid on one DC only.
   * Outside, only the address of the home DC may change; another DC throws AppError `key-protected`.
   */
  setDc(dc: DcAddress): void {
    if (this.#inLogin) {
      const key = this.#pending?.dc.id === dc.id ? this.#pending.authKey : null;
      this.#pending = this.#slots.write("pending", dc, key);
      return;
    }
    if (!this.#current || this.#current.dc.id !== dc.id) throw keyProtected("change its data centre");
    this.#current = this.#slots.write("current", dc, this.#current.authKey);
  }

  /**
   * Stores the key. Outside a login the same key is accepted and anything else throws AppError `key-protected`.
   * In a login a DC must have been set first (AppError `no-dc`).
   */
  setAuthKey(authKey: Buffer | null): void {
    if (!this.#inLogin) {
      const same = authKey !== null && this.#current?.authKey?.equals(authKey) === true;
      if (!same) throw keyProtected(authKey === null ? "remove its key" : "replace its key");
      return;
    }
    if (!this.#pending) throw new AppError("no-dc", "Set the data centre before the key.");
    const known = this.#pending.authKey;
    if (authKey === null ? known === null : known?.equals(authKey)) return;
    this.#pending = this.#slots.write("pending", this.#pending.dc, authKey && Buffer.from(authKey));
  }

  /**
   * Corrects the id of the data centre that the pending key was made with: a custom server tells it only after the
   * key exchange. Throws AppError `no-login` outside a login.
   */
  renamePendingDc(id: number): void {
    if (!this.#inLogin || !this.#pending) throw noLogin();
    this.#pending = this.#slots.write("pending", { ...this.#pending.dc, id }, this.#pending.authKey);
  }

  /**
   * Starts a login with an empty pending slot. Throws AppError `login-running` when there is one already, and
   * `session-claimed` while a connection uses the session: stop it first.
   */
  beginLogin(): void {
    this.#claim.assertFree();
    if (this.#inLogin) throw new AppError("login-running", "A login is running in this session already.");
    this.#slots.clearPending();
    this.#pending = null;
    this.#inLogin = true;
  }

  /**
   * Makes the pending key the key of this session, in one transaction. When the account is another one than before,
   * everything learned for the old account is forgotten. Throws AppError `no-login`.
   */
  commitLogin(self: SelfUser): void {
    const pending = this.#pending;
    if (!this.#inLogin || !pending?.authKey) throw noLogin();
    this.#db.transaction(() => {
      if (this.self()?.id !== self.id) this.#forgetAccount();
      this.#slots.promote();
      this.#writeSelf(self, this.#clock.now());
    });
    this.#current = pending;
    this.#pending = null;
    this.#inLogin = false;
  }

  /** Drops the pending key. The session is as it was before `beginLogin`. Idempotent. */
  rollbackLogin(): void {
    this.#pending = null;
    this.#inLogin = false;
    this.#slots.clearPending();
  }

  /** The account of the committed key, or null. */
  self(): SelfUser | null {
    return this.#db.readOne<SelfUser>("SELECT id, name, username, phone FROM self") ?? null;
  }

  /** Refreshes name, username and phone. Throws AppError `account-changed` when the id is another one. */
  refreshSelf(self: SelfUser): void {
    const known = this.self();
    if (known?.id !== self.id)
      throw new AppError("account-changed", "This session belongs to another account than it did before.");
    if (known.name === self.name && known.username === self.username && known.phone === self.phone) return;
    this.#db.write("UPDATE self SET name = :name, username = :username, phone = :phone", {
      name: self.name,
      username: self.username,
      phone: self.phone,
    });
  }

  /** Where the account stands in the update stream, or null when that was never learned. */
  updateState(): UpdateState | null {
    return this.#db.readOne<UpdateState>("SELECT pts, qts, date, seq FROM update_state") ?? null;
  }

  setUpdateState(state: UpdateState): void {
    this.#db.write("INSERT OR REPLACE INTO update_state (one, pts, qts, date, seq) VALUES (1, :pts, :qts, :date, :seq)", {
      ...state,
    });
  }

  /** The highest lease number that has written here. */
  fence(): number {
    return this.#db.readOne<{ number: number }>("SELECT number FROM fence")?.number ?? 0;
  }

  /** Raises the fence. A lower number throws AppError `stale-fence`: its owner lost the session. */
  raiseFence(number: number): void {
    const { changes } = this.#db.write("UPDATE fence SET number = :number WHERE number <= :number", { number });
    if (changes === 0) throw new AppError("stale-fence", "Another host took this session over.", { details: { number } });
  }

  /** Closes the file and frees its lock. Idempotent. A running login is dropped at the next open. */
  close(): void {
    this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #active(): KeySlot | null {
    return this.#inLogin ? this.#pending : this.#current;
  }

  #writeSelf(self: SelfUser, now: number): void {
    this.#db.write(
      "INSERT OR REPLACE INTO self (one, id, name, username, phone, logged_in_at) VALUES (1, :id, :name, :username, :phone, :now)",
      { id: self.id, name: self.name, username: self.username, phone: self.phone, now },
    );
  }

  #forgetAccount(): void {
    this.entities.clear();
    this.#db.write("DELETE FROM update_state");
    this.#db.write("DELETE FROM channel_state");
  }
}
