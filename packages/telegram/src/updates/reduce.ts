import type { InboxEvent, UpdateState } from "@flotilla/session-store";
import { ACCOUNT } from "../wire/box.ts";
import type { Envelope, Update } from "./model.ts";

/** Where the account stands. */
export interface Positions {
  readonly account: UpdateState;
  /** By bare channel id. */
  readonly channels: ReadonlyMap<string, number>;
}

type BoxUpdate = Extract<Update, { kind: "box" }>;

/** What an envelope changes: the events and cursors to be committed together, and what has to be asked. */
export interface Step {
  readonly events: readonly InboxEvent[];
  /** The new position of the account, when it moved. */
  readonly account: UpdateState | null;
  /** The channels that moved. */
  readonly channels: ReadonlyMap<string, number>;
  /** Updates that are ahead of their box: what is between may still be on its way. */
  readonly gaps: readonly BoxUpdate[];
  /** Boxes whose difference is needed. */
  readonly want: ReadonlySet<string>;
  /** Channels of which only the list of chats can tell where they stand. */
  readonly look: ReadonlySet<string>;
  /** The account's pts was set anew. */
  readonly reset: boolean;
  /** New messages that should be here already, as our position is beyond them. */
  readonly old: readonly InboxEvent[];
  /** What came in boxes that are set aside: it is taken, and the position stays. */
  readonly beside: readonly InboxEvent[];
}

/** Boxes in which updates are not simply counted. */
export interface Special {
  /** Their difference, or where they stand, is being asked: what comes of channels waits for that. */
  readonly wanted: ReadonlySet<string>;
  /** The server does not tell what is between. */
  readonly aside: ReadonlySet<string>;
  /** Their chats are being read: what comes of them waits, so that it stays behind what is older. */
  readonly reading: ReadonlySet<string>;
}

export const NOTHING_SPECIAL: Special = { wanted: new Set(), aside: new Set(), reading: new Set() };

/**
 * The rules of https://core.telegram.org/api/updates for one `Updates` object, pure. A position moves only to where an update
 * leads that begins at it.
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
    work.moveAccount({ ...(seq === 0 ? {} : { seq }), ...(date === 0 ? {} : { date }) });
  return work;
}

/** Updates of one envelope may come in any order, and one that moves nothing may precede the one that brought it there. */
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
      // A channel that is seen for the first time: the lookup has to say since when it is ours, and what was before this.
      if (ahead === null) this.look.add(box);
      this.gaps.push(update);
    }
  }

  #apply({ box, pts, events }: BoxUpdate): void {
    this.events.push(...events);
    if (box === ACCOUNT) this.moveAccount({ pts });
    else this.channels.set(box, pts);
  }

  /** Counts by one. User accounts have nothing in there that we keep, but a wrong number would bring it again and again. */
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

/** What updates that are not worked off leave to be asked. */
export function toAsk(at: Positions, envelopes: readonly Envelope[]): Pick<Step, "want" | "look" | "reset"> {
  const work = { want: new Set([ACCOUNT]), look: new Set<string>(), reset: false };
  for (const update of envelopes.flatMap((each) => (each.kind === "updates" ? each.updates : []))) {
    const channel = channelOf(update);
    if (update.kind === "pts-changed") work.reset = true;
    else if (channel !== null && (update.kind === "channel-changed" || !at.channels.has(channel))) work.look.add(channel);
    else if (channel !== null) work.want.add(channel);
  }
  return work;
}

function channelOf(update: Update): string | null {
  if (update.kind === "box") return update.box === ACCOUNT ? null : update.box;
  return update.kind === "channel-too-long" || update.kind === "channel-changed" ? update.channel : null;
}
