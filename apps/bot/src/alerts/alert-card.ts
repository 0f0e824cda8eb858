import { ErrorClass, encodePress, WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { type Html, html, lines } from "../screens/html.ts";
import type { Card } from "../screens/screen.ts";
import { clockTime, duration } from "../screens/words.ts";

/** What an alert card is made from. Kept in the database; rendered at each delivery. */
export const AlertBody = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("crash"),
    worker: WorkerIdField,
    host: z.string(),
    how: z.string(),
    uptimeMs: z.number(),
    firstErrorLine: z.string().nullable(),
    class: ErrorClass,
    count: z.number(),
    /** What happens next, in one sentence. */
    next: z.string(),
    gaveUp: z.boolean(),
    /** Somebody pressed a button on the card. */
    action: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("needs-login"),
    worker: WorkerIdField,
    host: z.string(),
    code: z.string(),
    action: z.string().nullable(),
  }),
]);
export type AlertBody = z.infer<typeof AlertBody>;

/** An alert as it stands. */
export interface AlertRow {
  readonly n: number;
  readonly state: "open" | "resolved";
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly resolvedBy: string | null;
  readonly body: AlertBody;
  readonly revision: number;
}

/** The card in the admins' chats. A resolved alert keeps its facts, and loses its buttons. */
export function alertCard(alert: AlertRow): Card {
  if (alert.state === "resolved")
    return { html: lines(resolvedLine(alert), "", html`<i>${facts(alert)}</i>`).text, keyboard: [] };
  return {
    html: lines(facts(alert), alert.body.action ? html`\n${alert.body.action}` : null).text,
    keyboard: buttons(alert.body),
  };
}

/** The silent reply that tells of the end: an edit gives no notification. */
export function resolvedText(alert: AlertRow): string {
  return resolvedLine(alert).text;
}

function resolvedLine(alert: AlertRow): Html {
  const after = duration((alert.resolvedAt ?? alert.openedAt) - alert.openedAt);
  return html`✅ <b>${alert.body.worker}</b> #A-${alert.n} solved after ${after}${alert.resolvedBy ? ` (${alert.resolvedBy})` : ""}`;
}

function facts(alert: AlertRow): Html {
  const { body } = alert;
  const since = html`Since ${clockTime(alert.openedAt)} · ${body.host} · #A-${alert.n}`;
  if (body.kind === "needs-login") {
    return lines(
      html`🔴 🔑 <b>${body.worker}</b> needs login`,
      html`Telegram ended this session (${body.code}). No restart will be tried.`,
      since,
      "Do: press 🔐 Authenticate (about 1 min).",
    );
  }
  return lines(
    crashTitle(body),
    body.firstErrorLine ? html`<code>${body.firstErrorLine}</code>` : html`<i>It left no error text.</i>`,
    html`${body.next}`,
    since,
  );
}

function crashTitle(body: Extract<AlertBody, { kind: "crash" }>): Html {
  const times = body.count > 1 ? ` · ${body.count} times` : "";
  if (body.class === "SESSION_LOCKED" || body.class === "IN_USE")
    return html`🟠 💾 <b>${body.worker}</b>: session file in use${times}`;
  const title = body.gaveUp ? html`🔴 ❌ <b>${body.worker}</b> gave up` : html`🟠 ❌ <b>${body.worker}</b> crashed`;
  return html`${title} (${body.how}, after ${duration(body.uptimeMs)}${times})`;
}

function buttons(body: AlertBody): Card["keyboard"] {
  const log = { text: "📜 Log", callback_data: encodePress("log", body.worker) };
  const details = { text: "👷 Details", callback_data: encodePress("worker", body.worker) };
  if (body.kind === "needs-login")
    return [[{ text: "🔐 Authenticate", callback_data: encodePress("login", body.worker) }, log]];
  return [[{ text: "🔄 Restart", callback_data: encodePress("restart", body.worker) }, log], [details]];
}
