import type { Origin, WorldEvent } from "../world/events.ts";
import { type Account, type BoxEvent, peerKey } from "../world/model.ts";
import type { World } from "../world/world.ts";
import type { ConnectionTable } from "./connections.ts";
import type { KeyStore } from "./link/keys.ts";
import type { SessionRegistry } from "./link/registry.ts";
import type { Session } from "./link/session.ts";
import { accountUpdate, channelUpdate } from "./render/message.ts";
import { Mentions } from "./render/objects.ts";
import { shortForm } from "./render/short.ts";
import { TlError } from "./tl/bytes.ts";
import type { Layers } from "./tl/layers.ts";
import type { TlObject } from "./tl/schema.ts";
import type { UpdateFaults } from "./update-faults.ts";

interface PusherOptions {
  readonly world: World;
  readonly keys: KeyStore;
  readonly sessions: SessionRegistry;
  readonly connections: ConnectionTable;
  readonly layers: Layers;
  readonly faults: UpdateFaults;
  readonly log: (line: string) => void;
}

/** Turns news of the world into updates for the sessions they concern, each in its own layer. */
export class Pusher {
  readonly #options: PusherOptions;
  /** Ids of users and chats that updates have introduced, by account. */
  readonly #met = new Map<bigint, Set<bigint>>();

  constructor(options: PusherOptions) {
    this.#options = options;
    options.world.onEvent((event) => {
      try {
        this.#push(event);
      } catch (error) {
        options.log(`a push failed: ${(error as Error).stack ?? String(error)}`);
      }
    });
  }

  /** Pushes a finished update, outside all boxes, to every session of an account. */
  broadcast(account: Account, update: TlObject): void {
    this.#deliver(account, update, null);
  }

  #push(event: WorldEvent): void {
    const { state, files } = this.#options.world;
    const { accounts, channels } = state;
    switch (event.kind) {
      case "account-box": {
        const account = accounts.get(event.account);
        const update = account && accountUpdate(account, event.event, files);
        if (account && update)
          this.#passOn(account, this.#short(account, event.event) ?? [update], event.origin);
        return;
      }
      case "channel-box": {
        const channel = channels.get(event.channel);
        for (const member of channel?.members ?? []) {
          const account = accounts.get(member);
          const update = channel && account && channelUpdate(account, channel, event.event, files);
          if (account && update) this.#passOn(account, [update], event.origin);
        }
        return;
      }
      case "channel-read":
        this.#pushChannelRead(event);
        return;
      case "membership": {
        const account = accounts.get(event.account);
        if (account)
          this.#passOn(account, [{ _: "updateChannel", channel_id: event.channel }], event.origin);
        return;
      }
      case "login-token":
        this.#toKey(event.keyId, {
          _: "updateShort",
          update: { _: "updateLoginToken" },
          date: this.#now(),
        });
        return;
      case "key-died":
        // Makes the client ask, and so learn why.
        if (event.why) this.#toKey(event.keyId, { _: "updatesTooLong" });
        return;
      case "new-login":
      case "founded":
    }
  }

  #pushChannelRead(event: Extract<WorldEvent, { kind: "channel-read" }>): void {
    const { accounts, channels } = this.#options.world.state;
    const account = accounts.get(event.account);
    const channel = channels.get(event.channel);
    if (!account || !channel) return;
    const read = account.readInbox.get(peerKey({ kind: "channel", id: channel.id })) ?? 0;
    const still = [...channel.box.messages.keys()].filter((id) => id > read).length;
    const update = {
      _: "updateReadChannelInbox",
      channel_id: channel.id,
      max_id: event.maxId,
      still_unread_count: still,
      pts: channel.box.pts,
    };
    this.#passOn(account, [update], event.origin);
  }

  /** Telegram introduces each user once: a plain text from a known user comes in its short form. */
  #short(account: Account, event: BoxEvent): TlObject | null {
    const short = shortForm(account, event);
    if (!short) return null;
    const { user_id, from_id, chat_id } = short;
    const met = this.#met.get(account.id);
    const isMet = [user_id, from_id, chat_id].every(
      (id) => typeof id !== "bigint" || id === account.id || met?.has(id) === true,
    );
    return this.#options.faults.takesShort(account.phone) || isMet ? short : null;
  }

  #whole(account: Account, updates: TlObject[]): TlObject {
    const { users, chats } = new Mentions(this.#options.world.state, account)
      .objects(updates)
      .fields();
    const met = this.#met.get(account.id) ?? new Set();
    for (const { id } of [...users, ...chats]) if (typeof id === "bigint") met.add(id);
    this.#met.set(account.id, met);
    return { _: "updates", updates, users, chats, date: this.#now(), seq: 0 };
  }

  #passOn(account: Account, told: TlObject | TlObject[], origin: Origin | null): void {
    const envelope = Array.isArray(told) ? this.#whole(account, told) : told;
    this.#options.faults.pass(account.phone, () => this.#deliver(account, envelope, origin));
  }

  #deliver(account: Account, update: TlObject, origin: Origin | null): void {
    const { world } = this.#options;
    for (const authorization of world.state.authorizations.values()) {
      if (authorization.account === account.id && !authorization.imported)
        this.#toKey(authorization.keyId, update, origin);
    }
  }

  /**
   * A session that has not said its layer gets nothing: one unknown constructor costs a client its
   * whole container.
   */
  #toKey(keyId: string, update: TlObject, origin: Origin | null = null): void {
    const { keys, sessions, connections } = this.#options;
    const session = sessions.receiver(keys.family(keyId), (connection) =>
      connections.isOpen(connection),
    );
    if (session && session !== origin) this.#send(session, update);
  }

  #send(session: Session, update: TlObject): void {
    if (session.key.layer === null) return;
    try {
      session.sendUpdate(this.#options.layers.codec(session.key.layer).encode(update));
    } catch (error) {
      if (!(error instanceof TlError)) throw error;
      this.#options.log(`an update does not fit layer ${session.key.layer}: ${error.message}`);
    }
  }

  #now(): number {
    return Math.floor(this.#options.world.clock.now() / 1000);
  }
}
