import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "@flotilla/config";
import { AppError, type Clock, makeFolder, parseWorkerId, sleep } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { lockIdentity } from "@flotilla/os";
import {
  BOT_LEASE_TIMINGS,
  BotBoard,
  botResource,
  type LastBot,
  Lease,
  type LeaseTimings,
  type QueuePlace,
  readBotNote,
  type StandbyBot,
  writeBotNote,
} from "@flotilla/queue";
import { lockForMachine, type MachineLock } from "@flotilla/sqlite";
import { NEVER_RAN, type Right, rightOf } from "./right.ts";

/** Why a bot waits. */
export type WaitsFor =
  /** Another process of this machine runs with this data folder. */
  | { readonly kind: "folder" }
  /** Another bot has the lease. */
  | { readonly kind: "lease" }
  /** No bot has the lease, and none may be granted it yet, or Redis is away. */
  | { readonly kind: "redis" }
  /** `control.db` of this data folder is not the present one. */
  | {
      readonly kind: "no-right";
      readonly right: Exclude<Right, "yes">;
      readonly last: LastBot | null;
    };

/** The bot that is active, as far as it is known. */
export interface ActiveBot {
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** What this bot is. */
export type DutyState =
  | { readonly kind: "standby"; readonly for: WaitsFor; readonly active: ActiveBot | null }
  | { readonly kind: "active" }
  /** It was active and may do nothing until its lease is granted again. */
  | { readonly kind: "suspended" }
  /** Another bot took over. */
  | { readonly kind: "lost" };

/** Parts of {@link Duty}. */
export interface DutyDeps {
  readonly config: Pick<Config, "dataDir" | "hostId" | "botToken" | "supervision">;
  /** See `botPlace`. */
  readonly place: QueuePlace;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timings?: LeaseTimings;
}

/** Milliseconds from one look at what a standby waits for to the next. */
const LOOK_MS = 500;
const ANNOUNCE_MS = 3000;
/** Milliseconds between two looks whether a call may be made. */
const ASK_MS = 50;
/** The name under which the lease shows its holder. */
const NAME = parseWorkerId("bot");

/**
 * This process's right to be the bot of its fleet (ADR 16): the kernel's lock on its data folder,
 * a `control.db` that no other bot has gone past, and the lease of the token. Waits as a standby until it
 * has all three.
 */
export class Duty {
  readonly #deps: DutyDeps;
  readonly #board: BotBoard;
  readonly #over = new AbortController();
  readonly #since: number;
  readonly #id = randomUUID();
  readonly #granted = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<string>();
  readonly #known = Promise.withResolvers<void>();
  #state: DutyState = { kind: "standby", for: { kind: "redis" }, active: null };
  #lock: MachineLock | null = null;
  #lease: Lease | null = null;
  #last: LastBot | null = null;
  #announcedAt = Number.NEGATIVE_INFINITY;
  #interrupt = new AbortController();
  readonly #running: Promise<void>;
  /** Called when the lease could not be renewed in time. `isHeld`: no other bot can be active yet. */
  onSuspended: (isHeld: boolean) => void = () => {};
  /** Called when it was granted again. */
  onResumed: () => void = () => {};

