import {
  type BoxChange,
  type BoxEvent,
  type BoxState,
  type PeerRef,
  type StoredMessage,
  samePeer,
} from "./model.ts";

/** A box nothing has happened in. pts starts at 1: clients take 0 for "unknown". */
export function emptyBox(): BoxState {
  return { pts: 1, lastId: 0, messages: new Map(), events: [] };
}

/** Advances pts by `count` and remembers why. */
export function recordEvent(box: BoxState, change: BoxChange, count: number, at: number): BoxEvent {
  box.pts += count;
  const event: BoxEvent = { ...change, pts: box.pts, count, at };
  box.events.push(event);
  return event;
}

/** Puts a message into the box under its next id. */
export function addMessage(
  box: BoxState,
  message: Omit<StoredMessage, "id">,
): { message: StoredMessage; event: BoxEvent } {
  box.lastId += 1;
  const stored: StoredMessage = { ...message, id: box.lastId };
  box.messages.set(stored.id, stored);
  return {
    message: stored,
    event: recordEvent(box, { kind: "new", id: stored.id }, 1, stored.date),
  };
}

/** Events a client that stands at `pts` has not seen, oldest first. */
export function eventsAfter(box: BoxState, pts: number): BoxEvent[] {
  const first = box.events.findLastIndex((event) => event.pts <= pts) + 1;
  return box.events.slice(first);
}

/** Messages of one chat, oldest first. */
export function messagesOf(box: BoxState, peer: PeerRef): StoredMessage[] {
  return [...box.messages.values()].filter((message) => samePeer(message.peer, peer));
}

/** Deletes what is there of `ids`. Null when nothing was. */
export function deleteMessages(box: BoxState, ids: readonly number[], at: number): BoxEvent | null {
  const gone = ids.filter((id) => box.messages.delete(id));
  return gone.length === 0
    ? null
    : recordEvent(box, { kind: "delete", ids: gone }, gone.length, at);
}
