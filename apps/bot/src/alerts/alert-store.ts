import type { WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { Said } from "../kit/words/said.ts";
import { AlertBody, type AlertRow } from "./alert-body.ts";
import { alertRule } from "./kinds.ts";
import { type AlertFact, isSilenced } from "./plan.ts";
import { SilenceStore, silenceFacts } from "./silence-store.ts";

interface RawAlert {
  readonly n: number;
  readonly subject: string;
  readonly opened_at: number;
  readonly ready_at: number;
  readonly resolved_at: number | null;
  readonly resolved_by: string | null;
  readonly body: string;
  readonly card: number | null;
}

/** Milliseconds for which solved alerts stay in the history. */
const KEEP_MS = 30 * 24 * 3_600_000;

/** Alerts: each is open until it is resolved. What is told, and to whom, is on cards. */
export class AlertStore {
  readonly #db: Database;
  readonly #holdMs: number;
  readonly #silences: SilenceStore;

  /**
   * `holdMs`: what often passes by itself is told only when it lasts longer (`waits` of its kind).
   */
  constructor(db: Database, holdMs: number) {
    this.#db = db;
    this.#holdMs = holdMs;
    this.#silences = new SilenceStore(db);
  }

  /** The open alert about a subject. */
  open(subject: string): AlertRow | null {
    return this.#rows("subject = ? AND state = 'open'", [subject])[0] ?? null;
  }

  /** True when there is or was an alert about a subject. */
  known(subject: string): boolean {
    return this.#db.readOne("SELECT n FROM alert WHERE subject = ?", [subject]) !== undefined;
  }

  openOf(worker: WorkerId): AlertRow[] {
    return this.allOpen().filter((alert) => alert.body.worker === worker);
  }

  allOpen(): AlertRow[] {
    return this.#rows("state = 'open'", []);
  }

  /** Open, or resolved after `since`; newest first. */
  history(since: number): AlertRow[] {
    return this.#rows("state = 'open' OR resolved_at > ?", [since]).reverse();
  }

  /** Alerts are held for this long. Milliseconds. */
  get holdMs(): number {
    return this.#holdMs;
  }

  ofCard(card: number): AlertRow[] {
    return this.#rows("card = ?", [card]);
  }

  countOpen(): number {
    return (
      this.#db.readOne<{ count: number }>(
        "SELECT count(*) AS count FROM alert WHERE state = 'open'",
      )?.count ?? 0
    );
  }

  /** Open alerts without a card, and solved ones that no admin was told of. */
  untold(): AlertRow[] {
    return this.#rows("card IS NULL AND dropped = 0", []);
  }

  /**
   * Opens the alert, or puts a new body on the open one. `since`: when the trouble began, which may
   * be before it was noticed. Its card is told with a sound again when the first alert on it
   * becomes red, unless it is muted: then its repeat tells of it.
   */
  raise(subject: string, body: AlertBody, now: number, since: number = now): void {
    this.#db.transaction(() => {
      const open = this.open(subject);
      // Parsed, so that the same body has its fields in the same order as the one read back.
      const text = JSON.stringify(AlertBody.parse(body));
      if (!open) {
        this.#db.write(
          "INSERT INTO alert (subject, state, opened_at, ready_at, body) VALUES (?, 'open', ?, ?, ?)",
          [subject, since, now + (alertRule(body.kind).waits ? this.#holdMs : 0), text],
        );
        return;
      }
      if (JSON.stringify(open.body) === text) return;
      const worse =
        isRed(body) &&
        !this.#isQuiet(open, body, now) &&
        !(open.card === null ? [open] : this.ofCard(open.card)).some((each) => isRed(each.body));
      this.#db.write("UPDATE alert SET body = ? WHERE n = ?", [text, open.n]);
      const telling = worse ? ", telling = telling + 1, silent = 0, told_at = ?" : "";
      if (open.card !== null)
        this.#db.write(
          `UPDATE card SET revision = revision + 1${telling} WHERE n = ?`,
          worse ? [now, open.card] : [open.card],
        );
    });
  }

  /**
   * One trouble that changes its form, such as a worker that crashed and finds its session locked
   * now, stays one alert on its card (field fault K9): the alert of the first of `from` that is
   * open is about `to` from now on.
   */
  become(from: readonly string[], to: string): void {
    const before = from.map((subject) => this.open(subject)).find((alert) => alert !== null);
    if (before && !this.open(to))
      this.#db.write("UPDATE alert SET subject = ? WHERE n = ?", [to, before.n]);
  }

  /** Ends an alert, and its card when it was the last one there. */
  resolve(n: number, by: Said, now: number): void {
    this.#db.transaction(() => {
      const sql = `UPDATE alert SET state = 'resolved', resolved_at = ?, resolved_by = ? WHERE n = ? AND
          state = 'open'`;
      if (this.#db.write(sql, [now, JSON.stringify(by), n]).changes === 0) return;
      const card =
        this.#db.readOne<{ card: number | null }>("SELECT card FROM alert WHERE n = ?", [n])
          ?.card ?? null;
      if (card === null) return;
      const left = this.#db.readOne("SELECT n FROM alert WHERE card = ? AND state = 'open'", [
        card,
      ]);
      this.#db.write("UPDATE card SET revision = revision + 1, resolved_at = ? WHERE n = ?", [
        left ? null : now,
        card,
      ]);
    });
  }

  /** It was over before anybody had to know. */
  drop(n: number): void {
    this.#db.write("UPDATE alert SET dropped = 1 WHERE n = ?", [n]);
  }

  /** Something explains it or keeps it quiet: it is held from now on. */
  hold(n: number, now: number): void {
    this.#db.write("UPDATE alert SET ready_at = ? WHERE n = ?", [now + this.#holdMs, n]);
  }

  /** Forgets what ended long ago. */
  prune(now: number): void {
    this.#db.transaction(() => {
      const old = "SELECT n FROM card WHERE resolved_at < ?";
      this.#db.write(`DELETE FROM delivery WHERE card IN (${old})`, [now - KEEP_MS]);
      this.#db.write(
        `DELETE FROM alert WHERE card IN (${old}) OR (card IS NULL AND resolved_at < ?)`,
        [now - KEEP_MS, now - KEEP_MS],
      );
      this.#db.write("DELETE FROM owed WHERE card IN (SELECT n FROM card WHERE resolved_at < ?)", [
        now - KEEP_MS,
      ]);
      this.#db.write("DELETE FROM card WHERE resolved_at < ?", [now - KEEP_MS]);
    });
  }

  /** Whether its card or its worker is silent: then an open alert that gets worse makes no sound. */
  #isQuiet(open: AlertRow, body: AlertBody, now: number): boolean {
    const isMuted = this.#db.readOne("SELECT 1 FROM card WHERE n = ? AND muted_until > ?", [
      open.card,
      now,
    ]);
    const silences = silenceFacts(this.#silences.active(now));
    return isMuted !== undefined || isSilenced(factOf({ ...open, body }), silences, now);
  }

  #rows(where: string, values: readonly (string | number)[]): AlertRow[] {
    return this.#db
      .read<RawAlert>(`SELECT * FROM alert WHERE ${where} ORDER BY n`, values)
      .flatMap(parseRow);
  }
}

/** An alert as the rules see it. */
export function factOf(alert: AlertRow): AlertFact {
  const { n, readyAt, resolvedAt, body } = alert;
  return {
    n,
    readyAt,
    resolvedAt,
    kind: body.kind,
    worker: body.worker,
    host: body.host,
    code: body.code ?? "",
  };
}

function isRed({ kind }: AlertBody): boolean {
  return alertRule(kind).level === "red";
}

function parseRow(row: RawAlert): AlertRow[] {
  const body = AlertBody.safeParse(JSON.parse(row.body));
  if (!body.success) return [];
  const resolvedBy =
    row.resolved_by === null ? null : (Said.safeParse(JSON.parse(row.resolved_by)).data ?? null);
  const { n, subject, card } = row;
  return [
    {
      n,
      subject,
      card,
      openedAt: row.opened_at,
      readyAt: row.ready_at,
      resolvedAt: row.resolved_at,
      resolvedBy,
      body: body.data,
    },
  ];
}
