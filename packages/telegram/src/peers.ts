import { AppError } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";

/** What the library notes for chats that are addressed without an access hash. */
const NO_HASH = "0";

/** A chat by its marked id, as calls name it. AppError `unknown-peer` when the session has no access hash of it. */
export function inputPeer(store: SessionStore, chat: string): Api.TypeInputPeer {
  if (chat === store.self()?.id) return new Api.InputPeerSelf();
  const channel = channelOf(store, chat);
  if (channel !== null) {
    const { channelId, accessHash } = inputChannel(store, channel);
    return new Api.InputPeerChannel({ channelId, accessHash });
  }
  if (chat.startsWith("-")) return new Api.InputPeerChat({ chatId: bigInt(chat.slice(1)) });
  const hash = store.entities.byId(chat)?.hash;
  if (hash === undefined) throw unknownPeer(chat);
  return new Api.InputPeerUser({ userId: bigInt(chat), accessHash: bigInt(hash) });
}

/** Bare id of a channel by its marked one; null for any other chat. */
export function channelOf(store: SessionStore, chat: string): string | null {
  return chat.startsWith("-100") && chat.length > 4 && !isBasicGroup(store, chat) ? chat.slice(4) : null;
}

/** Ids of basic groups may begin with 100 too. They have no access hash, and fewer digits than any channel of Telegram's. */
function isBasicGroup(store: SessionStore, chat: string): boolean {
  if (chat.length > "-1234567890".length) return false;
  const known = store.entities.byId(chat);
  return known === null || known.hash === NO_HASH;
}

/** A channel by its bare id. AppError `unknown-peer`. */
export function inputChannel(store: SessionStore, channel: string): Api.InputChannel {
  const known = store.entities.byId(`-100${channel}`)?.hash;
  const hash = known ?? store.updates.channels().find(({ id }) => id === channel)?.hash;
  if (hash === undefined || hash === null) throw unknownPeer(`-100${channel}`);
  return new Api.InputChannel({ channelId: bigInt(channel), accessHash: bigInt(hash) });
}

function unknownPeer(chat: string): AppError {
  return new AppError("unknown-peer", `This session has never seen the chat ${chat}.`, { details: { chat } });
}
