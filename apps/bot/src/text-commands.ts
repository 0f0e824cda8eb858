import { clip, type Verb } from "@flotilla/contracts";
import type { Bot, Context } from "grammy";
import type { RouteDeps } from "./bot.ts";
import { isGroup } from "./chat/target.ts";
import { helpFor, unknownCommand } from "./help.ts";
import { mute } from "./mute-command.ts";
import { askDoctors } from "./presses/doctor.ts";
import { loginHurts, takeAway } from "./presses/login-presses.ts";
import { mayPress, type Role, roleFor } from "./roles.ts";
import type { Screen } from "./screens/screen.ts";
import { matching } from "./screens/view.ts";
import type { WorkerRow } from "./store/workers.ts";
import type { TextContext } from "./texts.ts";
import { type Said, say } from "./words/said.ts";
import { type Languages, languageFor } from "./words/words.ts";

/** One text command as the handlers see it. */
export interface CommandContext extends TextContext {
  readonly reply: (said: Said) => Promise<void>;
  /** Several texts as lines of one message. */
  readonly replyAll: (said: readonly Said[]) => Promise<void>;
  /** What people call the chat. */
  readonly title: string;
}

type Command = (
  deps: RouteDeps,
  context: CommandContext,
  words: readonly string[],
) => Promise<void>;

const screen =
  (to: Screen): Command =>
  (deps, context) =>
    deps.panels.show(context.chat, to, null);

const WORKERS = { kind: "workers", page: 0, problems: false, find: "" } as const;

/** Text commands mirror the buttons. */
const COMMANDS: Readonly<Record<string, { readonly verb: Verb; readonly run: Command }>> = {
  start: { verb: "menu", run: start },
  menu: { verb: "menu", run: screen({ kind: "menu" }) },
  workers: { verb: "workers", run: screen(WORKERS) },
  status: {
    verb: "worker",
    run: aboutWorker(status),
  },
  restart: { verb: "restart", run: hostCommand("restart") },
  stop: { verb: "stop", run: hostCommand("stop") },
  who: { verb: "who", run: hostCommand("who") },
  logs: { verb: "log", run: aboutWorker(logs) },
  login: { verb: "login", run: aboutWorker(login) },
  proxy: { verb: "proxy", run: proxyCommand },
  mute: { verb: "mute", run: mute },
  alerts: { verb: "alerts", run: screen({ kind: "alerts", tab: "open", page: 0 }) },
  health: { verb: "health", run: screen({ kind: "health" }) },
  doctor: { verb: "doctor", run: doctor },
  settings: { verb: "settings", run: screen({ kind: "settings" }) },
  cancel: { verb: "cancel", run: cancel },
  here: { verb: "admins", run: here },
  help: { verb: "menu", run: help },
};
/** Those that Telegram's menu shows. */
const LISTED = [
  "menu",
  "workers",
  "status",
  "restart",
  "logs",
  "mute",
  "alerts",
  "health",
  "doctor",
  "settings",
  "cancel",
  "help",
];

/** Every command that this role may give, in the order in which `/help` tells of them. */
function commandsFor(role: Role): string[] {
  return Object.entries(COMMANDS).flatMap(([name, { verb }]) =>
    mayPress(role, verb) ? [name] : [],
  );
}

async function help(_deps: RouteDeps, context: CommandContext): Promise<void> {
  await context.replyAll(helpFor(commandsFor(context.role)));
}

/** The names of all text commands. */
export function registeredCommands(): readonly string[] {
  return Object.keys(COMMANDS);
}

/** Whether this text is one of the bot's commands, as Telegram would mark it. */
export function isCommand(text: string): boolean {
  const name = /^\/([a-z]+)(?:@\w+)?(?:\s|$)/i.exec(text)?.[1]?.toLowerCase();
  return name !== undefined && Object.hasOwn(COMMANDS, name);
}

type MenuSignal = Parameters<Bot["api"]["setMyCommands"]>[2];

/** Tells Telegram the commands of the bot's menu, in every language. */
export async function setMenu(bot: Bot, languages: Languages, signal: MenuSignal): Promise<void> {
  for (const words of Object.values(languages)) {
    const commands = LISTED.map((command) => ({
      command,
      description: words.text(`command-${command}`),
    }));
    await bot.api.setMyCommands(
      commands,
      words.language === "en" ? {} : { language_code: words.language },
      signal,
    );
  }
}

/** Registers the commands. Each needs the role of the button that it mirrors. */
export function registerCommands(
  bot: Bot,
  deps: RouteDeps,
  read: (context: Context) => CommandContext,
): void {
  for (const [name, { verb, run }] of Object.entries(COMMANDS)) {
    // Keyboards write the first letter of a message large, and some people all of them.
    const spellings = [name, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, name.toUpperCase()];
    bot.command(spellings, async (context) => {
      const command = read(context);
      if (!mayPress(command.role, verb))
        return await command.reply(
          say("toast-refused", { role: command.role, needs: roleFor(verb) }),
        );
      await run(deps, command, context.match.toString().trim().split(/\s+/).filter(Boolean));
    });
  }
  // In a group it may be meant for another bot.
  bot.on("message:text", async (context, next) => {
    const command = read(context);
    const name = /^\/(\w+)/.exec(command.text)?.[1]?.toLowerCase();
    const isAnswer = deps.admins.expecting(command.admin, command.chat) !== null;
    if (name === undefined || isAnswer || isGroup(command.chat)) return await next();
    const isKnown = Object.hasOwn(COMMANDS, name);
    await command.reply(
      isKnown
        ? say("command-of-another", { name })
        : unknownCommand(name, commandsFor(command.role)),
    );
  });
}

