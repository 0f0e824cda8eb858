/**
 * Model of Telegram's side of the update stream: boxes with a pts, differences in parts, and chats
 * with a history.
 */

import { bareChannel, markedChannel } from "@flotilla/kernel";
import type { InboxEvent, MessageContent, UpdateState } from "@flotilla/session-store";
import type { Dialog, Envelope, Update, UpdateServer } from "../../src/updates/model.ts";
import { ACCOUNT } from "../../src/wire/box.ts";

type BoxUpdate = Extract<Update, { kind: "box" }>;

interface Box {
  pts: number;
  lastId: number;
  updates: BoxUpdate[];
  messages: Map<number, InboxEvent>;
  /** Messages without a constructor in the client. */
  bad: Set<number>;
  joinedAt: number;
}

/** The error that the server answers with, once or always. */
export class Refusal extends Error {
  readonly text: string;
  constructor(text: string) {
    super(text);
    this.text = text;
  }
}

const PERSON = "7";
const CONTENT: MessageContent = {
  text: "x",
  entities: [],
  media: null,
  groupedId: null,
  replyTo: null,
  topicId: null,
  from: null,
  out: false,
  noforwards: false,
  ttlS: null,
  service: false,
};

export class ModelServer implements UpdateServer {
  readonly limits: { slice: number; tooLong: number } = {
    slice: 3,
    tooLong: Number.POSITIVE_INFINITY,
  };
  readonly closed = new Map<string, string>();
  readonly calls: string[] = [];
  /** Called before each request; may throw. */
  onCall: (name: string, box: string) => void = () => {};
  /** Number of unreadable objects, outside the steps of every box, in each answer. */
  bogus = 0;
  accepts = false; // A position ahead of its own, with "nothing new".
  seq = 1;
  qts = 1;
  date = 1000;
  readonly #boxes = new Map<string, Box>([[ACCOUNT, emptyBox()]]);
  /** Makes a channel that the account is in. */
  join(channel: string): Update {
    this.#boxes.set(channel, { ...emptyBox(), joinedAt: this.date * 1000 });
    return { kind: "channel-changed", channel };
  }

  /** The account joins it now, with its existing messages. */
  joinLater(channel: string): void {
    this.date += 5;
    this.#box(channel).joinedAt = this.date * 1000;
  }

