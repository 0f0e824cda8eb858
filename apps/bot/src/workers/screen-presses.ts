import { ALERT_TABS } from "../alerts/alerts-screen.ts";
import { ALERT_KINDS } from "../alerts/kinds.ts";
import { askDoctors } from "../health/doctor.ts";
import { ask, type Handler, show, withWorker } from "../kit/deps.ts";

const pageOf = (arg: string): number => Number.parseInt(arg || "0", 10) || 0;

const cancel: Handler = (deps, context) => show(deps, context, { kind: "menu" });

/** Buttons that only lead to another screen. */
export const screenPresses = {
  menu: (deps, context) => show(deps, context, { kind: "menu" }),
  cancel,
  workers: (deps, context) => {
    const { arg, worker: tag } = context.press;
    const find = tag === "" ? "" : `#${tag}`;
    return show(deps, context, {
      kind: "workers",
      page: pageOf(arg),
      problems: arg.endsWith("-p"),
      find,
    });
  },
  find: (deps, context) => ask(deps, context, "find", null),
  worker: withWorker((deps, context, { id }) =>
    show(deps, context, { kind: "worker", worker: id }),
  ),
  more: withWorker((deps, context, { id }) => show(deps, context, { kind: "more", worker: id })),
  logins: (deps, context) =>
    show(deps, context, { kind: "logins", page: pageOf(context.press.arg) }),
  health: (deps, context) => show(deps, context, { kind: "health" }),
  doctor: async (deps, context) => show(deps, context, await askDoctors(deps, context)),
  alerts: (deps, context) => {
    const [wanted, page = ""] = context.press.arg.split("-");
    const tab = ALERT_TABS.find((each) => each === wanted) ?? "open";
    return show(deps, context, { kind: "alerts", tab, page: pageOf(page) });
  },
  crew: (deps, context) => {
    const [card = "", page = ""] = context.press.arg.split("-");
    return show(deps, context, {
      kind: "crew",
      card: Number.parseInt(card, 36) || 0,
      page: pageOf(page),
    });
  },
  runbook: (deps, context) => {
    const about = ALERT_KINDS.find((kind) => kind === context.press.arg);
    return show(
      deps,
      context,
      about ? { kind: "runbook", about } : { kind: "alerts", tab: "open", page: 0 },
    );
  },
  audit: (deps, context) =>
    show(deps, context, {
      kind: "audit",
      page: pageOf(context.press.arg),
      find: context.press.worker,
    }),
  auditfile: async (deps, context) => {
    await context.toast();
    const words = deps.wordsOf(context.chat);
    const rows = deps.audit.find(context.press.worker, 10_000);
    const lines = rows.map((row) =>
      [new Date(row.at).toISOString(), row.byName, row.worker ?? "", words.plain(row.what)]
        .map(csv)
        .join(","),
    );
    await deps.sendFile(
      context.chat,
      "audit.csv",
      ["at,by,worker,what", ...lines, ""].join("\r\n"),
    );
  },
} satisfies Record<string, Handler>;

/**
 * One field of a CSV file. A leading sign that a spreadsheet takes for a formula is made harmless.
 */
function csv(field: string): string {
  const safe = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return `"${safe.replace(/"/g, '""')}"`;
}
