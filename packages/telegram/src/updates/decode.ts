import { markedChannel, systemClock, withoutUndefined } from "@flotilla/kernel";
import type { InboxEvent } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import { Unreadable } from "../wire/agree.ts";
import { ACCOUNT, boxOfPeer } from "../wire/box.ts";
import { type Around, messageEvent } from "../wire/content.ts";
import { markedId } from "../wire/marked.ts";
import type { Envelope, Update } from "./model.ts";

/**
 * Whether the session knows this user or basic group (by marked id): its access hash, and whether
 * its owner restricts saving.
 */
export type Knows = (chat: string) => boolean;

/** Converts an `Updates` object of GramJS for the engine; null when it is none, or irrelevant. */
export function toEnvelope(container: unknown, knows: Knows): Envelope | null {
  if (container instanceof Api.UpdatesTooLong) return { kind: "too-long" };
  if (container instanceof Api.UpdateShort) return ordered(container.date, [container.update]);
  if (container instanceof Api.Updates || container instanceof Api.UpdatesCombined) {
    const { seq, date } = container;
    const seqStart = container instanceof Api.UpdatesCombined ? container.seqStart : seq;
    return {
      kind: "updates",
      seqStart,
      seq,
      date,
      updates: decodeUpdates(container.updates, container.chats),
    };
  }
  if (container instanceof Api.UpdateShortMessage) return shortMessage(container, knows);
  if (container instanceof Api.UpdateShortChatMessage) return shortMessage(container, knows);
  return null;
}

/**
 * Converts single updates for the engine. Leaves out those that move no position and contain
 * nothing to store.
 */
export function decodeUpdates(
  updates: readonly unknown[],
  chats: readonly unknown[] = [],
): Update[] {
  return updates.flatMap((update) => decode(update, chats) ?? []);
}

/**
 * The effect of an own call on the account's position, when its answer reports it otherwise than by
 * updates: an envelope for the engine, or null. `request` is the answered call, `self` the
 * account's id.
 */
export function ownEffect(request: unknown, answer: unknown, self: string | null): Envelope | null {
  if (isAffected(answer)) {
    const { pts, ptsCount: count } = answer;
    const box = boxOfCall(request);
    const isDeletion =
      request instanceof Api.channels.DeleteMessages ||
      request instanceof Api.messages.DeleteMessages;
    const events = isDeletion ? deletions(box, request.id, pts) : [];
    return moved({ kind: "box", box, pts, count, events });
  }
  if (answer instanceof Api.UpdateShortSentMessage) return sent(request, answer, self);
  // Some answers contain updates beside other data
  // (https://core.telegram.org/type/messages.InvitedUsers).
  const inner =
    typeof answer === "object" && answer !== null && "updates" in answer ? answer.updates : null;
  return Array.isArray(inner) ? null : toEnvelope(inner, () => true);
}

type Affected =
  | Api.messages.AffectedMessages
  | Api.messages.AffectedHistory
  | Api.messages.AffectedFoundMessages;

function isAffected(answer: unknown): answer is Affected {
  const { AffectedMessages, AffectedHistory, AffectedFoundMessages } = Api.messages;
  return [AffectedMessages, AffectedHistory, AffectedFoundMessages].some(
    (kind) => answer instanceof kind,
  );
}

/** A call to a channel moves the channel's position. */
function boxOfCall(request: unknown): string {
  const { channel, peer } = request as { channel?: unknown; peer?: unknown };
  const named = [channel, peer].find(
    (each) => each instanceof Api.InputChannel || each instanceof Api.InputPeerChannel,
  ) as Api.InputChannel | undefined;
  return named?.channelId.toString() ?? ACCOUNT;
}

/** The answer to a sent text contains only what the server added. */
function sent(
  request: unknown,
  answer: Api.UpdateShortSentMessage,
  self: string | null,
): Envelope | null {
  if (!(request instanceof Api.messages.SendMessage)) return null;
  const peerId = peerOf(request.peer, self);
  if (!peerId) return null;
  const { id, date, pts, ptsCount: count, entities, media } = answer;
  const message = new Api.Message({
    id,
    date,
    peerId,
    out: true,
    message: request.message,
    ...withoutUndefined({ entities, media }),
  });
  const events = [messageEvent(message, "new", { chats: [] })].filter((event) => event !== null);
  return moved({ kind: "box", box: ACCOUNT, pts, count, events });
}

