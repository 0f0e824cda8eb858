import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { aboutWorker } from "./about-worker.ts";
import { toastOf } from "./commands.ts";
import type { WorkerDeps } from "./deps.ts";
import { ofWorker, run } from "./of-worker.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    start: true;
    stop: true;
    restart: true;
    retry: true;
    who: true;
    check: true;
    look: true;
  }
}

type HostAction = "start" | "stop" | "restart" | "retry";

const hostButton = (verb: HostAction) =>
  button(
    verb,
    "operator",
    ofWorker((deps: WorkerDeps, context, { id }) =>
      run(deps, context, id, () => deps.commands.askHost(verb, id, context.asker, context.id)),
    ),
  );
const start = hostButton("start");
const stop = hostButton("stop");
const restart = hostButton("restart");
const retry = hostButton("retry");

/** Who holds it is told on the worker's card, which comes below an alert. */
const who = button(
  "who",
  "viewer",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const result = await deps.commands.askHost("who", id, context.asker, context.id);
    await show(deps, context, { kind: "worker", worker: id }, toastOf(result));
  }),
);

/** ✅ Health check and 👀 Look again are one command. */
const checkButton = (verb: "check" | "look") =>
  button(
    verb,
    "operator",
    ofWorker((deps: WorkerDeps, context, { id }) =>
      run(deps, context, id, () => deps.commands.askWorker("check", id, context)),
    ),
  );
const check = checkButton("check");
const look = checkButton("look");

/** What an admin can do with one worker at once. */
export const actionButtons = [start, stop, restart, retry, who, check, look];

const hostCommand = (verb: "restart" | "stop" | "who", like: typeof restart, listed: boolean) =>
  textCommand(
    verb,
    like,
    aboutWorker(async (deps: WorkerDeps, context, { id }) => {
      const result = await deps.commands.askHost(verb, id, context.asker, context.id);
      if (result.kind === "failed") await context.reply(result.why);
      await deps.panels.show(context.chat, { kind: "worker", worker: id }, null);
    }),
    { listed },
  );

/** The same, written. */
export const actionCommands = [
  hostCommand("restart", restart, true),
  hostCommand("stop", stop, false),
  hostCommand("who", who, false),
];
