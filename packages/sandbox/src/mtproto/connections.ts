import type { Socket } from "node:net";
import type { MovableClock } from "../world/clock.ts";
import type { ConnectionEvent, ConnectionView } from "../world/views.ts";
import type { World } from "../world/world.ts";
import type { RsaKey } from "./crypto/rsa.ts";
import { Connection } from "./link/connection.ts";
import type { AuthKey, KeyStore } from "./link/keys.ts";

interface ConnectionTableOptions {
  readonly world: World;
  readonly keys: KeyStore;
  readonly clock: MovableClock;
  readonly rsa: RsaKey;
  readonly delayMs: (connection: Connection) => number;
  readonly onPacket: (connection: Connection, packet: Buffer) => void;
}

/**
 * Every TCP connection there is, the log of those there were, and the judge of "one key, one
 * place".
 */
export class ConnectionTable {
  readonly #options: ConnectionTableOptions;
  readonly #open = new Map<number, Connection>();
  readonly #log: ConnectionEvent[] = [];
  #lastId = 0;

  constructor(options: ConnectionTableOptions) {
    this.#options = options;
    options.world.onEvent((event) => {
      if (event.kind === "new-login")
        for (const connection of this.ofKey(event.keyId)) this.#judge(connection);
      if (event.kind === "key-died")
        for (const connection of this.ofKey(event.keyId)) connection.authorised = false;
    });
  }

  /** Takes a socket over. */
  accept(dc: number, socket: Socket): Connection {
    const { rsa, clock, delayMs, onPacket } = this.#options;
    const connection = new Connection({
      id: ++this.#lastId,
      dc,
      socket,
      rsa,
      delayMs,
      onPacket,
      openedAt: clock.now(),
      onClose: (closed) => {
        this.#open.delete(closed.id);
        this.#record(closed, "closed");
      },
    });
    this.#open.set(connection.id, connection);
    this.#record(connection, "opened");
    return connection;
  }

  all(): Connection[] {
    return [...this.#open.values()];
  }

  isOpen(connection: Connection): boolean {
    return this.#open.has(connection.id);
  }

  /** Connections last used with the permanent key `keyId`. */
  ofKey(keyId: string): Connection[] {
    return this.all().filter((connection) => connection.keyId === keyId);
  }

  phoneOf(connection: Connection): string | null {
    return connection.keyId === null
      ? null
      : (this.#options.world.accountOf(connection.keyId)?.phone ?? null);
  }

  /** Notes that a connection carries messages of a key, and acts on it if the key is logged in. */
  keyUsed(connection: Connection, key: AuthKey): void {
    const permanent = this.#options.keys.permanent(key)?.id ?? null;
    if (connection.keyId !== permanent) {
      connection.keyId = permanent;
      connection.authorised = false;
    }
    this.#judge(connection);
  }

  views(): ConnectionView[] {
    return this.all().map((connection) => ({
      id: connection.id,
      remoteAddress: connection.remoteAddress,
      dc: connection.dc,
      transport: connection.transport,
      keyId: connection.keyId,
      phone: this.phoneOf(connection),
      openedAt: connection.openedAt,
      hangsUpAt: connection.hangsUpAt,
    }));
  }

  log(): ConnectionEvent[] {
    return [...this.#log];
  }

  /**
   * Logs the first use by a logged-in key, and kills the key if it is in use at another address.
   */
  #judge(connection: Connection): void {
    const { keyId } = connection;
    if (connection.authorised || keyId === null || !this.#options.world.accountOf(keyId)) return;
    connection.authorised = true;
    this.#record(connection, "authorised");
    const elsewhere = this.ofKey(keyId).filter(
      (other) => other.remoteAddress !== connection.remoteAddress,
    );
    if (elsewhere.length === 0) return;
    for (const other of [...elsewhere, connection]) this.#record(other, "duplicated");
    this.#options.world.logOut(keyId, "duplicated");
  }

  #record(connection: Connection, event: ConnectionEvent["event"]): void {
    this.#log.push({
      at: this.#options.clock.now(),
      connection: connection.id,
      event,
      remoteAddress: connection.remoteAddress,
      keyId: connection.keyId,
      phone: this.phoneOf(connection),
    });
  }
}
