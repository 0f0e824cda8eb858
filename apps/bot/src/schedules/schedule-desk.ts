import type { Asker } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { isSlot, nextRun, type Timing, type WantedSchedule } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import type { AlertStore } from "../alerts/alert-store.ts";
import { say } from "../kit/words/said.ts";
import type { AuditLog } from "../workers/deps.ts";
import {
  BY_SCHEDULE,
  SCHEDULES,
  type ScheduleDefaults,
  type ScheduleId,
  timingOf,
} from "./kinds.ts";
import { tellOfFindings, tellOfRun } from "./schedule-alerts.ts";
import type { Part, RunRow, ScheduleRow, ScheduleStore } from "./schedule-store.ts";
import { WORK, type WorkDeps } from "./work.ts";

/** Parts of {@link ScheduleDesk}. */
export interface DeskDeps extends WorkDeps {
  readonly db: Database;
  readonly schedules: ScheduleStore;
  readonly defaults: ScheduleDefaults;
  readonly alerts: AlertStore;
  readonly audit: AuditLog;
  readonly host: HostId;
}

/** A tick that comes later than this after its time is late, and stands for all missed ones. */
const LATE_MS = 5 * 60_000;
/** A tick may be so far ahead of this clock. */
const AHEAD_MS = 60_000;
/** Redis has this time to bring a tick; then it is lost, and the bot acts without it. */
const LOST_MS = 90_000;

/**
 * The schedules of the fleet. Redis says when a time has come; what is due, what runs and how it
 * went is in control.db. So each time has one run, whatever Redis forgets or repeats, and a bot
 * that starts again finishes what runs.
 */
export class ScheduleDesk {
  readonly #deps: DeskDeps;
  readonly #startedMs: number;
  #looking: Promise<void> | null = null;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonicMs();
    deps.schedules.begin(deps.clock.now());
  }

  /** Every schedule that is on, for its job scheduler. */
  wanted(): WantedSchedule[] {
    return this.#deps.schedules.all().flatMap((row) => {
      const timing = row.isOn ? this.timing(row) : null;
      return timing ? [{ id: row.id, timing, after: row.seen }] : [];
    });
  }

  /** When a schedule is due; null = never. */
  timing({ id, time }: ScheduleRow): Timing | null {
    return timingOf(id, time, this.#deps.defaults);
  }

  /** The next time of a schedule, in milliseconds since the epoch; null = it is off. */
  next(row: ScheduleRow): number | null {
    const timing = row.isOn ? this.timing(row) : null;
    return timing && nextRun(timing, Math.max(row.seen, this.#deps.clock.now()));
  }

  /** Takes a tick. One that is none of the schedule, or whose time is over, changes nothing. */
  tick(schedule: string, slot: number): void {
    const row = this.#deps.schedules.all().find(({ id }) => id === schedule);
    const timing = row?.isOn === true ? this.timing(row) : null;
    if (!row || !timing || slot > this.#deps.clock.now() + AHEAD_MS) return;
    if (isSlot(timing, slot, row.seen)) this.#begin(row, slot, BY_SCHEDULE);
  }

  /** ▶️ Run now. Null = it runs already. */
  runNow(id: ScheduleId, by: Asker): RunRow | null {
    const row = this.#deps.schedules.find(id);
    if (!row || this.#running(id)) return null;
    this.#begin(row, this.#deps.clock.now(), by);
    return this.#running(id);
  }

  /**
   * Carries on what runs, and begins what no tick came for. `isRedisThere` false: nothing can be
   * asked of the fleet now. Never rejects.
   */
  async look(isRedisThere: boolean): Promise<void> {
    if (!isRedisThere) return;
    this.#looking ??= this.#carryOn().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #carryOn(): Promise<void> {
    this.#catchUp();
    for (const run of this.#deps.schedules.running()) await this.#advance(run);
  }

  /** A Redis that lost its data, or whose clock moved, brings no tick. */
  #catchUp(): void {
    const { schedules, clock } = this.#deps;
    const now = clock.now();
    for (const row of schedules.all()) {
      // The clock was ahead when this was written: it would stop the schedule until then.
      if (row.seen > now + AHEAD_MS) schedules.setSeen(row.id, now);
      else if (row.isOn && clock.monotonicMs() - this.#startedMs > LOST_MS) {
        const timing = this.timing(row);
        const due = timing && nextRun(timing, row.seen);
        if (due !== null && due < now - LOST_MS) this.#begin(row, due, BY_SCHEDULE);
      }
    }
  }

  /** In one transaction: a bot that dies here has begun it, or gets the tick again. */
  #begin(row: ScheduleRow, slot: number, by: Asker): void {
    const { db, schedules, clock, audit } = this.#deps;
    const now = clock.now();
    const isLate = now - slot > LATE_MS;
    const isBusy = this.#running(row.id) !== null;
    db.transaction(() => {
      if (by.id === BY_SCHEDULE.id) schedules.setSeen(row.id, isLate ? now : slot);
      const keys = isBusy ? [] : WORK[row.id].plan(this.#deps, row, by);
      const about = { schedule: row.id, slot, begunAt: now, isLate, by };
      schedules.addRun({
        ...about,
        state: isBusy ? "skipped" : "running",
        endedAt: isBusy ? now : null,
        parts: keys.map((key, index) => ({
          key,
          id: `s${now.toString(36)}-${row.id}-${index}`,
          state: "waiting",
          before: null,
          said: "",
        })),
      });
      const how = isLate ? "late" : "on-time";
      audit.write(
        by,
        say("audit-schedule", { what: row.id, how: isBusy ? "skipped" : how }),
        null,
        now,
      );
    });
  }

  #running(id: ScheduleId): RunRow | null {
    return this.#deps.schedules.running().find(({ schedule }) => schedule === id) ?? null;
  }

  async #advance(run: RunRow): Promise<void> {
    const { schedules } = this.#deps;
    const { atOnce, step } = WORK[run.schedule];
    const isOpen = ({ state }: Part): boolean => state === "waiting" || state === "asked";
    const inHand = new Set(
      run.parts
        .filter(isOpen)
        .toSorted((a, b) => Number(b.state === "asked") - Number(a.state === "asked"))
        .slice(0, atOnce),
    );
    const parts: Part[] = [];
    for (const part of run.parts)
      parts.push(...(inHand.has(part) ? await step(this.#deps, part, run) : [part]));
    if (JSON.stringify(parts) !== JSON.stringify(run.parts)) schedules.keepParts(run.n, parts);
    if (!parts.some(isOpen)) this.#end({ ...run, parts });
  }

  #end(run: RunRow): void {
    const { db, schedules, clock, audit } = this.#deps;
    const now = clock.now();
    const failed = run.parts.filter(({ state }) => state === "failed").length;
    db.transaction(() => {
      schedules.endRun(run.n, failed === 0 ? "done" : "failed", now);
      const numbers = { done: run.parts.length - failed, total: run.parts.length };
      const said = say("audit-schedule-end", {
        what: run.schedule,
        ms: now - run.begunAt,
        ...numbers,
      });
      audit.write(run.by, said, null, now);
      tellOfRun(this.#deps, run, now);
      if (run.schedule === "check") tellOfFindings(this.#deps, run, now);
    });
  }
}

/** The schedule that a button or a question is about; null = of another version. */
export function scheduleNamed(name: string): ScheduleId | null {
  return SCHEDULES.find((id) => id === name) ?? null;
}