function moved(update: Update): Envelope {
  return { kind: "updates", seqStart: 0, seq: 0, date: 0, updates: [update] };
}

/**
 * `updateShort*` have no number in the sequence of envelopes
 * (https://core.telegram.org/api/updates).
 */
function ordered(date: number, updates: readonly unknown[]): Envelope {
  return { kind: "updates", seqStart: 0, seq: 0, date, updates: decodeUpdates(updates) };
}

/** It contains no users and chats: the difference brings unknown ones. */
function shortMessage(
  short: Api.UpdateShortMessage | Api.UpdateShortChatMessage,
  knows: Knows,
): Envelope {
  const { date, pts, ptsCount } = short;
  const isPrivate = short instanceof Api.UpdateShortMessage;
  const peerId = isPrivate
    ? new Api.PeerUser({ userId: short.userId })
    : new Api.PeerChat({ chatId: short.chatId });
  const fromId = isPrivate ? undefined : new Api.PeerUser({ userId: short.fromId });
  if (![peerId, fromId].every((peer) => peer === undefined || knows(markedId(peer))))
    return { kind: "updates", seqStart: 0, seq: 0, date: 0, updates: [{ kind: "incomplete" }] };
  const { id, message, out, fwdFrom, replyTo, entities, ttlPeriod } = short;
  const whole = new Api.Message({
    id,
    date,
    message,
    peerId,
    ...withoutUndefined({ out, fromId, fwdFrom, replyTo, entities, ttlPeriod }),
  });
  return ordered(date, [new Api.UpdateNewMessage({ message: whole, pts, ptsCount })]);
}

function decode(update: unknown, chats: readonly unknown[]): Update | null {
  if (update instanceof Api.UpdateChannelTooLong)
    return { kind: "channel-too-long", channel: update.channelId.toString() };
  if (update instanceof Api.UpdateChannel)
    return { kind: "channel-changed", channel: update.channelId.toString() };
  if (update instanceof Unreadable) return { kind: "unreadable" };
  if (update instanceof Api.UpdatePtsChanged) return { kind: "pts-changed" };
  if (typeof update !== "object" || update === null) return null;
  const fields = update as { pts?: unknown; ptsCount?: unknown; qts?: unknown };
  if (typeof fields.qts === "number") return { kind: "qts", qts: fields.qts };
  if (typeof fields.pts !== "number") return null;
  const count = typeof fields.ptsCount === "number" ? fields.ptsCount : 0;
  const box = boxOf(update);
  return {
    kind: "box",
    box,
    pts: fields.pts,
    count,
    events: eventsOf(update, box, { version: fields.pts, chats }),
  };
}

/**
 * Updates of a channel name it, or contain a message of it; all others with a pts are the
 * account's.
 */
function boxOf(update: object): string {
  const { channelId, message } = update as {
    channelId?: { toString(): string };
    message?: { peerId?: Api.TypePeer };
  };
  if (channelId) return channelId.toString();
  return message?.peerId ? boxOfPeer(message.peerId) : ACCOUNT;
}

function eventsOf(update: object, box: string, around: Required<Around>): InboxEvent[] {
  if (update instanceof Api.UpdateNewMessage || update instanceof Api.UpdateNewChannelMessage)
    return [messageEvent(update.message, "new", { chats: around.chats })].filter(
      (event) => event !== null,
    );
  if (update instanceof Api.UpdateEditMessage || update instanceof Api.UpdateEditChannelMessage)
    return [messageEvent(update.message, "edit", around)].filter((event) => event !== null);
  if (
    update instanceof Api.UpdateDeleteMessages ||
    update instanceof Api.UpdateDeleteChannelMessages
  )
    return deletions(box, update.messages, around.version);
  return [];
}

function deletions(box: string, ids: readonly number[], pts: number): InboxEvent[] {
  const chat = box === ACCOUNT ? null : markedChannel(box);
  const common = {
    kind: "delete",
    box,
    chat,
    version: pts,
    date: systemClock.now(),
    content: null,
  } as const;
  return ids.map((messageId) => ({ ...common, messageId }));
}

function peerOf(input: unknown, self: string | null): Api.TypePeer | null {
  if (input instanceof Api.InputPeerSelf)
    return self === null ? null : new Api.PeerUser({ userId: bigInt(self) });
  if (input instanceof Api.InputPeerUser) return new Api.PeerUser({ userId: input.userId });
  if (input instanceof Api.InputPeerChat) return new Api.PeerChat({ chatId: input.chatId });
  return null;
}
