import type { InboxEvent, UpdateState } from "@flotilla/session-store";
import { ACCOUNT, type Envelope, type Update } from "./model.ts";

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
}

/**
 * The rules of https://core.telegram.org/api/updates for one `Updates` object, pure. Boxes in `wanted` are left alone: their
 * difference is asked after this and brings everything.
 */
export function reduce(at: Positions, envelope: Envelope, wanted: ReadonlySet<string>): Step {
  const work = new Work(at, wanted);
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
  reset = false;
  readonly #at: Positions;
  readonly #wanted: ReadonlySet<string>;

  constructor(at: Positions, wanted: ReadonlySet<string>) {
    this.#at = at;
    this.#wanted = wanted;
  }

  isWanted(box: string): boolean {
    return this.#wanted.has(box) || this.want.has(box);
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
    if (this.isWanted(update.box)) return;
    const local = this.#position(update.box);
    // A channel that is seen for the first time stands where this update leaves it; one that moves nothing may come
    // before the message that it counts from.
    if (local === undefined) {
      this.#apply(update, update.count === 0 ? Math.max(1, update.pts - 1) : update.pts);
      return;
    }
    const ahead = update.pts - update.count - local;
    if (ahead > 0) this.gaps.push(update);
    else if (ahead === 0) this.#apply(update, update.pts);
  }

  #apply({ box, events }: BoxUpdate, pts: number): void {
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
