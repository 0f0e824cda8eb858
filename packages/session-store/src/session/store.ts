import { AppError, type Clock, systemClock } from "@flotilla/kernel";
import { assertStillThere, backupTo, type Database } from "@flotilla/sqlite";
import { SessionFile } from "../file/file.ts";
import { type SessionIdentity, whileAnnounced } from "../file/identity.ts";
import { machineUpTime } from "../file/up-time.ts";
import { type DcAddress, type KeySlot, KeySlots } from "../keys/key-slots.ts";
import { KeyOwner } from "../keys/owner/key-owner.ts";
import { keyFingerprint } from "../keys/seal.ts";
import { AccountRows } from "../tables/account-rows.ts";
import { ChatPins } from "../tables/chat-pins.ts";
import { CommandTable } from "../tables/command-table.ts";
import { EntityTable, MAX_ENTITIES } from "../tables/entities.ts";
import { EventTable } from "../tables/event-table.ts";
import { Floating } from "../tables/floating.ts";
import { FloodTable } from "../tables/flood-table.ts";
import { LinkedChats } from "../tables/linked-chats.ts";
import { RelayTables } from "../tables/relay/tables.ts";
import { RouteSlot } from "../tables/route-slot.ts";
import { RouteStops } from "../tables/route-stops.ts";
import { TelegramClock } from "../tables/telegram-clock.ts";
import type { SelfUser, SessionOptions, SessionOrigin } from "../tables/types.ts";
import { UpdateTable } from "../tables/updates.ts";
import { adoptInto, type ImportServer, identityOf } from "./adopt.ts";
import { Claim } from "./claim.ts";
import { accountChanged, keyProtected, noLogin, staleFence } from "./errors.ts";
import type { ParsedSession } from "./parsed.ts";
import { standbyRecordOf } from "./standby-record.ts";

/**
 * The data of one account. All methods are synchronous and durable when they return.
 *
 * The key is protected: outside a login it can be neither replaced nor removed, whatever the
 * library tries (AppError `key-protected`). A login works on a slot of its own, so that until
 * `commitLogin` the old session is untouched.
 */
export class SessionStore implements Disposable {
  readonly entities: EntityTable;
  readonly updates: UpdateTable;
  readonly telegramClock: TelegramClock;
  readonly flood: FloodTable;
  readonly floating: Floating;
  readonly relay: RelayTables;
  readonly routeStops: RouteStops;
  readonly linkedChats: LinkedChats;
  readonly chatPins: ChatPins;
  readonly commands: CommandTable;
  readonly events: EventTable;
  /** Its own way to Telegram. */
  readonly route: RouteSlot;
  /** The file as such: how it is doing, and what is wrong with its place. */
  readonly file: SessionFile;
  readonly #db: Database;
  readonly #slots: KeySlots;
  readonly #account: AccountRows;
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  #current: KeySlot | null;
  #pending: KeySlot | null = null;
  #inLogin = false;
  readonly #claim = new Claim();
  readonly #owner: KeyOwner | null;

