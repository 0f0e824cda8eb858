import { HostIdField } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { z } from "zod";
import type { KnownHosts } from "../health/known-hosts.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, NO_DATA, screen } from "../kit/chat/screen.ts";
import { isTooLate } from "../kit/confirm.ts";
import { backButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { say } from "../kit/words/said.ts";
import { askForName, type HostChoices } from "../workers/add.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { FleetView } from "../workers/view.ts";
import type { DrainStore } from "./drain-store.ts";
import { type ForgetHostDeps, forgetHost, type Left } from "./forget-host.ts";
import { forgetCard, hostCard, hostsCard, whereCard } from "./host-cards.ts";
import { type HostView, hostViews } from "./host-views.ts";

const one = z.object({ host: HostIdField });
const asked = z.object({ host: HostIdField, at: z.number() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    hosts: object;
    host: z.infer<typeof one>;
    hforget: z.infer<typeof asked>;
    addwhere: object;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    hosts: true;
    host: true;
    hforget: true;
    hforgetyes: true;
    hforgetkeep: true;
    addat: true;
  }
}

interface ShownDeps {
  readonly knownHosts: KnownHosts;
  readonly drains: DrainStore;
}

/** 🖥 Hosts. */
export const hosts = screen("hosts", NO_DATA, (deps: ShownDeps, view: FleetView) =>
  hostsCard(view, viewsOf(deps, view)),
);

function viewsOf({ knownHosts, drains }: ShownDeps, view: FleetView): HostView[] {
  return hostViews(view, knownHosts.all(), drains.allUnderWay());
}

/** One host; one that is forgotten is said to be. */
export const host = screen("host", one, (deps: ShownDeps, view: FleetView, shown) => {
  const found = viewsOf(deps, view).find((each) => each.host === shown.host);
  return found ? hostCard(view, found) : unknownCard(view, shown.host);
});

/** The question before a host is forgotten. */
export const hostForget = screen("hforget", asked, (deps: ShownDeps, view: FleetView, shown) => {
  const found = viewsOf(deps, view).find((each) => each.host === shown.host);
  return found ? forgetCard(view, found, shown.at) : unknownCard(view, shown.host);
});

interface WhereDeps extends ShownDeps {
  readonly hostChoices: HostChoices;
}

/** ➕ Add asks for the host. */
export const addWhere = screen("addwhere", NO_DATA, (deps: WhereDeps, view: FleetView) =>
  whereCard(view, viewsOf(deps, view), deps.hostChoices.open()),
);

function unknownCard({ words }: FleetView, name: HostId): Card {
  return {
    html: words.html("host-unknown", { host: name }).text,
    keyboard: [[backButton(words, encodePress("hosts"))]],
  };
}

/** 🖥 Hosts, from 💾 Health and the menu. */
export const hostsButton = button("hosts", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, { kind: "hosts" }),
);

/** One host of the list. */
export const hostButton = button("host", "viewer", async (deps: ChatDeps, context) => {
  const name = HostIdField.safeParse(context.press.about).data;
  await show(deps, context, name ? { kind: "host", host: name } : { kind: "hosts" });
});

/** The host of ➕ Add; the next text of this admin is the name of the worker. */
export const addAtButton = button(
  "addat",
  "owner",
  async (deps: WorkerDeps & WhereDeps, context) => {
    const name = deps.hostChoices.open().find((each) => each === context.press.about);
    if (name) return await askForName(deps, context, name);
    await show(deps, context, { kind: "addwhere" }, say("toast-host-not-open"));
  },
);

/** 🗑 Forget asks first. */
export const forgetButton = button(
  "hforget",
  "owner",
  async (deps: ChatDeps & Pick<WorkerDeps, "clock">, context) => {
    const name = HostIdField.safeParse(context.press.about).data;
    if (!name) return await show(deps, context, { kind: "hosts" });
    await show(deps, context, { kind: "hforget", host: name, at: deps.clock.now() });
  },
);

async function forget(
  deps: ChatDeps & ForgetHostDeps,
  context: PressContext,
  left: Left,
): Promise<void> {
  const name = HostIdField.safeParse(context.press.about).data;
  if (!name) return await show(deps, context, { kind: "hosts" });
  const now = deps.clock.now();
  if (isTooLate(context.press.arg, now)) {
    const again = { kind: "hforget", host: name, at: now } as const;
    return await show(deps, context, again, say("toast-confirm-late"));
  }
  const problem = await forgetHost(deps, name, left, context.asker);
  if (problem) return await show(deps, context, { kind: "host", host: name }, problem);
  await show(deps, context, { kind: "hosts" }, say("toast-host-forgotten", { host: name }));
}

/** Forgets the host and deletes its workers. */
export const forgetYesButton = button(
  "hforgetyes",
  "owner",
  (deps: ChatDeps & ForgetHostDeps, context) => forget(deps, context, "delete"),
);

/** Forgets the host; its workers stay on the list without one. */
export const forgetKeepButton = button(
  "hforgetkeep",
  "owner",
  (deps: ChatDeps & ForgetHostDeps, context) => forget(deps, context, "keep"),
);
