import { type HostRow, urgency } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, NO_DATA, screen } from "../kit/chat/screen.ts";
import { refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { type FleetView, iconOf, silentHosts, type WorkerView } from "./view.ts";

declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    menu: object;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    menu: true;
    cancel: true;
  }
}

interface MenuDeps {
  readonly knownHosts: { all(): readonly Pick<HostRow, "host">[] };
}

/** What a kept screen of an unknown kind becomes, too. */
export const menu = screen("menu", NO_DATA, (deps: MenuDeps, view: FleetView) =>
  menuScreen(view, deps.knownHosts.all()),
);

const MENU = { kind: "menu" } as const;
/** ⬅️ Back to the main menu. */
export const menuButton = button("menu", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, MENU),
);
/** ✖️ of a question; the question ends with any press on its own message. */
export const cancelButton = button("cancel", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, MENU),
);
/** /menu, as a new message below all others. */
export const menuCommand = textCommand("menu", menuButton, ({ panels }: ChatDeps, { chat }) =>
  panels.show(chat, MENU, null),
);

/** Main menu: the fleet in four lines. `known`: also the hosts without workers. */
export function menuScreen(view: FleetView, known: readonly Pick<HostRow, "host">[] = []): Card {
  const { words } = view;
  const hosts = hostsOf(view).join(", ");
  const title = words.html("menu-title", { count: view.workers.length });
  const text = lines(
    hosts ? html`${title} · ${hosts}` : title,
    stateCounts(view) || words.html("menu-empty"),
    lastMessage(view),
    ...silentHosts(view),
    ...view.silences.map((each) => words.html(`silence-${each.kind}`, { ...each })),
    view.trouble !== null && words.html("redis-away"),
  );
  const alerts = words.text("button-alerts-count", { count: view.openAlerts });
  const bulk = (action: string) => ({
    text: words.text(`button-all-${action}`),
    callback_data: encodePress("bulk", "", action),
  });
  const acts = view.may("bulk") && view.workers.length > 0;
  return {
    html: text.text,
    keyboard: rows(
      [
        verbButton(words, "workers"),
        { text: alerts, callback_data: encodePress("alerts", "", "open") },
      ],
      [verbButton(words, "logins"), verbButton(words, "health"), verbButton(words, "chart")],
      [verbButton(words, "routes"), verbButton(words, "audit"), verbButton(words, "settings")],
      acts && [bulk("start"), bulk("restart")],
      acts && [bulk("stop"), maintain(view)],
      [
        view.may("add") && verbButton(words, "add"),
        new Set([...hostsOf(view), ...known.map(({ host }) => host)]).size > 1 &&
          verbButton(words, "hosts"),
        refreshButton(words, encodePress("menu")),
      ],
    ),
  };
}

function hostsOf({ workers }: FleetView): HostId[] {
  return [...new Set(workers.flatMap(({ host, hostGone }) => (hostGone ? [] : host)))];
}

function maintain({ words, silences }: FleetView) {
  const on = silences.some(({ kind }) => kind === "maintenance");
  return {
    text: words.text(on ? "button-maintain-off" : "button-maintain"),
    callback_data: encodePress("maintain", "", on ? "0" : "60"),
  };
}

function stateCounts({ workers, words }: FleetView): string {
  const counts = new Map<string, { icon: string; count: number; rank: number }>();
  for (const { status, staleSince } of workers) {
    const state = stateKey({ status, staleSince });
    const rank = status ? urgency(status.state) : 99;
    counts.set(state, {
      icon: iconOf({ status, staleSince }),
      rank,
      count: (counts.get(state)?.count ?? 0) + 1,
    });
  }
  return [...counts]
    .sort(([, a], [, b]) => b.rank - a.rank)
    .map(([state, { icon, count }]) =>
      words.text("menu-count", { icon, count, state: words.text(state) }),
    )
    .join("   ");
}

function stateKey({ status, staleSince }: Pick<WorkerView, "status" | "staleSince">): string {
  if (!status) return "menu-not-reported";
  return staleSince === null ? `state-${status.state}` : "menu-stale";
}

function lastMessage({ workers, words, openAlerts }: FleetView): Html {
  const times = workers.flatMap(({ status }) => status?.link?.lastMessageAt ?? []);
  if (times.length === 0) return words.html("menu-last-none", { alerts: openAlerts });
  return words.html("menu-last", { at: Math.max(...times), alerts: openAlerts });
}
