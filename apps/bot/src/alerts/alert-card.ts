import { encodePress, HostIdField, WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { verbButton } from "../screens/buttons.ts";
import { type Html, html, lines } from "../screens/html.ts";
import type { Card } from "../screens/screen.ts";
import { Said } from "../words/said.ts";
import type { Words } from "../words/words.ts";

/** What an alert card is made from: kept in the database as keys of texts, rendered for each reader at each delivery. */
export const AlertBody = z.object({
  /** One alert per worker and kind is open at a time. */
  kind: z.enum(["crash", "needs-login", "locked", "broken", "storage"]),
  worker: WorkerIdField,
  host: HostIdField,
  /** How often it happened since it opened. */
  times: z.number().int().positive(),
  title: Said,
  details: z.array(Said),
  buttons: z.array(z.enum(["restart", "login", "log", "worker", "who", "retry", "backups"])),
  /** What somebody did about it. */
  action: Said.nullable(),
});
export type AlertBody = z.infer<typeof AlertBody>;

/** An alert as it stands. */
export interface AlertRow {
  readonly n: number;
  readonly state: "open" | "resolved";
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly resolvedBy: Said | null;
  readonly body: AlertBody;
  readonly revision: number;
}

/** The card in the admins' chats. A resolved alert keeps its facts, and loses its buttons. */
export function alertCard(words: Words, alert: AlertRow): Card {
  const { body } = alert;
  const facts = lines(
    words.said(body.title),
    ...body.details.map((each) => words.said(each)),
    words.html("alert-since", { at: alert.openedAt, host: body.host, n: String(alert.n) }),
  );
  if (alert.state === "resolved")
    return { html: lines(resolvedLine(words, alert), "", html`<i>${facts}</i>`).text, keyboard: [] };
  return {
    html: lines(facts, body.action ? html`\n${words.said(body.action)}` : null).text,
    keyboard: buttonRows(words, body),
  };
}

/** The silent reply that tells of the end: an edit gives no notification. */
export function resolvedText(words: Words, alert: AlertRow): string {
  return resolvedLine(words, alert).text;
}

function resolvedLine(words: Words, alert: AlertRow): Html {
  return words.html("alert-solved", {
    worker: alert.body.worker,
    n: String(alert.n),
    ms: (alert.resolvedAt ?? alert.openedAt) - alert.openedAt,
    how: alert.resolvedBy ? words.said(alert.resolvedBy) : words.html("solved-itself"),
  });
}

function buttonRows(words: Words, body: AlertBody): Card["keyboard"] {
  const buttons = body.buttons.map((verb) =>
    verb === "worker"
      ? { text: words.text("button-details"), callback_data: encodePress("worker", body.worker) }
      : verbButton(words, verb, body.worker),
  );
  return [buttons.slice(0, 2), buttons.slice(2)].filter((row) => row.length > 0);
}
