import { Route, type SourceMessage } from "@flotilla/contracts";

/** A route from `reader` to a channel of `sender`. */
export function aRoute(change: Partial<Record<keyof Route, unknown>> = {}): Route {
  return Route.parse({
    id: "signals",
    from: { worker: "reader", chats: ["-1000000000001"] },
    to: { kind: "worker", worker: "sender", chat: "-1000000000002" },
    ...change,
  });
}

/** A post of channel -1000000000001. */
export function aMessage(change: Partial<SourceMessage> = {}): SourceMessage {
  return {
    chat: "-1000000000001",
    id: 7,
    date: 1_700_000_000_000,
    groupedId: null,
    replyTo: null,
    topic: null,
    sender: null,
    senderName: null,
    senderUsername: null,
    chatTitle: "Signals",
    chatUsername: null,
    text: "buy BTC now",
    entities: [],
    media: null,
    protected: false,
    ephemeral: false,
    ...change,
  };
}
