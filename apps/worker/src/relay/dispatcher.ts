import { isDeepStrictEqual } from "node:util";
import {
  type Confirmation,
  clip,
  type Delivery,
  type DeliveryResult,
  type Fault,
  GonePiece,
  type Route,
  SourceMessage,
} from "@flotilla/contracts";
import {
  AppError,
  type Clock,
  LoopShare,
  nextTurn,
  toError,
  type WorkerId,
} from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import {
  type AfterTry,
  afterTry,
  type FetchedFile,
  isAboutTarget,
  maxAgeMs,
  resultOfFault,
  stepKey,
} from "@flotilla/relay";
import type { OutboxRow, RelayTables, RouteStops } from "@flotilla/session-store";
import { deliveryOf, keyOf } from "./delivery-of.ts";
import { alertLane, type JudgedAlbum } from "./intake.ts";
import {
  doubtOver,
  emptyLane,
  type Hold,
  type Lane,
  type LaneState,
  type UnderWay,
  uploadMs,
} from "./lane.ts";
import { learned, needsFiles, placeOf, planStep, type Sent } from "./plan-step.ts";

/** Parts of the dispatcher. */
export interface DispatcherDeps {
  readonly worker: WorkerId;
  readonly relay: RelayTables;
  readonly stops: RouteStops;
  readonly route: (id: string) => Route | null;
  /**
   * Hands a step to its sender; resolves when it is on its way. The same try may be handed over
   * twice.
   */
  readonly hand: (delivery: Delivery) => Promise<void>;
  /**
   * Downloads the files of a row for a sender that cannot read the source. Throws what went wrong.
   */
  readonly fetch: (route: Route, row: OutboxRow) => Promise<FetchedFile[]>;
  /** What was downloaded for a row is not needed any more. */
  readonly forget: (row: number) => void;
  /** What a route does with an album that is whole. Null: nothing can be said now. */
  readonly judgeAlbum: (route: string, pieces: readonly SourceMessage[]) => JudgedAlbum | null;
  /** Milliseconds since the Unix epoch, by Telegram's clock as far as it is known. */
  readonly telegramNow: () => number;
  readonly faultOf: (error: unknown) => Fault;
  /** Its monotonic side decides, the other is for people. */
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Milliseconds for lanes before the event loop turns: steps without a delivery end at once, and
 * there may be thousands.
 */
const SLICE_MS = 20;
/**
 * How long an album waits for its next message. Telegram sends them together; a slow link may not.
 */
const ALBUM_MS = 800;
/**
 * Milliseconds without a confirmation after which the same try is handed over again: Redis may have
 * lost it, or its answer.
 */
const AGAIN_MS = 10_000;

/**
 * Sends what the outbox holds, one step per lane at a time: so the order of a route holds whatever
 * happens to a step, and the queues stay short while the rest waits on disk. A step stays in the
 * outbox until its delivery is confirmed.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #lanes = new Map<string, Lane>();
  readonly #later = new Set<string>();
  #isClosed = false;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** Starts what can be started. Call it when something came, was confirmed, or time has passed. */
  pump(lanes: Iterable<string>): void {
    const share = new LoopShare(SLICE_MS, this.#deps.clock);
    for (const name of lanes) this.#pumpLane(name, share);
  }

  /** What was put off to a later turn of the event loop is not started any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** These go on in the next turn of the event loop. */
  async #pumpLater(name: string): Promise<void> {
    this.#later.add(name);
    if (this.#later.size > 1) return;
    await nextTurn();
    const lanes = [...this.#later];
    this.#later.clear();
    if (this.#isClosed) return;
    try {
      this.pump(lanes);
    } catch (error) {
      // The next tick tries again.
      this.#deps.log.error({ cause: toError(error).message }, "what waits could not be worked off");
    }
  }

  /** Hands over again what was not answered for a while. */
  repeat(): void {
    const now = this.#deps.clock.monotonicMs();
    for (const { underWay } of this.#lanes.values()) {
      if (!underWay || underWay.handing || now - underWay.handedAt < AGAIN_MS) continue;
      this.#hand(underWay);
    }
  }

  /** Takes a sender's word. A word about something else, or an old one, changes nothing. */
  confirmed({ id, key, result }: Confirmation): void {
    const { relay } = this.#deps;
    const row = relay.outbox.row(Number(id.split(".")[1]));
    const route = row && this.#deps.route(row.route);
    if (!row || !route || keyOf(route, row) !== key) return;
    const lane = this.#lane(row.lane);
    const isCurrent = lane.underWay?.delivery.id === id;
    if (!isCurrent && result.kind !== "done") return;
    if (lane.underWay?.row.n === row.n) lane.underWay = null;
    lane.tries += 1;
    lane.reason = null;
    this.#settle(lane, route, row, result);
    this.#pumpLane(row.lane);
  }

  /** Draws the conclusion from a try. */
  #settle(lane: Lane, route: Route, row: OutboxRow, result: DeliveryResult): void {
    const { relay, clock } = this.#deps;
    const now = clock.now();
    if (result.kind === "refused" && isWithoutFile(route, result.code)) {
      lane.files = { row: row.n, found: [] };
      lane.hold = null;
      return;
    }
    const next = afterTry(row.attempts, result, now);
    lane.hold = holdOf(next, lane.hold?.since ?? now);
    if (next.kind === "fetch") void this.#fetch(lane, route, row);
    else if (next.kind === "done" && result.kind === "done") {
      this.#finish(route, row, result);
      // A chat may take an edit and no new message.
      if (row.kind === "new" || lane.doubt.kind !== "open" || lane.doubt.row.kind !== "new")
        this.#clear(lane);
    } else if (next.kind === "poison" && result.kind === "failed" && result.sent)
      this.#finish(route, row, result.sent);
    else if (next.kind === "poison") relay.outbox.setAside(row, next.reason);
    else if (next.kind === "wait") {
      if (next.attempts !== row.attempts) relay.outbox.failed(row.n, next.attempts, next.reason);
      lane.reason = next.reason;
      if (next.blocked && this.#doubts(lane, row, next)) return;
      lane.parkedUntil = clock.monotonicMs() + next.waitMs;
      if (next.blocked) lane.doubt = doubtOver(lane.doubt);
    }
    const isOver = next.kind === "poison" || (next.kind === "done" && lane.files?.row === row.n);
    if (isOver) this.#deps.forget(row.n);
    if (isOver) lane.files = null;
  }

  /** What a row delivered is known; its text is forgotten. */
  #finish(route: Route, row: OutboxRow, sent: Sent): void {
    const { ids, counts } = learned(this.#deps.relay, route, row, sent);
    forgetGone(this.#deps.relay, row);
    this.#deps.relay.outbox.finish(row, placeOf(route.to), ids, COUNTS[row.kind], { ...counts });
  }

  /**
   * Whether a refusal is left open, until the row behind has been tried: it may be about this one
   * message.
   */
  #doubts(
    lane: Lane,
    row: OutboxRow,
    { code, reason, waitMs }: Extract<AfterTry, { kind: "wait" }>,
  ): boolean {
    if (lane.doubt.kind === "open" || code === null || isAboutTarget(code)) return false;
    // Nothing came that could tell, and it was refused once more: a person has to look.
    const isAgain = lane.doubt.kind === "over" && lane.doubt.row === row.n;
    if (!isAgain) lane.hold = null;
    lane.doubt = { kind: "open", row, reason, until: this.#deps.clock.monotonicMs() + waitMs };
    return true;
  }

  /** The target took a row: one in front of it that was refused was refused for itself. */
  #clear(lane: Lane): void {
    if (lane.doubt.kind !== "open") return;
    this.#deps.relay.outbox.setAside(lane.doubt.row, lane.doubt.reason);
    this.#deps.forget(lane.doubt.row.n);
    lane.doubt = doubtOver(lane.doubt);
  }

  /** The row to try: the one in front, or behind it while that one is in doubt. */
  #next(name: string, lane: Lane): OutboxRow | null {
    const { relay, clock } = this.#deps;
    if (lane.doubt.kind === "open" && lane.doubt.until <= clock.monotonicMs())
      lane.doubt = doubtOver(lane.doubt);
    return relay.outbox.head(name, lane.doubt.kind === "open" ? lane.doubt.row.n : 0);
  }

  /** The route waits while its files are downloaded: its order holds. */
  async #fetch(lane: Lane, route: Route, row: OutboxRow): Promise<void> {
    const { fetch, faultOf, clock, log } = this.#deps;
    if (lane.fetching) return;
    lane.fetching = true;
    const files = await fetch(route, row).catch((error: unknown) => faultOf(error));
    lane.fetching = false;
    const isFault = "code" in files;
    if (isFault) log.debug({ route: route.id, code: files.code }, "a file could not be downloaded");
    try {
      if (isFault) this.#settle(lane, route, row, resultOfFault(files, clock.now()));
      else lane.files = { row: row.n, found: files };
      this.#pumpLane(row.lane);
    } catch (error) {
      // No caller awaits this promise. A full disk fails the download and the write of its result;
      // the next tick retries.
      log.error(
        { route: route.id, cause: toError(error).message },
        "what became of a download could not be noted",
      );
    }
  }

  /** Nothing goes out on this route until an admin wakes it. What waits stays in the outbox. */
  stop(route: string, code: keyof typeof STOPPED): void {
    if (this.#deps.stops.get(route)?.code === code) return;
    this.#deps.stops.set(route, { code, at: this.#deps.clock.now() });
    this.#deps.log.warn({ route, code }, "a route stopped itself");
  }

  /**
   * An admin wants this lane to go on at once. A flood wait is the sender's to keep: it will say so
   * again.
   */
  wake(name: string): void {
    const { stops, clock } = this.#deps;
    if (this.#isStopped(name)) stops.set(name, { code: null, at: clock.now() });
    const lane = this.#lane(name);
    lane.parkedUntil = 0;
    lane.doubt = doubtOver(lane.doubt);
    this.#pumpLane(name);
  }

  #isStopped(route: string): boolean {
    return (this.#deps.stops.get(route)?.code ?? null) !== null;
  }

  /**
   * Routes have changed. What was on its way to a target that is none any more, or for a route that
   * is gone, is not handed over again: its confirmation would be about another step. A route that
   * waited for its old target continues at once.
   */
  changed(before: readonly Route[]): void {
    for (const old of before) {
      const route = this.#deps.route(old.id);
      if (!isDeepStrictEqual(route, old)) this.#deps.stops.clear(old.id);
      if (route && stepKey(route.id, route.to, "") === stepKey(old.id, old.to, "")) continue;
      for (const name of [old.id, alertLane(old.id)]) {
        const lane = this.#lane(name);
        Object.assign(lane, { ...emptyLane(), tries: lane.tries + 1, fetching: lane.fetching });
      }
    }
  }

  state(name: string): LaneState {
    const { parkedUntil, reason, hold, underWay } = this.#lane(name);
    const { clock } = this.#deps;
    const leftMs = parkedUntil - clock.monotonicMs();
    const stop = this.#deps.stops.get(name);
    if (stop && stop.code !== null) return stoppedState(stop.code, stop.at);
    return {
      parkedUntil: leftMs > 0 ? clock.now() + leftMs : null,
      reason,
      hold,
      underWaySince: underWay && underWay.since + uploadMs(underWay.delivery),
    };
  }

  #pumpLane(name: string, share: LoopShare = new LoopShare(SLICE_MS, this.#deps.clock)): void {
    const lane = this.#lane(name);
    const { clock } = this.#deps;
    while (!lane.underWay && !lane.fetching && lane.parkedUntil <= clock.monotonicMs()) {
      if (share.isOver()) return void this.#pumpLater(name);
      const row = this.#next(name, lane);
      if (!row || this.#mayGrow(lane, row)) return;
      const route = this.#deps.route(row.route);
      if (!route?.on || this.#isStopped(row.route)) return;
      this.#start(lane, route, row);
    }
  }

  /**
   * Whether an album in front still waits for a message: from when it was seen to grow last,
   * whatever the clock says. What its chat said after it shows that it is whole.
   */
  #mayGrow(lane: Lane, row: OutboxRow): boolean {
    const { n, album, readyAt, pieces } = row;
    if (album === null || readyAt === 0) return false;
    const now = this.#deps.clock.monotonicMs();
    if (lane.album?.row !== n || lane.album.pieces !== pieces.length)
      lane.album = { row: n, pieces: pieces.length, until: now + ALBUM_MS };
    return now < lane.album.until && !this.#deps.relay.outbox.isFollowed(row);
  }

  #start(lane: Lane, route: Route, row: OutboxRow): void {
    const { relay, worker, clock, log } = this.#deps;
    try {
      if (!row.sealed && row.kind === "new" && !this.#isWanted(lane, route, row)) return;
      const files = lane.files?.row === row.n ? lane.files.found : null;
      const plan = planStep(relay, route, row, files);
      if (plan.kind === "nothing") {
        if (plan.reason === "unchanged" || plan.reason === "unreached") forgetGone(relay, row);
        if (plan.reason === "never-delivered") this.#follow(lane, row);
        return void relay.outbox.finish(row, placeOf(route.to), [], plan.reason);
      }
      relay.outbox.seal(row.n);
      if (files === null && needsFiles(plan.step, route, row, worker))
        return void this.#fetch(lane, route, row);
      const landed = relay.map.landed(route.id, placeOf(route.to).chat);
      const delivery = deliveryOf(worker, route, row, {
        step: plan.step,
        landed,
        tries: lane.tries,
      });
      lane.underWay = { row, delivery, since: clock.now(), handedAt: 0, handing: false };
    } catch (error) {
      if (error instanceof AppError && error.code.startsWith("sqlite-")) throw error;
      log.error({ route: route.id, cause: toError(error).message }, "a delivery cannot be planned");
      return void relay.outbox.setAside(row, clip(toError(error).message, 300));
    }
    this.#hand(lane.underWay);
  }

  /**
   * Whether a new row goes out when its turn has come: it may be too old by then, and an album is
   * judged only now that it is whole.
   */
  #isWanted(lane: Lane, route: Route, row: OutboxRow): boolean {
    const { relay, judgeAlbum, telegramNow, clock } = this.#deps;
    if (row.album === null && route.maxAge === undefined) return true;
    const pieces = row.pieces.map((piece) => SourceMessage.parse(JSON.parse(piece)));
    const isAsked = pieces.some(({ asked }) => asked === true);
    if (!isAsked && telegramNow() - row.sourceAt > maxAgeMs(route)) {
      relay.outbox.leaveOut(row, "too-old");
      return false;
    }
    if (row.album === null) return true;
    if (relay.outbox.isOfTaken(row)) {
      relay.outbox.takeAlbum(row, []);
      return true;
    }
    const judged = judgeAlbum(route.id, pieces);
    if (judged === null) {
      // The album waits until the filter of its route can be compiled.
      Object.assign(lane, {
        parkedUntil: clock.monotonicMs() + UNREADY_MS,
        reason: "The filter of this route cannot be used.",
      });
      return false;
    }
    if (judged.verdict.kind === "skip") {
      relay.outbox.leaveOut(row, judged.verdict.reason);
      return false;
    }
    relay.outbox.takeAlbum(row, judged.along);
    judged.taken();
    return true;
  }

  /** The message of an edit or a deletion may be set aside, or in doubt. */
  #follow(lane: Lane, row: OutboxRow): void {
    if (row.kind !== "edit" && row.kind !== "delete") return;
    this.#deps.relay.outbox.follow(row, lane.doubt.kind === "open" ? lane.doubt.row.n : null);
    if (lane.doubt.kind === "open") lane.files = null;
  }

  #hand(underWay: UnderWay): void {
    const { delivery } = underWay;
    underWay.handing = true;
    underWay.handedAt = this.#deps.clock.monotonicMs();
    // What cannot be handed over now is handed over again by `repeat`.
    this.#deps
      .hand(delivery)
      .catch((error: unknown) => {
        this.#deps.log.warn(
          { delivery: delivery.id, cause: toError(error).message },
          "a delivery could not be handed over",
        );
      })
      .finally(() => {
        underWay.handing = false;
      });
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known) return known;
    const lane = emptyLane();
    this.#lanes.set(name, lane);
    return lane;
  }
}