/** A command about one worker, named in part; several that fit are offered as buttons. */
function aboutWorker(
  run: (deps: RouteDeps, context: CommandContext, worker: WorkerRow) => Promise<void>,
): Command {
  return async (deps, context, words) => {
    const name = words.join(" ");
    const found = name === "" ? [] : matching(deps.workers.all(), name);
    const [only, ...more] = found;
    if (only && more.length === 0) return await run(deps, context, only);
    if (name !== "" && !only) await context.reply(say("no-such-worker", { name: clip(name, 40) }));
    await deps.panels.show(context.chat, { ...WORKERS, find: only ? name.slice(0, 32) : "" }, null);
  };
}

async function status(deps: RouteDeps, context: CommandContext, { id }: WorkerRow): Promise<void> {
  await deps.panels.show(context.chat, { kind: "worker", worker: id }, null);
}

function hostCommand(verb: "restart" | "stop" | "who"): Command {
  return aboutWorker(async (deps, context, { id }) => {
    const result = await deps.commands.askHost(verb, id, context.asker, context.id);
    if (result.kind === "failed") await context.reply(result.why);
    await deps.panels.show(context.chat, { kind: "worker", worker: id }, null);
  });
}

async function logs(deps: RouteDeps, context: CommandContext, { id }: WorkerRow): Promise<void> {
  const result = await deps.commands.askHost("log", id, context.asker, context.id);
  if (result.kind === "failed") return await context.reply(result.why);
  if (result.kind === "sent")
    await deps.panels.show(
      context.chat,
      { kind: "log", worker: id, command: result.id, level: "" },
      null,
    );
}

async function doctor(deps: RouteDeps, context: CommandContext): Promise<void> {
  await deps.panels.show(context.chat, await askDoctors(deps, context), null);
}

async function login(deps: RouteDeps, context: CommandContext, { id }: WorkerRow): Promise<void> {
  if (isGroup(context.chat))
    return await context.reply(say("login-in-private", { link: deps.deepLink(`auth_${id}`) }));
  if (loginHurts(deps, context.admin, id)) {
    const at = deps.clock.now();
    return await deps.panels.show(
      context.chat,
      { kind: "confirm", what: "login", worker: id, tag: "", at },
      null,
    );
  }
  const problem = await deps.wizard.begin(context.admin, id, context.asker);
  if (problem) await context.reply(problem);
  if (deps.wizard.of(context.admin)?.worker === id)
    await deps.panels.show(context.chat, { kind: "login", worker: id }, null);
}

/**
 * An address that was written behind the name may hold a password: the message does not stay, and
 * the address is asked for.
 */
async function proxyCommand(
  deps: RouteDeps,
  context: CommandContext,
  words: readonly string[],
): Promise<void> {
  if (words.length > 1 && !(await context.erase())) await context.reply(say("login-not-deleted"));
  await aboutWorker(proxy)(deps, context, words.slice(0, 1));
}

/**
 * Asks for it: a password in the command itself would stay in the chat until the bot had read it.
 */
async function proxy(deps: RouteDeps, context: CommandContext, { id }: WorkerRow): Promise<void> {
  if (isGroup(context.chat)) return await context.reply(say("toast-proxy-private"));
  deps.admins.expect(context.admin, "proxy", id, context.chat);
  await deps.panels.show(
    context.chat,
    { kind: "ask", what: "proxy", worker: id, problem: null },
    null,
  );
}

/** `/start`, and what a link of ours opened. */
async function start(
  deps: RouteDeps,
  context: CommandContext,
  [parameter = ""]: readonly string[],
): Promise<void> {
  const worker = deps.workers.find(/^auth_(.+)$/.exec(parameter)?.[1] ?? "");
  if (worker && mayPress(context.role, "login")) return await login(deps, context, worker);
  const name = parameter.replace(/^auth_/, "");
  const token = /^join_(.*)$/.exec(parameter)?.[1];
  if (token !== undefined && deps.admins.invitation(token, deps.clock.now()))
    await context.reply(say("invitation-open", { role: context.role }));
  if (name === "" || token !== undefined)
    return await deps.panels.show(context.chat, { kind: "menu" }, null);
  await aboutWorker(status)(deps, context, [name]);
}

async function cancel(deps: RouteDeps, context: CommandContext): Promise<void> {
  deps.admins.expect(context.admin, null);
  const making = deps.routeWizard.cancel(context.admin);
  const row = deps.wizard.of(context.admin);
  if (row) await takeAway(deps, String(row.admin), row);
  if (row) await deps.wizard.cancel(row, context.asker);
  await deps.panels.show(
    context.chat,
    row
      ? { kind: "worker", worker: row.worker }
      : making
        ? { kind: "routes", worker: "" }
        : { kind: "menu" },
    null,
  );
}

/** Opens a group or a topic for the fleet, or closes it with `/here off`. */
async function here(
  deps: RouteDeps,
  context: CommandContext,
  [word = ""]: readonly string[],
): Promise<void> {
  if (!isGroup(context.chat)) return await context.reply(say("here-only-groups"));
  if (/^(?:off|выкл)$/i.test(word)) {
    await context.reply(say("here-closed"));
    return deps.places.remove(context.chat);
  }
  deps.places.add(context.chat, context.title, languageFor(deps.admins.language(context.admin)));
  deps.audit.write(
    context.asker,
    say("audit-here", { chat: context.title }),
    null,
    deps.clock.now(),
  );
  await context.reply(say("here-opened"));
  await deps.panels.show(context.chat, { kind: "menu" }, null);
}