  constructor(deps: DutyDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
    this.#board = new BotBoard(deps.place, deps.config.botToken.reveal(), this.#onError);
    this.#running = this.#run();
    this.#running.catch((error: unknown) => {
      this.#granted.reject(error);
      this.#known.reject(error);
    });
    for (const each of [this.#granted, this.#known]) each.promise.catch(() => {});
  }

  get state(): DutyState {
    return this.#state;
  }

  /** Fencing token of the lease; null = Redis did not answer yet (HOSTS=one), or it has none. */
  get fence(): number | null {
    return this.#last?.fence ?? null;
  }

  /**
   * Says to hosts that this bot is there, and puts back what a Redis that came back empty forgot.
   * Throws AppError `redis-away`.
   */
  async keepThere(): Promise<void> {
    if (this.#last === null || !this.mayAct()) return;
    await Promise.all([this.#board.keepLast(this.#last), this.#board.beat(this.#last)]);
  }

  /** Who else is there. */
  get board(): BotBoard {
    return this.#board;
  }

  /** Resolves when this bot is active. Rejects when its data folder cannot be locked. */
  get granted(): Promise<void> {
    return this.#granted.promise;
  }

  /** Resolves when it is known what this bot waits for, or that it is active. Rejects as `granted`. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Resolves with the text for the log when another bot took over: this process must end at once. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  /** Aborted when the lease could not be renewed: what waits for Telegram must let go. */
  get interrupted(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Whether this process may act at this moment; ask in the turn of the event loop that acts. */
  mayAct(): boolean {
    return this.#state.kind === "active" && (this.#lease?.isSure() ?? false);
  }

  /** Resolves when this bot may act: at once, after a renewal, or never. Rejects on abort. */
  async untilActing(signal?: AbortSignal): Promise<void> {
    while (!this.mayAct()) {
      this.#lease?.refresh();
      await sleep(ASK_MS, signal);
    }
  }

  /** Releases the lease and the data folder. Idempotent. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#running.catch(() => {});
    await this.#lease?.close();
    await this.#board.leave().catch(this.#onError);
    this.#board.close();
    this.#lock?.[Symbol.dispose]();
    this.#lock = null;
  }

  readonly #onError = (error: unknown): void => this.#deps.log.debug({ err: error }, "redis");

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      if (await this.#try()) return;
      await this.#announce();
      await sleep(LOOK_MS, signal).catch(() => {});
    }
  }

  /** True when this bot became active. */
  async #try(): Promise<boolean> {
    const { dataDir } = this.#deps.config;
    if (!this.#takeFolder()) return await this.#waits({ kind: "folder" });
    const last = await this.#lastBot();
    if (last === "away") return await this.#waits({ kind: "redis" });
    const right = rightOf(readBotNote(dataDir), last, existsSync(join(dataDir, "control.db")));
    if (right !== "yes") return await this.#noRight(right, last);
    const active = await this.#board.active().catch(() => null);
    if (active && active.owner !== this.#owner())
      return await this.#waits({ kind: "lease" }, active);
    return await this.#ask();
  }

  /** Rejects with AppError `sqlite-*` when the folder cannot hold a lock. */
  #takeFolder(): boolean {
    if (this.#lock !== null) return true;
    const { dataDir } = this.#deps.config;
    try {
      makeFolder(dataDir, 0o700);
      this.#lock = lockForMachine(join(dataDir, "bot.lock"));
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === "sqlite-locked") return false;
      throw error;
    }
  }

  #owner(): string {
    return this.#lock === null ? "" : lockIdentity(this.#lock.path);
  }

  /** On one host the kernel's lock is enough while Redis is away. */
  async #lastBot(): Promise<LastBot | null | "away"> {
    const isOne = this.#deps.config.supervision.hosts === "one";
    return await this.#board.last().catch(() => (isOne ? null : "away"));
  }

  /** Asks for the lease, and keeps it: true when it was granted. */
  async #ask(): Promise<boolean> {
    const { config, place, clock, timings = BOT_LEASE_TIMINGS } = this.#deps;
    const first = Promise.withResolvers<boolean>();
    const stop = (): void => first.resolve(false);
    this.#over.signal.addEventListener("abort", stop, { once: true });
    const lease = new Lease({
      place,
      mode: config.supervision.hosts,
      host: config.hostId,
      worker: NAME,
      owner: this.#owner(),
      resources: () => [botResource(config.botToken.reveal())],
      knownFence: () => readBotNote(config.dataDir)?.fence ?? 0,
      on: {
        granted: (fence) =>
          void this.#onGranted(fence).then((isMine) => {
            if (!isMine) this.#lose();
            first.resolve(isMine);
          }, stop),
        suspended: () => this.#suspend(),
        taken: () => {
          first.resolve(false);
          this.#lose();
        },
      },
      onError: this.#onError,
      clock,
      timings,
    });
    this.#lease = lease;
    const isGranted = await first.promise;
    this.#over.signal.removeEventListener("abort", stop);
    if (isGranted) return true;
    await lease.close();
    this.#lease = null;
    return false;
  }

  /** False when another bot's `control.db` has gone past the own one meanwhile. */
  async #onGranted(fence: number | null): Promise<boolean> {
    const { config, clock, log } = this.#deps;
    const { dataDir, hostId } = config;
    if (fence !== null && fence !== this.#last?.fence) {
      const last = { fence, host: hostId, since: clock.now() };
      // The note first: a folder that Redis knows and that does not know it itself would be refused.
      if (this.#note(dataDir, fence) && !(await this.#keep(last))) return false;
      this.#last = last;
    }
    const before = this.#state.kind;
    if (before === "lost" || this.#over.signal.aborted) return false;
    this.#state = { kind: "active" };
    this.#known.resolve();
    if (before === "suspended") {
      log.info({ fence }, "▶ this bot is active again");
      this.#interrupt = new AbortController();
      this.onResumed();
      return true;
    }
    if (before === "standby") log.info({ fence, host: hostId }, "this bot is the active one");
    await this.#board.leave().catch(this.#onError);
    this.#granted.resolve();
    return true;
  }

  /** False = it cannot be written, as on a full disk: then Redis keeps the former bot, too. */
  #note(dataDir: string, fence: number): boolean {
    try {
      writeBotNote(dataDir, { fence, seen: readBotNote(dataDir)?.seen ?? 0 });
      return true;
    } catch (error) {
      this.#deps.log.warn({ err: error }, "bot.json not written");
      return false;
    }
  }

