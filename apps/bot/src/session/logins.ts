import { type Device, WorkerIdField } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, paged, refreshButton } from "../kit/keyboard.ts";
import { notDone, pageOf, show } from "../kit/press.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { KnownDevices } from "../workers/answers.ts";
import { why } from "../workers/command-line.ts";
import type { CommandRow, CommandStore } from "../workers/command-store.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { ofWorker } from "../workers/of-worker.ts";
import {
  type FleetView,
  iconOf,
  nameOf,
  problemsFirst,
  unbroken,
  type WorkerView,
} from "../workers/view.ts";

const data = z.object({ page: z.number().int().nonnegative() });
const devicesData = z.object({ worker: WorkerIdField, command: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    logins: z.infer<typeof data>;
    devices: z.infer<typeof devicesData>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    logins: true;
    devices: true;
  }
}

type KnownDeps = Pick<WorkerDeps, "answers">;

/** 🔐 Logins: what was last heard of each session, without a question to Telegram. */
export const logins = screen("logins", data, ({ answers }: KnownDeps, view: FleetView, { page }) =>
  loginsScreen(view, page, (worker) => answers.devices(worker)),
);
/** 🔐 Logins; the argument is the page. */
export const loginsButton = button("logins", "viewer", (deps: WorkerDeps, context) =>
  show(deps, context, { kind: "logins", page: pageOf(context.press.arg) }),
);

/** 📱 Devices; the last known ones until the answer to `command` is there. */
export const devices = screen(
  "devices",
  devicesData,
  (deps: KnownDeps & { readonly commandLog: CommandStore }, view: FleetView, shown) =>
    devicesScreen(
      view,
      shown,
      deps.answers.devices(shown.worker),
      deps.commandLog.find(shown.command),
    ),
);
/** 📱 Devices; asks Telegram for them through the worker. */
export const devicesButton = button(
  "devices",
  "viewer",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const result = await deps.commands.askWorker("devices", id, context);
    if (result.kind === "failed") return await notDone(deps, context, id, result.why);
    await show(deps, context, { kind: "devices", worker: id, command: result.id });
  }),
);

const PAGE = 8;

/** The logins of a worker's account as they were last asked for. */
type DevicesOf = (worker: WorkerId) => KnownDevices | null;

/** 🔐 Logins: every session, whose it is, and when Telegram last answered it. */
export function loginsScreen(view: FleetView, page: number, devicesOf: DevicesOf): Card {
  const { words } = view;
  const sorted = problemsFirst(view.workers);
  const at = (to: number): string => encodePress("logins", "", String(to));
  const { shown, current, pager } = paged(sorted, { page, size: PAGE, at });
  return {
    html: lines(
      words.html("logins-title", { count: sorted.length }),
      "",
      ...shown.map((worker) => line(view, worker, devicesOf(worker.id))),
    ).text,
    keyboard: [
      ...shown.map((worker) => [
        { text: `${iconOf(worker)} ${worker.id}`, callback_data: encodePress("worker", worker.id) },
        { text: "📱", callback_data: encodePress("devices", worker.id) },
      ]),
      ...pager,
      [refreshButton(words, at(current)), backButton(words, encodePress("menu"))],
    ],
  };
}

function line({ words }: FleetView, worker: WorkerView, known: KnownDevices | null): Html {
  const link = worker.status?.link;
  const name = html`${iconOf(worker)} <b>${nameOf(worker)}</b>`;
  if (!link?.account) return html`${name}  ${words.html("logins-none")}`;
  const { account, lastSuccessAt } = link;
  const who = account.username ? `@${account.username}` : account.name;
  const phone = account.phoneMasked ? ` · ${unbroken(account.phoneMasked)}` : "";
  const proof = lastSuccessAt
    ? words.html("logins-proof", { at: lastSuccessAt })
    : words.html("logins-no-proof");
  return html`${name}  ${who}${phone} · ${proof}${known && otherDevices(words, known)}`;
}

function otherDevices(words: Words, { devices }: KnownDevices): Html {
  const count = devices.filter((each) => !each.current).length;
  return html` · ${words.html("logins-devices", { count })}`;
}

/**
 * 📱 Every device that is logged in to a worker's account. To end one is left to its owner, in
 * Telegram.
 */
export function devicesScreen(
  { words }: FleetView,
  { worker }: { readonly worker: WorkerId },
  known: KnownDevices | null,
  fetching: CommandRow | null,
): Card {
  const state = fetching?.state ?? "done";
  return {
    html: lines(
      words.html("devices-title", { worker }),
      state === "asked" && words.html("devices-fetching"),
      fetching?.state === "failed" && words.html("not-done", { why: why(words, fetching) }),
      (state === "expired" || state === "unanswered") && words.html("no-answer"),
      ...(known?.devices ?? []).slice(0, 20).map((device) => deviceLine(words, device)),
      known && html`\n${words.html("devices-help", { at: known.at })}`,
      known === null && state === "done" && words.html("devices-unasked"),
    ).text,
    keyboard: [
      [
        refreshButton(words, encodePress("devices", worker)),
        backButton(words, encodePress("worker", worker)),
      ],
      [backTo(words)],
    ],
  };
}

function backTo(words: Words) {
  return { text: words.text("button-logins"), callback_data: encodePress("logins") };
}

function deviceLine(words: Words, { current, device, app, country, activeAt }: Device): Html {
  const icon = current ? "👷" : "📱";
  const mark = current && html` ${words.html("devices-this")}`;
  const active = words.html("devices-active", { at: activeAt });
  return html`${icon} <b>${device}</b> · ${app}${mark}\n     ${country} · ${active}`;
}
