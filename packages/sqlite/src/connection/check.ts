import { AppError, type Clock, Deadline, systemClock } from "@flotilla/kernel";
import { fileProblem } from "../inspect/problems.ts";
import type { Database, ReadAccess } from "./database.ts";

/** Result of {@link checkDatabase}. */
export interface CheckResult {
  /** "unfinished" = the budget ran out; the checked tables are intact. */
  readonly verdict: "ok" | "damaged" | "unfinished";
  /** Messages of SQLite, at most ten. */
  readonly findings: readonly string[];
  readonly checkedTables: number;
  readonly tables: number;
  readonly tookMs: number;
}

/** Depth and time budget of {@link checkDatabase}. */
export interface CheckOptions {
  /** "quick" does not compare tables with their indexes. Default "quick". */
  readonly level?: "quick" | "full";
  /**
   * Milliseconds after which no further table is started; the check blocks the event loop. Default
   * 5,000.
   */
  readonly budgetMs?: number;
  readonly clock?: Clock;
}

const DEFAULT_BUDGET_MS = 5000;
/**
 * Up to this size the whole file is checked in one run (about 3 ms per MiB), free pages included.
 */
const WHOLE_FILE_BYTES = 64 * 1024 * 1024;
const MAX_FINDINGS = 10;

/**
 * Runs `PRAGMA quick_check` or `integrity_check` over the open connection; on a big file table by
 * table, within a budget. It neither detects a flipped bit inside a row nor objects to an empty
 * file: keys need their own checksums. Never throws for damage.
 * https://sqlite.org/pragma.html#pragma_integrity_check
 */
export function checkDatabase(database: ReadAccess, options: CheckOptions = {}): CheckResult {
  const { level, budgetMs = DEFAULT_BUDGET_MS, clock = systemClock } = options;
  const started = clock.monotonicMs();
  const deadline = new Deadline(budgetMs, clock);
  const pragma = level === "full" ? "integrity_check" : "quick_check";
  let checked = 0;
  let tables: readonly string[] = [];
  const result = (
    verdict: CheckResult["verdict"],
    findings: readonly string[] = [],
  ): CheckResult => {
    const counts = { checkedTables: checked, tables: tables.length };
    return { verdict, findings, ...counts, tookMs: clock.monotonicMs() - started };
  };
  try {
    tables = database
      .read<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .map(({ name }) => name);
    const whole = fileBytes(database) <= WHOLE_FILE_BYTES;
    for (const table of whole ? [null] : tables) {
      if (deadline.isOver) return result("unfinished");
      const findings = ask(database, pragma, table);
      if (findings.length > 0) return result("damaged", findings);
      checked = whole ? tables.length : checked + 1;
    }
    return result("ok");
  } catch (error) {
    if (error instanceof AppError && DAMAGE.includes(error.code))
      return result("damaged", [error.message]);
    throw error;
  }
}

const DAMAGE: readonly string[] = ["sqlite-corrupt", "sqlite-not-a-database"];

/**
 * Throws AppError `sqlite-corrupt` when {@link checkDatabase} finds damage. An unfinished check
 * passes.
 */
export function assertSound(database: ReadAccess, options: CheckOptions = {}): void {
  const { verdict, findings } = checkDatabase(database, options);
  if (verdict === "damaged")
    throw fileProblem("sqlite-corrupt", database.path, { found: findings.join("; ") });
}

/**
 * Throws AppError `sqlite-deleted` or `sqlite-replaced` when the path no longer leads to the open
 * file.
 */
export function assertStillThere(database: Database): void {
  const now = database.stillThere();
  if (now !== "ok")
    throw fileProblem(now === "deleted" ? "sqlite-deleted" : "sqlite-replaced", database.path);
}

function ask(database: ReadAccess, pragma: string, table: string | null): string[] {
  const argument = table === null ? String(MAX_FINDINGS) : `"${table.replaceAll('"', '""')}"`;
  const rows = database.read<Record<string, string>>(`PRAGMA ${pragma}(${argument})`);
  return rows
    .flatMap((row) => Object.values(row))
    .filter((text) => text !== "ok")
    .slice(0, MAX_FINDINGS);
}

function fileBytes(database: ReadAccess): number {
  const pages = database.readOne<{ page_count: number }>("PRAGMA page_count")?.page_count ?? 0;
  return pages * (database.readOne<{ page_size: number }>("PRAGMA page_size")?.page_size ?? 0);
}
