import { withoutUndefined } from "@flotilla/kernel";
import type { InboxEvent, UpdateState } from "@flotilla/session-store";
import { ACCOUNT } from "../wire/box.ts";
import type { Envelope, Update } from "./model.ts";

/** Positions of the account and its channels. */
export interface Positions {
  readonly account: UpdateState;
  /** By bare channel id. */
  readonly channels: ReadonlyMap<string, number>;
}

type BoxUpdate = Extract<Update, { kind: "box" }>;

/** Effect of an envelope: events and cursors to commit together, and requests to make. */
export interface Step {
  readonly events: readonly InboxEvent[];
  /** The account's new position, when it moved. */
  readonly account: UpdateState | null;
  /** The channels that moved. */
  readonly channels: ReadonlyMap<string, number>;
  /** Updates ahead of their box: the ones in between may still arrive. */
  readonly gaps: readonly BoxUpdate[];
  /** Boxes that need a difference. */
  readonly want: ReadonlySet<string>;
  /** Channels whose position only the list of chats reveals. */
  readonly look: ReadonlySet<string>;
  /** The server reset the account's pts. */
  readonly reset: boolean;
  /** New messages that should be stored already, because the position is after them. */
  readonly old: readonly InboxEvent[];
  /** Updates in boxes that are set aside: they are taken, and the position stays. */
  readonly beside: readonly InboxEvent[];
}

/** Boxes whose updates are not simply counted. */
export interface Special {
  /** Their difference or position is being requested: updates of channels wait for it. */
  readonly wanted: ReadonlySet<string>;
  /** The server does not return their missing updates. */
  readonly aside: ReadonlySet<string>;
  /** Their chats are being read: new updates wait, so that they follow the older ones. */
  readonly reading: ReadonlySet<string>;
}

/** Every box is counted normally. */
export const NOTHING_SPECIAL: Special = { wanted: new Set(), aside: new Set(), reading: new Set() };

/**
 * The rules of https://core.telegram.org/api/updates for one `Updates` object. Pure. A position
 * moves only by an update that begins at it.
 */
export function reduce(at: Positions, envelope: Envelope, special: Special): Step {
  const work = new Work(at, special);
  if (envelope.kind === "too-long") {
    work.want.add(ACCOUNT);
    return work;
  }
  const { seqStart, seq, date } = envelope;
  const known = at.account.seq;
  if (seqStart !== 0 && seqStart <= known) return work;
  if (seqStart > known + 1) work.want.add(ACCOUNT);
  for (const update of inOrder(envelope.updates)) work.take(update);
  if (!work.isWanted(ACCOUNT) && (seq !== 0 || date !== 0))
    work.moveAccount(withoutUndefined({ seq: seq || undefined, date: date || undefined }));
  return work;
}

/**
 * Sorts the updates of one envelope: they may come in any order, and one that moves nothing may
 * precede the one that led there.
 */
function inOrder(updates: readonly Update[]): readonly Update[] {
  const start = (update: Update): number => (update.kind === "box" ? update.pts - update.count : 0);
  return updates.toSorted((a, b) => start(a) - start(b));
}

class Work implements Step {
  readonly events: InboxEvent[] = [];
  readonly channels = new Map<string, number>();
  readonly gaps: BoxUpdate[] = [];
  readonly want = new Set<string>();
  readonly look = new Set<string>();
  account: UpdateState | null = null;
  readonly old: InboxEvent[] = [];
  readonly beside: InboxEvent[] = [];
  reset = false;
  readonly #at: Positions;
  readonly #special: Special;

  constructor(at: Positions, special: Special) {
    this.#at = at;
    this.#special = special;
  }

  isWanted(box: string): boolean {
    return this.#special.wanted.has(box) || this.want.has(box);
  }

  moveAccount(change: Partial<UpdateState>): void {
    this.account = { ...(this.account ?? this.#at.account), ...change };
  }

  take(update: Update): void {
    switch (update.kind) {
      case "box":
        this.#takeBox(update);
        break;
      case "qts":
        this.#takeQts(update.qts);
        break;
      case "incomplete":
      case "unreadable":
        this.want.add(ACCOUNT);
        break;
      case "pts-changed":
        this.reset = true;
        break;
      case "channel-too-long":
        if (this.#position(update.channel) === undefined) this.look.add(update.channel);
        else this.want.add(update.channel);
        break;
      case "channel-changed":
        this.look.add(update.channel);
        break;
      default:
        update satisfies never;
    }
  }

  #takeBox(update: BoxUpdate): void {
    const { box, pts, count, events } = update;
    if (this.#special.reading.has(box)) {
      this.gaps.push(update);
      return;
    }
    // The difference of the account brings everything; one of a channel may be refused.
    if (box === ACCOUNT && this.isWanted(ACCOUNT)) return;
    const local = this.#position(box);
    const ahead = local === undefined ? null : pts - count - local;
    if (ahead === 0 && !this.isWanted(box)) this.#apply(update);
    else if (ahead !== null && ahead < 0) this.old.push(...newMessages(events));
    else if (this.#special.aside.has(box)) this.beside.push(...events);
    else {
      // A channel seen for the first time: the lookup decides from when its messages count.
      if (ahead === null) this.look.add(box);
      this.gaps.push(update);
    }
  }

  #apply({ box, pts, events }: BoxUpdate): void {
    this.events.push(...events);
    if (box === ACCOUNT) this.moveAccount({ pts });
    else this.channels.set(box, pts);
  }

  /**
   * Advances by one. User accounts store nothing of qts, but a wrong number would repeat it again
   * and again.
   */
  #takeQts(qts: number): void {
    if (this.isWanted(ACCOUNT)) return;
    const local = (this.account ?? this.#at.account).qts;
    if (qts === local + 1) this.moveAccount({ qts });
    else if (qts > local + 1) this.want.add(ACCOUNT);
  }

  #position(box: string): number | undefined {
    if (box === ACCOUNT) return (this.account ?? this.#at.account).pts;
    return this.channels.get(box) ?? this.#at.channels.get(box);
  }
}

function newMessages(events: readonly InboxEvent[]): readonly InboxEvent[] {
  return events.filter(({ kind }) => kind === "new");
}

/** The requests that unhandled updates leave. */
export function toAsk(
  at: Positions,
  envelopes: readonly Envelope[],
): Pick<Step, "want" | "look" | "reset"> {
  const work = { want: new Set([ACCOUNT]), look: new Set<string>(), reset: false };
  for (const update of envelopes.flatMap((each) => (each.kind === "updates" ? each.updates : []))) {
    const channel = channelOf(update);
    if (update.kind === "pts-changed") work.reset = true;
    else if (channel !== null && (update.kind === "channel-changed" || !at.channels.has(channel)))
      work.look.add(channel);
    else if (channel !== null) work.want.add(channel);
  }
  return work;
}

function channelOf(update: Update): string | null {
  if (update.kind === "box") return update.box === ACCOUNT ? null : update.box;
  if (update.kind === "channel-too-long" || update.kind === "channel-changed")
    return update.channel;
  return null;
}
