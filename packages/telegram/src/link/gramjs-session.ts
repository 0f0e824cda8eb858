import { AppError, codeOf, type Endpoint, markedChannel } from "@flotilla/kernel";
import type { EntityRow } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import { AuthKey } from "telegram/crypto/AuthKey.js";
import { MemorySession } from "telegram/sessions/index.js";
import type { Log } from "../wire/log.ts";
import { markedId } from "../wire/marked.ts";
import type { LinkStore } from "./link-store.ts";

/** Row form of GramJS: marked id (in its own form), access hash, username, phone, name. */
type VendorRow = [
  id: string,
  hash: bigInt.BigInteger,
  username?: string,
  phone?: string,
  name?: string,
];
type Entity = Api.TypeUser | Api.TypeChat;
type Found = [id: string, hash: bigInt.BigInteger] | undefined;

/**
 * GramJS's view of a session over the store. A change that the store forbids (another key, another
 * data centre) is an exception inside GramJS instead of a lost account.
 */
export class GramJsSession extends MemorySession {
  readonly #store: LinkStore;
  readonly #endpoint: Endpoint;
  readonly #log: Log;
  #key: AuthKey | undefined;

  constructor(store: LinkStore, endpoint: Endpoint, log: Log) {
    super();
    this.#store = store;
    this.#endpoint = endpoint;
    this.#log = log;
  }

  /** GramJS calls it on every connect, so it always takes the store's current key. */
  override async load(): Promise<void> {
    const bytes = this.#store.authKey();
    this.#key = undefined;
    if (!bytes) return;
    const key = new AuthKey();
    await key.setKey(bytes);
    this.#key = key;
  }

  override get dcId(): number {
    return this.#store.dc()?.id ?? 0;
  }

  override get serverAddress(): string {
    return this.#endpoint.host;
  }

  override get port(): number {
    return this.#endpoint.port;
  }

  /** The login changes the data centre with a fresh client; GramJS never may. */
  override setDC(): void {
    throw new AppError("key-protected", "Refused: the library tried to change the data centre.");
  }

  override getAuthKey(dcId?: number): AuthKey | undefined {
    if (dcId === undefined || dcId === this.dcId) return this.#key;
    return undefined;
  }

  /** Throws AppError `key-protected` outside a login, unless the key equals the stored one. */
  override setAuthKey(key?: AuthKey, dcId?: number): undefined {
    if (dcId !== undefined && dcId !== this.dcId) return;
    this.#store.setAuthKey(key?.getKey() ?? null);
    this.#key = key;
  }

  /** Nothing to do: every value is durable once set. */
  override save(): void {}

  /** Never throws: an exception here would make a sent message look failed (docs/gramjs.md). */
  override processEntities(found: unknown): void {
    try {
      if (typeof found !== "object" || found === null || this.#store.inLogin) return;
      const entities = entitiesOf(found);
      this.#store.entities.upsert(entities.flatMap((entity) => this.#row(entity) ?? []));
      for (const entity of entities)
        if (entity instanceof Api.Chat && entity.migratedTo instanceof Api.InputChannel)
          this.#store.chatPins.moved(markedId(entity), markedId(entity.migratedTo));
    } catch (error) {
      this.#log("warn", "entities were not stored", { error: codeOf(error) ?? "vendor" });
    }
  }

  /** Null for an entity that cannot be addressed, such as a `min` one. */
  #row(entity: Entity): EntityRow | null {
    const row = this._entityToRow(entity) as unknown as VendorRow | undefined;
    if (!row) return null;
    const [, hash, username, phone, name] = row;
    const isChat = entity instanceof Api.Channel || entity instanceof Api.Chat;
    return {
      id: markedId(entity),
      hash: hash.toString(),
      username: username || null,
      phone: phone || null,
      name: name || null,
      protected: isChat ? entity.noforwards === true : null,
    };
  }

  override getEntityRowsById(id: string | bigInt.BigInteger, exact = true): never {
    const text = id.toString();
    const marked = exact ? [ours(text)] : [text, `-${text}`, markedChannel(text)];
    return firstOf(marked, (each) => this.#store.entities.byId(each)) as never;
  }

  override getEntityRowsByUsername(username: string): never {
    return toFound(this.#store.entities.byUsername(username)) as never;
  }

  override getEntityRowsByPhone(phone: string): never {
    return toFound(this.#store.entities.byPhone(phone)) as never;
  }

  /** Names are not unique: a message must not go to a user with the same name. */
  override getEntityRowsByName(): never {
    return undefined as never;
  }
}

/** The users and chats of an answer, an update or a list. */
function entitiesOf(found: object): Entity[] {
  if (Array.isArray(found)) return found as Entity[];
  const { users, chats, user } = found as { users?: Entity[]; chats?: Entity[]; user?: Entity };
  const listed = [users, chats].filter((each) => Array.isArray(each)).flat();
  return user instanceof Api.User ? [...listed, user] : listed;
}

/**
 * GramJS joins "-100" and a channel's number; only basic groups have another mark, and they need no
 * access hash.
 */
function ours(vendorId: string): string {
  if (vendorId.startsWith("-100") && vendorId.length >= "-1001000000000".length)
    return markedChannel(vendorId.slice(4));
  return vendorId;
}

function toFound(row: EntityRow | null): Found {
  return row ? [row.id, bigInt(row.hash)] : undefined;
}

function firstOf(ids: readonly string[], find: (id: string) => EntityRow | null): Found {
  for (const id of ids) {
    const row = find(id);
    if (row) return toFound(row);
  }
  return undefined;
}
