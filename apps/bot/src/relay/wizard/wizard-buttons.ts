import { z } from "zod";
import { answered } from "../../kit/ask.ts";
import { button } from "../../kit/button.ts";
import { screen } from "../../kit/chat/screen.ts";
import { show } from "../../kit/press.ts";
import type { PressContext } from "../../kit/press-context.ts";
import { question } from "../../kit/question.ts";
import { type Said, say } from "../../kit/words/said.ts";
import type { CommandStore } from "../../workers/command-store.ts";
import type { FleetView } from "../../workers/view.ts";
import type { RelayDeps } from "../deps.ts";
import type { RouteWizard } from "./route-wizard.ts";

interface WizardDeps extends RelayDeps {
  readonly routeWizard: RouteWizard;
}

/** The route that this admin is making. */
const draftData = z.object({ admin: z.string() });
declare module "../../kit/chat/screen.ts" {
  interface ScreenData {
    rwiz: z.infer<typeof draftData>;
  }
}

declare module "../../kit/button.ts" {
  interface Verbs {
    rnew: true;
    redit: true;
    rwiz: true;
  }
}
declare module "../../kit/question.ts" {
  interface Questions {
    rwiz: true;
  }
}

interface DraftDeps {
  readonly routeWizard: RouteWizard;
  readonly commandLog: CommandStore;
}
/** The draft of an admin at its step, also in a group: each admin has one. */
export const draft = screen("rwiz", draftData, (deps: DraftDeps, { words }: FleetView, { admin }) =>
  deps.routeWizard.card(words, admin, (id) => deps.commandLog.find(id)),
);

/** ➕ Route, of a worker or of none yet. */
const make = button("rnew", "owner", async (deps: WizardDeps, context) => {
  deps.routeWizard.begin(context.admin, deps.workers.find(context.press.about)?.id ?? null);
  await showDraft(deps, context);
});

const edit = button("redit", "owner", async (deps: WizardDeps, context) => {
  if (deps.routeWizard.edit(context.admin, context.press.about))
    return await showDraft(deps, context);
  await show(deps, context, { kind: "routes", worker: "" }, say("toast-stale"));
});

/** Every button of the wizard's steps: it is about the step, the argument is the answer. */
const answer = button("rwiz", "owner", async (deps: WizardDeps, context) => {
  const { about: step, arg } = context.press;
  if (arg === "cancel") {
    deps.routeWizard.cancel(context.admin);
    return await show(deps, context, { kind: "routes", worker: "" });
  }
  const result = await deps.routeWizard.press(context, step, arg);
  switch (result.kind) {
    case "saved": {
      const card = { kind: "route", route: result.route, sure: false } as const;
      return await show(deps, context, card, say("toast-route-saved"));
    }
    case "dry": {
      const { route, command } = result;
      const card = { kind: "dry", route, command, draft: true } as const;
      return await show(deps, context, card, result.said);
    }
    case "stale":
      return await showDraft(deps, context, say("toast-stale"));
    case "draft":
      return await showDraft(deps, context, result.said);
    default:
      return result satisfies never;
  }
});

/** Buttons that make and change routes step by step. */
export const wizardButtons = [make, edit, answer];

/**
 * An answer to the step of a route that is being made: a forwarded message stands for the chat that
 * it is from. Three lines at its beginning make a whole route, which is off.
 */
export const draftQuestion = question(
  "rwiz",
  answer,
  async (deps: WizardDeps, context) => {
    const { routeWizard } = deps;
    const step = routeWizard.of(context.admin)?.step;
    const forwarded = step === "chats" || step === "target" ? context.forwardedFrom : undefined;
    const result = await routeWizard.text(context, forwarded ?? context.text);
    if (result.kind === "saved") {
      const card = { kind: "route", route: result.route, sure: false } as const;
      return await answered(deps, context, card);
    }
    await deps.panels.show(context.chat, { kind: "rwiz", admin: context.admin }, null);
  },
  { screen: "rwiz" },
);

/**
 * The step where the admin is, also for a button of another one. What is written next answers it.
 */
async function showDraft(deps: WizardDeps, context: PressContext, said?: Said): Promise<void> {
  if (deps.routeWizard.of(context.admin))
    deps.admins.expect(context.admin, "rwiz", "", context.chat);
  await show(deps, context, { kind: "rwiz", admin: context.admin }, said);
}
