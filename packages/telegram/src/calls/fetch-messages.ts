import { bareChannel } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import { Api } from "telegram";
import { inputChannel } from "../wire/peers.ts";

/** Calls a method that reads. */
export type Ask = <R extends Api.AnyRequest>(request: R) => Promise<R["__response"]>;

/** Messages of a chat by their ids, and the chats that the answer names. */
export interface FetchedMessages {
  readonly messages: readonly Api.TypeMessage[];
  readonly chats: readonly Api.TypeChat[];
}

/**
 * Asks for messages by their ids. Outside a channel Telegram ignores `chat`: the caller checks
 * whose a message is.
 */
export async function fetchMessages(
  { store, ask }: { readonly store: SessionStore; readonly ask: Ask },
  chat: string,
  ids: readonly number[],
): Promise<FetchedMessages> {
  const channel = bareChannel(chat);
  const id = ids.map((each) => new Api.InputMessageID({ id: each }));
  const request = channel
    ? new Api.channels.GetMessages({ channel: inputChannel(store, channel), id })
    : new Api.messages.GetMessages({ id });
  const answer = await ask(request);
  return "messages" in answer ? answer : { messages: [], chats: [] };
}