/** An album of a route that cannot be made ready is looked at again after this. */
const UNREADY_MS = 5000;

/** A bot carries the text alone of what it cannot upload. */
function isWithoutFile({ to }: Route, code: string): boolean {
  return to.kind === "bot" && NO_FILE.has(code);
}

const NO_FILE: ReadonlySet<string> = new Set([
  "file-too-large",
  "file-missing",
  "file-gone",
  "file-elsewhere",
]);

/** What stands in the way after a try; null: nothing, or a wait that ends by itself. */
function holdOf(next: AfterTry, since: number): Hold | null {
  if (next.kind !== "wait" || next.code === null) return null;
  return { kind: next.blocked ? "blocked" : "held", code: next.code, since };
}

/** Why a route stopped itself. */
const STOPPED = {
  loop:
    "The same message comes back again and again: this route looks like a loop. Check its " +
    "chats, then wake it.",
  "name-moved":
    "A name of its sources leads to another chat now. Wake it to read that one, or write the " +
    "number of the old one.",
} as const;

function stoppedState(code: string, since: number): LaneState {
  const reason = Object.hasOwn(STOPPED, code) ? STOPPED[code as keyof typeof STOPPED] : code;
  return { parkedUntil: null, reason, underWaySince: null, hold: { kind: "blocked", code, since } };
}

/** What was deleted in the source is not followed any more. */
function forgetGone(relay: RelayTables, row: OutboxRow): void {
  if (row.kind !== "delete") return;
  const { chat, id } = GonePiece.parse(JSON.parse(row.pieces[0] ?? "null"));
  relay.map.forget(row.route, chat, id);
}

const COUNTS = { new: "delivered", edit: "edited", delete: "deleted", alert: "alerted" } as const;