  channels(): string[] {
    return [...this.#boxes.keys()].filter((box) => box !== ACCOUNT);
  }

  /** Adds a message; the caller sends the update to the client. */
  post(box: string): BoxUpdate {
    const { messages, lastId } = this.#box(box);
    const event: InboxEvent = {
      ...this.#blank(box, lastId + 1),
      kind: "new",
      version: 0,
      content: CONTENT,
    };
    messages.set(event.messageId, event);
    this.#box(box).lastId += 1;
    return this.#record(box, 1, [event]);
  }

  /** Adds a message that the client cannot read. */
  postUnreadable(box: string): Update {
    const { events } = this.post(box);
    this.#box(box).bad.add(events[0]?.messageId ?? 0);
    return { kind: "unreadable" };
  }

  /** Edits the newest message; null without one. */
  edit(box: string): BoxUpdate | null {
    const id = [...this.#box(box).messages.keys()].at(-1);
    if (id === undefined) return null;
    const event: InboxEvent = {
      ...this.#blank(box, id),
      kind: "edit",
      version: this.#box(box).pts + 1,
      content: CONTENT,
    };
    return this.#record(box, 1, [event]);
  }

  /** Moves the pts without a message. */
  read(box: string): BoxUpdate {
    return this.#record(box, 1, []);
  }

  /** Wraps updates as the server would send them. */
  envelope(updates: readonly Update[], numbered = false): Envelope {
    if (numbered) this.seq += 1;
    return {
      kind: "updates",
      seqStart: numbered ? this.seq : 0,
      seq: numbered ? this.seq : 0,
      date: this.date,
      updates,
    };
  }

  /** Ids of all messages, by box. */
  everything(): string[] {
    const readable = ({ messages, bad }: Box): number[] =>
      [...messages.keys()].filter((id) => !bad.has(id));
    return [...this.#boxes]
      .flatMap(([name, box]) => readable(box).map((id) => `${name}/${id}`))
      .sort();
  }

  /** Number of unreadable messages. */
  unreadable(): number {
    return [...this.#boxes.values()].reduce((sum, { bad }) => sum + bad.size, 0);
  }

  /** The server resets the pts of the account. */
  resetPts(pts: number): void {
    this.#box(ACCOUNT).pts = pts;
    this.#box(ACCOUNT).updates = [];
  }

  pts(box: string): number {
    return this.#box(box).pts;
  }

  async state(): Promise<UpdateState> {
    await this.#called("state", ACCOUNT);
    return this.#state(this.#box(ACCOUNT).pts);
  }

  async difference(
    from: UpdateState,
    limit = this.limits.slice,
  ): ReturnType<UpdateServer["difference"]> {
    await this.#called(`difference ${limit}`, ACCOUNT);
    const box = this.#box(ACCOUNT);
    if (from.pts > box.pts && this.accepts)
      return { kind: "empty", date: this.date, seq: this.seq };
    if (from.pts > box.pts || from.pts < 1) throw new Refusal("PERSISTENT_TIMESTAMP_INVALID");
    const left = box.updates.filter(({ pts }) => pts > from.pts);
    if (left.length > this.limits.tooLong) return { kind: "too-long", pts: box.pts };
    const stale = this.channels().map((channel): Update => ({ kind: "channel-too-long", channel }));
    if (left.length === 0 && stale.length === 0)
      return { kind: "empty", date: this.date, seq: this.seq };
    const part = left.slice(0, Math.min(limit, this.limits.slice));
    const final = part.length === left.length;
    const news = part.filter(({ events }) => events[0]?.kind === "new");
    const others = part.filter(({ events }) => events[0]?.kind !== "new");
    return {
      kind: "part",
      final,
      state: this.#state(final ? box.pts : (part.at(-1)?.pts ?? box.pts)),
      events: news.flatMap(({ events }) => events).filter((event) => !box.bad.has(event.messageId)),
      updates: [...others, ...(final ? stale : [])],
      unreadable:
        news.filter(({ events }) => box.bad.has(events[0]?.messageId ?? 0)).length + this.bogus,
    };
  }

  async channelDifference(
    channel: string,
    pts: number,
    limit = this.limits.slice,
  ): ReturnType<UpdateServer["channelDifference"]> {
    await this.#called(`channelDifference ${limit}`, channel);
    const box = this.#box(channel);
    if (pts > box.pts && this.accepts) return { kind: "empty", pts };
    if (pts > box.pts) throw new Refusal("PERSISTENT_TIMESTAMP_INVALID");
    const left = box.updates.filter((update) => update.pts > pts);
    if (left.length === 0) return { kind: "empty", pts: box.pts };
    if (left.length > this.limits.tooLong)
      return { kind: "too-long", pts: box.pts, topId: box.lastId };
    const part = left.slice(0, Math.min(limit, this.limits.slice));
    const final = part.length === left.length;
    const events = part.flatMap((update) => update.events.filter(({ kind }) => kind === "new"));
    const updates = part.filter(({ events: [event] }) => event?.kind !== "new");
    const readable = events.filter((event) => !box.bad.has(event.messageId));
    const unreadable = events.length - readable.length + this.bogus;
    return {
      kind: "part",
      final,
      pts: part.at(-1)?.pts ?? box.pts,
      events: readable,
      updates,
      unreadable,
    };
  }

  async dialogs(next: string | null): ReturnType<UpdateServer["dialogs"]> {
    await this.#called("dialogs", ACCOUNT);
    const all = this.#dialogs();
    const at = Number(next ?? 0);
    return { dialogs: all.slice(at, at + 2), next: at + 2 < all.length ? String(at + 2) : null };
  }

  async dialogsOf(chats: readonly string[]): ReturnType<UpdateServer["dialogsOf"]> {
    await this.#called("dialogsOf", ACCOUNT);
    return this.#dialogs().filter(({ chat }) => chats.includes(chat));
  }

  async history(
    ...[chat, start, { skip, upTo }]: Parameters<UpdateServer["history"]>
  ): ReturnType<UpdateServer["history"]> {
    const box = bareChannel(chat) ?? ACCOUNT;
    await this.#called("history", box);
    const isNewer = ({ messageId, date }: InboxEvent) =>
      "afterId" in start ? messageId > start.afterId : date >= start.afterDate;
    const { messages, bad } = this.#box(box);
    const asked = [...messages.values()].filter(isNewer).slice(skip, skip + this.limits.slice);
    const page = asked.filter(({ messageId }) => upTo === null || messageId <= upTo);
    const events = page.filter(({ messageId }) => !bad.has(messageId));
    const unreadableAfter =
      page.length - 1 - page.findLastIndex(({ messageId }) => !bad.has(messageId));
    return {
      events,
      raw: page.length,
      unreadable: page.length - events.length - unreadableAfter,
      unreadableAfter,
    };
  }

  #dialogs(): Dialog[] {
    const open = [...this.#boxes].filter(([box]) => !this.closed.has(box));
    return open.map(([box, { messages, pts, joinedAt }]) => {
      const top = [...messages.values()].at(-1);
      const chat = box === ACCOUNT ? PERSON : markedChannel(box);
      return {
        chat,
        box,
        topId: top?.messageId ?? 0,
        topDate: top?.date ?? 0,
        pts: box === ACCOUNT ? null : pts,
        joinedAt,
      };
    });
  }

  #state(pts: number): UpdateState {
    return { pts, qts: this.qts, date: this.date, seq: this.seq };
  }

  #record(box: string, count: number, events: readonly InboxEvent[]): BoxUpdate {
    this.date += 1;
    const state = this.#box(box);
    state.pts += count;
    const update: BoxUpdate = { kind: "box", box, pts: state.pts, count, events };
    state.updates.push(update);
    return update;
  }

  #blank(box: string, messageId: number): Pick<InboxEvent, "box" | "chat" | "messageId" | "date"> {
    return {
      box,
      chat: box === ACCOUNT ? PERSON : markedChannel(box),
      messageId,
      date: (this.date + 1) * 1000,
    };
  }

  #box(name: string): Box {
    const box = this.#boxes.get(name);
    if (!box) throw new Refusal("CHANNEL_INVALID");
    return box;
  }

  async #called(name: string, box: string): Promise<void> {
    this.calls.push(`${name} ${box}`);
    // An answer takes a turn of the loop, as a real one does.
    await new Promise(setImmediate);
    this.onCall(name, box);
    const reason = this.closed.get(box);
    if (reason !== undefined) throw new Refusal(reason);
  }
}

function emptyBox(): Box {
  return { pts: 1, lastId: 0, updates: [], messages: new Map(), bad: new Set(), joinedAt: 0 };
}
