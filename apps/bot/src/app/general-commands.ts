import type { AdminStore } from "../admins/admin-store.ts";
import { type Role, reaches } from "../kit/roles.ts";
import { textCommand } from "../kit/text-command.ts";
import { say } from "../kit/words/said.ts";
import { type LoginDeps, login, loginButton, takeAway } from "../login/login-buttons.ts";
import type { RouteWizard } from "../relay/wizard/route-wizard.ts";
import { statusCommand } from "../workers/details.ts";
import { cancelButton, menuButton } from "../workers/menu.ts";
import { helpFor } from "./help.ts";

interface StartDeps extends LoginDeps {
  readonly admins: AdminStore;
}

/** `/start`, and what a link of ours opened. */
export const startCommand = textCommand(
  "start",
  menuButton,
  async (deps: StartDeps, context, [parameter = ""]) => {
    const worker = deps.workers.find(/^auth_(.+)$/.exec(parameter)?.[1] ?? "");
    if (worker && reaches(context.role, loginButton.role))
      return await login(deps, context, worker);
    const name = parameter.replace(/^auth_/, "");
    const token = /^join_(.*)$/.exec(parameter)?.[1];
    if (token !== undefined && deps.admins.invitation(token, deps.clock.now()))
      await context.reply(say("invitation-open", { role: context.role }));
    if (name === "" || token !== undefined)
      return await deps.panels.show(context.chat, { kind: "menu" }, null);
    await statusCommand.run(deps, context, [name]);
  },
  { listed: false },
);

interface CancelDeps extends LoginDeps {
  readonly routeWizard: RouteWizard;
}

/** `/cancel` ends the question, the route and the login that are under way. */
export const cancelCommand = textCommand(
  "cancel",
  cancelButton,
  async (deps: CancelDeps, context) => {
    deps.admins.expect(context.admin, null);
    const makesRoute = deps.routeWizard.cancel(context.admin);
    const row = deps.wizard.of(context.admin);
    if (!row) {
      const to = makesRoute
        ? ({ kind: "routes", worker: "" } as const)
        : ({ kind: "menu" } as const);
      return await deps.panels.show(context.chat, to, null);
    }
    await takeAway(deps, String(row.admin), row);
    await deps.wizard.cancel(row, context.asker);
    await deps.panels.show(context.chat, { kind: "worker", worker: row.worker }, null);
  },
);

/** `/help`: every command that this admin may give. */
export const helpCommand = textCommand(
  "help",
  menuButton,
  async (deps: { readonly commandsFor: (role: Role) => readonly string[] }, context) => {
    await context.replyAll(helpFor(deps.commandsFor(context.role)));
  },
);
