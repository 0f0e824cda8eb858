import { AppError, bareChannel, markedChannel } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";

/**
 * A chat by its marked id, as input for calls. AppError `unknown-peer` when the session has no
 * access hash for it.
 */
export function inputPeer(store: SessionStore, chat: string): Api.TypeInputPeer {
  if (chat === store.self()?.id) return new Api.InputPeerSelf();
  const channel = bareChannel(chat);
  if (channel !== null) {
    const { channelId, accessHash } = inputChannel(store, channel);
    return new Api.InputPeerChannel({ channelId, accessHash });
  }
  if (chat.startsWith("-")) return new Api.InputPeerChat({ chatId: bigInt(chat.slice(1)) });
  const hash = store.entities.byId(chat)?.hash;
  if (hash === undefined) throw unknownPeer(chat);
  return new Api.InputPeerUser({ userId: bigInt(chat), accessHash: bigInt(hash) });
}

/** A channel by its bare id, as input for calls. AppError `unknown-peer`. */
export function inputChannel(store: SessionStore, channel: string): Api.InputChannel {
  const known = store.entities.byId(markedChannel(channel))?.hash;
  const hash = known ?? store.updates.channels().find(({ id }) => id === channel)?.hash;
  if (hash === undefined || hash === null) throw unknownPeer(markedChannel(channel));
  return new Api.InputChannel({ channelId: bigInt(channel), accessHash: bigInt(hash) });
}

function unknownPeer(chat: string): AppError {
  return new AppError("unknown-peer", `This session has never seen the chat ${chat}.`, {
    details: { chat },
  });
}