  constructor(db: Database, options: SessionOptions) {
    this.#db = db;
    this.file = new SessionFile(db);
    this.#options = options;
    this.#owner = options.owner ? new KeyOwner(options.owner, options.name) : null;
    this.#clock = options.clock ?? systemClock;
    this.#account = new AccountRows(db);
    this.#slots = new KeySlots(db, options.fleetKey);
    this.#current = this.#slots.read("current");
    this.entities = new EntityTable(
      db,
      () => this.#clock.now(),
      options.maxEntities ?? MAX_ENTITIES,
    );
    this.floating = new Floating(db);
    this.flood = new FloodTable(db, options.upTime ?? machineUpTime());
    this.telegramClock = new TelegramClock(
      this.#clock,
      () => this.#account.updateState()?.date ?? null,
    );
    this.updates = new UpdateTable(db, this.#account, this.telegramClock);
    this.route = new RouteSlot(db, options.fleetKey);
    this.relay = new RelayTables(db, this.updates, this.telegramClock);
    this.routeStops = new RouteStops(db);
    this.linkedChats = new LinkedChats(db);
    this.chatPins = new ChatPins(db);
    this.commands = new CommandTable(db);
    this.events = new EventTable(db);
    // A login that died with its process cannot be finished: the hash of its code is gone.
    this.#slots.clearPending();
  }

  /** Name of its worker. */
  get name(): string {
    return this.#options.name;
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
   * The right to put this session on the wire; dispose to give it back. AppError `session-claimed`
   * while another holder has it: one key on two connections at once is what Telegram kills sessions
   * for (AUTH_KEY_DUPLICATED). AppError `session-owned` when another process of this machine has
   * the key, from whatever folder.
   */
  claim(): Disposable {
    this.#claim.assertFree();
    this.own();
    return this.#claim.take();
  }

  /**
   * Takes the machine's lock on the key in use until `close`; nothing without a key. Throws
   * AppError `session-owned`, `owner-dir`, `sqlite-*`.
   */
  own(): void {
    const fingerprint = this.fingerprint();
    if (fingerprint !== null) this.#owner?.hold(fingerprint);
  }

  /**
   * Takes the machine's locks again that were deleted under us. Throws as {@link SessionStore.own}:
   * with `session-owned` this process has to go.
   */
  stillOwn(): void {
    this.#owner?.renew();
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
   * Sets the data centre. In a login, another DC drops the pending key: a key is valid on one DC
   * only. Outside, only the address of the home DC may change; another DC throws AppError
   * `key-protected`.
   */
  setDc(dc: DcAddress): void {
    if (this.#inLogin) {
      const key = this.#pending?.dc.id === dc.id ? this.#pending.authKey : null;
      this.#pending = this.#slots.write("pending", dc, key);
      return;
    }
    if (!this.#current || this.#current.dc.id !== dc.id)
      throw keyProtected("change its data centre");
    this.#current = this.#slots.write("current", dc, this.#current.authKey);
  }

  /**
   * Stores the key. Outside a login the same key is accepted and anything else throws AppError
   * `key-protected`. In a login a DC must have been set first (AppError `no-dc`).
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
    if (authKey) this.#owner?.hold(keyFingerprint(authKey));
    this.#pending = this.#slots.write("pending", this.#pending.dc, authKey && Buffer.from(authKey));
  }

  /**
   * Corrects the id of the data centre that the pending key was made with: a custom server tells it
   * only after the key exchange. Throws AppError `no-login` outside a login.
   */
  renamePendingDc(id: number): void {
    if (!this.#inLogin || !this.#pending) throw noLogin();
    this.#pending = this.#slots.write(
      "pending",
      { ...this.#pending.dc, id },
      this.#pending.authKey,
    );
  }

  /**
   * Starts a login with an empty pending slot. Throws AppError `login-running` when there is one
   * already, and `session-claimed` while a connection uses the session: stop it first.
   */
  beginLogin(): void {
    this.#assertIdle();
    this.#slots.clearPending();
    this.#pending = null;
    this.#inLogin = true;
  }

  /**
   * Makes the pending key the key of this session, in one transaction. When the account is another
   * one than before, everything learned for the old account is forgotten. Throws AppError
   * `no-login`, and `session-duplicate` when another session of the folder has this account: the
   * login is then still open, roll it back.
   */
  commitLogin(self: SelfUser): void {
    const pending = this.#pending;
    if (!this.#inLogin || !pending?.authKey || pending.fingerprint === null) throw noLogin();
    assertStillThere(this.#db);
    const { dir, name } = this.#options;
    whileAnnounced(
      dir,
      { from: this.identity(), to: { name, fingerprint: pending.fingerprint, userId: self.id } },
      () =>
        this.#db.transaction(() => {
          if (this.self()?.id !== self.id) this.#account.forget();
          this.#slots.promote();
          this.#account.clearOrigin();
          this.#account.writeSelf(self, this.#clock.now());
        }),
    );
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

  /**
   * Puts a session of another program in the place of this one, in one transaction; the first
   * connection verifies it. The caller has made the operator confirm that the program stops for
   * ever. Throws as {@link SessionStore.beginLogin}, and AppError `session-duplicate`,
   * `session-owned`.
   */
  adopt(parsed: ParsedSession, server: ImportServer): void {
    this.#assertIdle();
    assertStillThere(this.#db);
    this.#owner?.hold(keyFingerprint(parsed.authKey));
    const { dir, name } = this.#options;
    const rows = { db: this.#db, slots: this.#slots, account: this.#account };
    whileAnnounced(dir, { from: this.identity(), to: identityOf(parsed, name) }, () =>
      adoptInto(rows, parsed, server, this.#clock.now()),
    );
    this.#current = this.#slots.read("current");
  }

  /**
   * The account of the committed key, or null. An imported key may have none until its first
   * connection.
   */
  self(): SelfUser | null {
    return this.#account.self();
  }

  /** Which key and account this is, without the login under way; null without a key. */
  identity(): SessionIdentity | null {
    const fingerprint = this.#current?.fingerprint;
    if (fingerprint)
      return { name: this.#options.name, fingerprint, userId: this.self()?.id ?? null };
    return null;
  }

  /**
   * Where the key was imported from and whether a connection has verified it; null when it was made
   * by a login here.
   */
  origin(): SessionOrigin | null {
    return this.#account.origin();
  }

  /**
   * What the server said about the account: refreshes name, username and phone, and verifies an
   * imported session. Throws AppError `account-changed` when the id is another one,
   * `session-duplicate` when an import without an id turns out to be the account of another session
   * of the folder.
   */
  refreshSelf(self: SelfUser): void {
    const known = this.self();
    const origin = this.origin();
    if (known ? known.id !== self.id : origin === null) throw accountChanged();
    if (origin?.verifiedAt === null) this.#verifyImport(self, origin);
    else if (
      known?.name !== self.name ||
      known.username !== self.username ||
      known.phone !== self.phone
    )
      this.#account.rename(self);
  }

  /** The highest lease number that has written here. */
  fence(): number {
    return this.#account.fence();
  }

  /** Raises the fence. A lower number throws AppError `stale-fence`: its owner lost the session. */
  raiseFence(number: number): void {
    if (!this.#account.raiseFence(number)) throw staleFence(number);
  }

  /**
   * Writes a copy of the file that passed SQLite's check, over this connection. Throws AppError
   * `sqlite-*`.
   */
  backupTo(target: string): void {
    backupTo(this.#db, target);
  }

  /** See {@link standbyRecordOf}. */
  standbyRecord(): Buffer | null {
    return standbyRecordOf(this.#db, this.#options.name, this.#options.fleetKey);
  }

  /** A number that is another one after each write, within this process. */
  writes(): number {
    return this.#db.readOne<{ n: number }>("SELECT total_changes() AS n")?.n ?? 0;
  }

  /**
   * Gives up to `pages` free pages back to the disk; true when there are more. Throws AppError
   * `sqlite-*`.
   */
  shrink(pages: number): boolean {
    return this.#db.shrink(pages);
  }

  /**
   * Closes the file and frees its lock. Idempotent. A running login is dropped at the next open.
   */
  close(): void {
    this.#db.close();
    this.#owner?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertIdle(): void {
    this.#claim.assertFree();
    if (this.#inLogin)
      throw new AppError("login-running", "A login is running in this session already.");
  }

  get #active(): KeySlot | null {
    return this.#inLogin ? this.#pending : this.#current;
  }

  #verifyImport(self: SelfUser, origin: SessionOrigin): void {
    const fingerprint = this.#current?.fingerprint ?? "";
    const now = this.#clock.now();
    assertStillThere(this.#db);
    const to = { name: this.#options.name, fingerprint, userId: self.id };
    whileAnnounced(this.#options.dir, { from: this.identity(), to }, () =>
      this.#db.transaction(() => {
        this.#account.writeSelf(self, now);
        this.#account.writeOrigin({ ...origin, verifiedAt: now });
      }),
    );
  }
}
