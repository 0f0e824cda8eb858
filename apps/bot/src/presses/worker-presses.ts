import { isGroup } from "../chat/target.ts";
import { toastOf } from "../commands.ts";
import { chosenRules } from "../screens/rules.ts";
import { say } from "../words/said.ts";
import { ask, type Handler, notDone, panelMessage, run, show, withWorker } from "./deps.ts";

const askHost = (verb: "start" | "stop" | "restart" | "retry"): Handler =>
  withWorker((deps, context, { id }) =>
    run(deps, context, id, () => deps.commands.askHost(verb, id, context.asker, context.id)),
  );

/** Asks once more, with the name. */
const sure = (what: "logout" | "rmsession"): Handler =>
  withWorker((deps, context, { id }) =>
    show(deps, context, { kind: "confirm", what, worker: id, tag: "", at: deps.clock.now() }),
  );

const check = withWorker((deps, context, { id }) =>
  run(deps, context, id, () => deps.commands.askWorker("check", id, context)),
);

/** Buttons of one worker. */
export const workerPresses = {
  start: askHost("start"),
  stop: askHost("stop"),
  restart: askHost("restart"),
  retry: askHost("retry"),
  // Who holds it is told on the worker's card, which comes below an alert.
  who: withWorker(async (deps, context, { id }) => {
    const result = await deps.commands.askHost("who", id, context.asker, context.id);
    await show(deps, context, { kind: "worker", worker: id }, toastOf(result));
  }),
  check,
  look: check,
  log: withWorker(async (deps, context, { id }) => {
    const result = await deps.commands.askHost("log", id, context.asker, context.id);
    if (result.kind === "failed") return await notDone(deps, context, id, result.why);
    await context.toast();
    const screen = { kind: "log", worker: id, level: context.press.arg } as const;
    if (result.kind === "sent")
      await deps.panels.show(
        context.chat,
        { ...screen, command: result.id },
        panelMessage(deps, context),
      );
  }),
  logfile: withWorker(async (deps, context, { id }) => {
    const screen = deps.panels.screen(context.chat);
    const lines =
      screen?.kind === "log" && screen.worker === id
        ? deps.screens.answers.logOf(screen.command)
        : null;
    await context.toast(lines === null ? say("toast-log-gone") : undefined);
    if (lines !== null) await deps.sendFile(context.chat, `${id}.log`, `${lines.join("\n")}\n`);
  }),
  add: async (deps, context) => {
    await context.toast();
    deps.admins.expect(context.admin, "worker-name", "", context.chat);
    await deps.panels.show(
      context.chat,
      { kind: "add", problem: null },
      panelMessage(deps, context),
    );
  },
  rename: withWorker((deps, context, { id }) => ask(deps, context, "rename", id)),
  tags: withWorker((deps, context, { id }) => ask(deps, context, "tags", id)),
  // What is typed may hold a password: not where others read along.
  proxy: withWorker(async (deps, context, { id }) => {
    if (isGroup(context.chat)) return await context.toast(say("toast-proxy-private"));
    await ask(deps, context, "proxy", id);
  }),
  rules: withWorker((deps, context, { id }) => show(deps, context, { kind: "rules", worker: id })),
  // The screen shows the new rules as soon as the host has them.
  ruleset: withWorker(async (deps, context, { id }) => {
    const now = deps.screens.views.lastStatus(id)?.rules;
    const rules = now && chosenRules(now, context.press.arg);
    const said = rules
      ? toastOf(await deps.commands.setRules(id, rules, context))
      : say("toast-stale");
    await show(deps, context, { kind: "rules", worker: id }, said);
  }),
  delete: withWorker((deps, context, { id }) => ask(deps, context, "delete", id, deps.clock.now())),
  logout: sure("logout"),
  rmsession: sure("rmsession"),
  devices: withWorker(async (deps, context, { id }) => {
    const result = await deps.commands.askWorker("devices", id, context);
    if (result.kind === "failed") return await notDone(deps, context, id, result.why);
    await context.toast();
    if (result.kind === "sent")
      await deps.panels.show(
        context.chat,
        { kind: "devices", worker: id, command: result.id },
        panelMessage(deps, context),
      );
  }),
} satisfies Record<string, Handler>;
