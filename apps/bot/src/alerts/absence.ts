import type { WorkerStatus } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import type { SettingStore } from "../admins/setting-store.ts";
import type { RollupStore } from "../charts/rollup-store.ts";
import { type Said, say } from "../kit/words/said.ts";
import { alertBody } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";

/** Parts of {@link Absence}. */
export interface AbsenceDeps {
  readonly settings: SettingStore;
  readonly rollups: RollupStore;
  readonly alerts: AlertStore;
  readonly host: HostId;
}

/**
 * Who is not looked at for longer than this was asleep, such as a laptop, or did not run.
 * Milliseconds.
 */
const ABSENT_MS = 10_000;
/** That the bot runs is written down this often. */
const SEEN_EVERY_MS = 5000;
/** Workers that are not back by then are told as such. */
const PATIENCE_MS = 120_000;
/** So many names stand in the notice. */
const NAMED = 30;

interface Gap {
  readonly from: number;
  readonly to: number;
  /** Workers that ran before it. */
  readonly before: readonly string[];
}

/**
 * Records when the bot itself did not run. The watch does not blame hosts for that time (field
 * fault D5). After an exit without a stop, one notice gives the time span and the workers that were
 * off Telegram (K4). Times are milliseconds since the Unix epoch.
 */
export class Absence {
  readonly #deps: AbsenceDeps;
  #lookedAt: number | null = null;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #watchingSince: number | null = null;
  #gap: Gap | null = null;

  constructor(deps: AbsenceDeps) {
    this.#deps = deps;
  }

  /**
   * One look; `heard`: Redis answers. Returns since when the fleet can be seen without a gap; null
   * = it cannot be. A process in `statuses` that is newer than the last note makes a new one: what
   * the bot has seen start did not start because everything was killed.
   */
  look(now: number, heard: boolean, statuses: readonly WorkerStatus[] = []): number | null {
    if (this.#lookedAt === null) this.#begin(now);
    const slept = this.#lookedAt !== null && Math.abs(now - this.#lookedAt) > ABSENT_MS;
    this.#lookedAt = now;
    if (!heard) this.#watchingSince = null;
    else if (slept || this.#watchingSince === null) this.#watchingSince = now;
    const isNew = (at: number | null): boolean => at !== null && at > this.#writtenAt && at <= now;
    const isNewer = statuses.some(({ startedAt }) => isNew(startedAt));
    if (isNewer || Math.abs(now - this.#writtenAt) >= SEEN_EVERY_MS) this.#seen(now, false);
    return this.#watchingSince;
  }

  /** Tells of a time in which nothing ran, once it is known which workers are back. */
  tell(now: number, statuses: readonly WorkerStatus[]): void {
    const gap = this.#gap;
    if (!gap) return;
    const known = new Map(statuses.map((status) => [status.worker as string, status]));
    const back = gap.before.filter((worker) => (known.get(worker)?.startedAt ?? 0) > gap.from);
    const isHeard = (worker: string): boolean => (known.get(worker)?.updatedAt ?? 0) > gap.to;
    const stayed = gap.before.filter((worker) => !back.includes(worker) && isHeard(worker));
    const ran = stayed.filter((worker) => (known.get(worker)?.pid ?? null) !== null);
    const settled = back.length + ran.length === gap.before.length;
    if (!settled && now - gap.to < PATIENCE_MS) return;
    this.#gap = null;
    // Where one ran on, its supervisor did: the others crashed, each with a card of its own.
    const up = new Set(ran.map((worker) => known.get(worker)?.host));
    const wasOff = (worker: string): boolean =>
      !ran.includes(worker) && !up.has(known.get(worker)?.host);
    const off = gap.before.filter(wasOff);
    const missing = off.filter((worker) => !back.includes(worker));
    const starts = off.map((worker) => known.get(worker)?.startedAt ?? gap.to);
    this.#raise(gap, Math.max(gap.to, ...starts), { off, missing }, now);
  }

  /** It is stopped as it should be: nothing is to be told of the time until its next start. */
  stopped(now: number): void {
    if (this.#lookedAt !== null) this.#seen(now, true);
  }

  #begin(now: number): void {
    const before = this.#deps.settings.seen();
    if (before === null || before.stopped || now <= before.at) return;
    this.#gap = { from: before.at, to: now, before: this.#deps.rollups.running() };
  }

  #raise(
    { from, to, before }: Gap,
    backAt: number,
    { off, missing }: { readonly off: readonly string[]; readonly missing: readonly string[] },
    now: number,
  ): void {
    const isBotAlone = off.length === 0;
    // Its launcher starts it again within seconds: that is nothing to tell.
    if (isBotAlone && to - from < ABSENT_MS) return;
    const until = isBotAlone ? to : backAt;
    const title = say(isBotAlone ? "notice-bot-away" : "notice-fleet-away", {
      from,
      to: until,
      ms: until - from,
    });
    const details: Said[] = [];
    if (off.length > 0)
      details.push(
        say("notice-fleet-off", { count: off.length, total: before.length, names: named(off) }),
      );
    if (missing.length > 0)
      details.push(say("notice-fleet-missing", { count: missing.length, names: named(missing) }));
    const body = alertBody({
      kind: "notice",
      host: this.#deps.host,
      title,
      details,
    });
    this.#deps.alerts.raise(`notice:away:${from}`, body, now);
  }

  #seen(at: number, stopped: boolean): void {
    this.#writtenAt = at;
    this.#deps.settings.keepSeen({ at, stopped });
  }
}

function named(workers: readonly string[]): string {
  const more = workers.length - NAMED;
  return `${workers.slice(0, NAMED).join(", ")}${more > 0 ? `, +${more}` : ""}`;
}
