import type { Asker } from "@flotilla/contracts";
import type { Database } from "@flotilla/sqlite";
import { z } from "zod";
import { ChosenTime, isOnAtFirst, SCHEDULES, type ScheduleId } from "./kinds.ts";

const Part = z.object({
  /** What it is about: a host, or a worker. */
  key: z.string(),
  /** Id of its command; the same at each try. */
  id: z.string(),
  state: z.enum(["waiting", "asked", "done", "failed"]),
  /** What was there before, to see that it changed: the time of the host's last archive. */
  before: z.number().nullable(),
  /** Why it failed, or a word of the one who did it. */
  said: z.string(),
});
/** One command of a run. */
export type Part = z.infer<typeof Part>;
const Parts = z.array(Part);
const Told = z.record(z.string(), z.array(z.string()));

/** A schedule as its owner set it. */
export interface ScheduleRow {
  readonly id: ScheduleId;
  readonly isOn: boolean;
  /** Null = the default. */
  readonly time: ChosenTime | null;
  /** Workers of this tag; empty = all. For the restart at night. */
  readonly tag: string;
  /** Its times up to this one are over. Milliseconds since the epoch. */
  readonly seen: number;
}

/** One run of a schedule. Times in milliseconds since the epoch. */
export interface RunRow {
  readonly n: number;
  readonly schedule: ScheduleId;
  /** The time that it was planned for; that of the press for ▶️ Run now. */
  readonly slot: number;
  readonly begunAt: number;
  readonly endedAt: number | null;
  readonly state: "running" | "done" | "failed" | "skipped";
  readonly isLate: boolean;
  readonly by: Asker;
  readonly parts: readonly Part[];
}

interface RawSchedule {
  readonly id: ScheduleId;
  readonly is_on: 0 | 1;
  readonly time: string | null;
  readonly tag: string;
  readonly seen: number;
}
interface RawRun {
  readonly n: number;
  readonly schedule: ScheduleId;
  readonly slot: number;
  readonly begun_at: number;
  readonly ended_at: number | null;
  readonly state: RunRow["state"];
  readonly is_late: 0 | 1;
  readonly by_id: string;
  readonly by_name: string;
  readonly parts: string;
}

const KEEP_MS = 60 * 24 * 3_600_000;

/** Schedules and their runs in control.db: Redis only wakes the bot up. */
export class ScheduleStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Writes down schedules that are new; their first time comes after `now`. */
  begin(now: number): void {
    for (const id of SCHEDULES)
      this.#db.write(
        "INSERT INTO schedule (id, is_on, tag, seen) VALUES (?, ?, '', ?) ON CONFLICT DO NOTHING",
        [id, isOnAtFirst(id) ? 1 : 0, now],
      );
  }

  all(): ScheduleRow[] {
    const rows = this.#db.read<RawSchedule>("SELECT * FROM schedule").map(scheduleOf);
    return SCHEDULES.flatMap((id) => rows.find((row) => row.id === id) ?? []);
  }

  find(id: ScheduleId): ScheduleRow | null {
    return this.all().find((row) => row.id === id) ?? null;
  }

  /** Changes it; its times up to now are over, so that a change lets nothing run at once. */
  set(
    id: ScheduleId,
    { isOn, time, tag }: Pick<ScheduleRow, "isOn" | "time" | "tag">,
    now: number,
  ): void {
    this.#db.write("UPDATE schedule SET is_on = ?, time = ?, tag = ?, seen = ? WHERE id = ?", [
      isOn ? 1 : 0,
      time && JSON.stringify(time),
      tag,
      now,
      id,
    ]);
  }

  setSeen(id: ScheduleId, seen: number): void {
    this.#db.write("UPDATE schedule SET seen = ? WHERE id = ?", [seen, id]);
  }

  /** What the self-check of each host found last, and was told of. */
  told(): Readonly<Record<string, readonly string[]>> {
    const row = this.#db.readOne<{ told: string }>("SELECT told FROM schedule WHERE id = 'check'");
    return row ? (Told.safeParse(JSON.parse(row.told)).data ?? {}) : {};
  }

  setTold(told: Readonly<Record<string, readonly string[]>>): void {
    this.#db.write("UPDATE schedule SET told = ? WHERE id = 'check'", [JSON.stringify(told)]);
  }

  /** Writes a run down before anything of it is done; returns its number. */
  addRun(run: Omit<RunRow, "n">): number {
    this.#db.write("DELETE FROM schedule_run WHERE begun_at < ?", [run.begunAt - KEEP_MS]);
    const sql = `INSERT INTO schedule_run (schedule, slot, begun_at, ended_at, state, is_late, by_id,
      by_name, parts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const { lastId } = this.#db.write(sql, [
      run.schedule,
      run.slot,
      run.begunAt,
      run.endedAt,
      run.state,
      run.isLate ? 1 : 0,
      run.by.id,
      run.by.name,
      JSON.stringify(run.parts),
    ]);
    return lastId;
  }

  keepParts(n: number, parts: readonly Part[]): void {
    this.#db.write("UPDATE schedule_run SET parts = ? WHERE n = ?", [JSON.stringify(parts), n]);
  }

  endRun(n: number, state: "done" | "failed", now: number): void {
    const sql = "UPDATE schedule_run SET state = ?, ended_at = ? WHERE n = ? AND state = 'running'";
    this.#db.write(sql, [state, now, n]);
  }

  running(): RunRow[] {
    return this.#runs("state = 'running' ORDER BY n", []);
  }

  /** The last runs of a schedule, newest first. */
  history(id: ScheduleId, limit: number): RunRow[] {
    return this.#runs("schedule = ? ORDER BY n DESC LIMIT ?", [id, limit]);
  }

  #runs(where: string, values: (string | number)[]): RunRow[] {
    return this.#db.read<RawRun>(`SELECT * FROM schedule_run WHERE ${where}`, values).map(runOf);
  }
}

function scheduleOf({ id, is_on, time, tag, seen }: RawSchedule): ScheduleRow {
  const chosen = time === null ? null : (ChosenTime.safeParse(JSON.parse(time)).data ?? null);
  return { id, isOn: is_on === 1, time: chosen, tag, seen };
}

function runOf(row: RawRun): RunRow {
  return {
    n: row.n,
    schedule: row.schedule,
    slot: row.slot,
    begunAt: row.begun_at,
    endedAt: row.ended_at,
    state: row.state,
    isLate: row.is_late === 1,
    by: { id: row.by_id, name: row.by_name },
    parts: Parts.safeParse(JSON.parse(row.parts)).data ?? [],
  };
}