  /** False = another bot has a higher fencing token, or the lease ended. */
  async #keep(last: LastBot): Promise<boolean> {
    for (;;) {
      try {
        return await this.#board.keepLast(last);
      } catch (error) {
        this.#onError(error);
        if (!(this.#lease?.isHeld() ?? false)) return false;
        await sleep(LOOK_MS, this.#over.signal);
      }
    }
  }

  #suspend(): void {
    if (this.#state.kind !== "active") return;
    this.#state = { kind: "suspended" };
    this.#deps.log.warn(
      "⏸ the lease of the bot could not be renewed: it polls nothing and sends nothing until Redis " +
        "grants it again (HOSTS=several)",
    );
    this.onSuspended(this.#lease?.isHeld() ?? false);
    this.#interrupt.abort();
  }

  #lose(): void {
    if (this.#state.kind !== "active" && this.#state.kind !== "suspended") return;
    this.#state = { kind: "lost" };
    this.#interrupt.abort();
    this.#lost.resolve("another bot of this fleet took over while this one stood still");
  }

  async #noRight(right: Exclude<Right, "yes">, last: LastBot | null): Promise<false> {
    const { dataDir } = this.#deps.config;
    const note = readBotNote(dataDir) ?? { fence: NEVER_RAN, seen: 0 };
    // A Redis that forgets everything must not make an old or an empty control.db the present one.
    if (last !== null && last.fence > note.seen)
      writeBotNote(dataDir, { ...note, seen: last.fence });
    return await this.#waits({ kind: "no-right", right, last });
  }

  async #waits(reason: WaitsFor, active?: ActiveBot): Promise<false> {
    const found = active ?? (await this.#board.active().catch(() => null));
    const before = standbyText(this.#state);
    const shown = found && { host: found.host, since: found.since };
    this.#state = { kind: "standby", for: reason, active: shown };
    const text = standbyText(this.#state);
    if (text !== before) this.#deps.log.warn(text ?? "");
    this.#known.resolve();
    return false;
  }

  async #announce(): Promise<void> {
    if (this.#state.kind !== "standby") return;
    const now = this.#deps.clock.monotonicMs();
    if (now - this.#announcedAt < ANNOUNCE_MS) return;
    this.#announcedAt = now;
    const takesOver = this.#state.for.kind !== "no-right";
    const { hostId: host } = this.#deps.config;
    const me: StandbyBot = { id: this.#id, host, since: this.#since, takesOver };
    await this.#board.announce(me).catch(this.#onError);
  }
}

/** What the log and the health page say of a bot that waits; null = it does not wait. */
export function standbyText(state: DutyState): string | null {
  if (state.kind === "suspended") return "suspended: Redis does not renew the lease of the bot";
  if (state.kind !== "standby") return null;
  const { active } = state;
  const who = active
    ? `active is ${active.host}, since ${new Date(active.since).toISOString()}`
    : "no bot is active";
  return `standby; ${who}${reasonOf(state.for)}`;
}

function reasonOf(reason: WaitsFor): string {
  switch (reason.kind) {
    case "folder":
      return "; another process of this machine runs with this data folder";
    case "lease":
      return "";
    case "redis":
      return "; waiting for Redis to grant the lease";
    case "no-right":
      return `; ${noRightText(reason.right, reason.last)}`;
  }
}

function noRightText(right: Exclude<Right, "yes">, last: LastBot | null): string {
  const what = {
    older: "the control.db of this data folder is older",
    unknown: "the control.db of this data folder is not that of the last bot",
    empty: "this data folder has no control.db",
  }[right];
  const who =
    last === null
      ? "another host was the bot, and Redis does not say which"
      : `${last.host} has been the bot since ${new Date(last.since).toISOString()}`;
  return (
    `${what}: ${who}. This one never ` +
    "takes over by itself. To make it the bot: stop the other one, then run here: " +
    "npm run flotilla -- bot --take-over"
  );
}
