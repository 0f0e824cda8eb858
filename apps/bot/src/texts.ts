import { type Asker, clip, type Verb } from "@flotilla/contracts";
import { type Clock, parseWorkerId, type UserId, type WorkerId } from "@flotilla/kernel";
import type { LivePanels } from "./chat/panels.ts";
import { isGroup } from "./chat/target.ts";
import type { Commands } from "./commands.ts";
import { takeProxy } from "./proxy-entry.ts";
import { sinceFromText } from "./relay/fill.ts";
import type { RouteStore } from "./relay/route-store.ts";
import type { RouteWizard } from "./relay/wizard/route-wizard.ts";
import { mayPress, type Role, roleFor } from "./roles.ts";
import { CONFIRM_MS } from "./screens/ask.ts";
import type { Screen } from "./screens/screen.ts";
import { matching } from "./screens/view.ts";
import type { Screens } from "./screens.ts";
import type { AdminStore, Question } from "./store/admins.ts";
import type { AuditStore } from "./store/audit.ts";
import type { SettingStore } from "./store/settings.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";
import { hoursFromText } from "./words/hours.ts";
import { readableName } from "./words/readable.ts";
import { type Said, say } from "./words/said.ts";
import type { Words } from "./words/words.ts";
import { zoneFromText } from "./words/zone.ts";

/**
 * One text message as the handlers see it. `erase` deletes it from the chat; false: it is still
 * there.
 */
export interface TextContext {
  /** The same for each time that the same message is handled. */
  readonly id: string;
  readonly text: string;
  /**
   * The chat that the message was forwarded from: its marked id, or the name of a user who hides
   * the account.
   */
  readonly forwardedFrom?: string;
  readonly admin: UserId;
  readonly role: Role;
  readonly asker: Asker;
  readonly chat: string;
  readonly erase: () => Promise<boolean>;
  readonly reply: (said: Said) => Promise<void>;
}

/** Parts of the text handlers. */
export interface TextDeps {
  readonly panels: LivePanels;
  readonly commands: Commands;
  readonly wizard: Wizard;
  readonly workers: WorkerStore;
  readonly admins: AdminStore;
  readonly settings: SettingStore;
  readonly audit: AuditStore;
  readonly routes: RouteStore;
  readonly routeWizard: RouteWizard;
  readonly clock: Clock;
  readonly screens: Screens;
  readonly wordsOf: (chat: string) => Words;
  readonly addWorker: (id: WorkerId, by: Asker) => boolean;
}

/**
 * Takes a text: the answer to a question, or the name of a worker, or a part of it. What is neither
 * is said to be. In a group only answers count.
 */
export async function handleText(deps: TextDeps, context: TextContext): Promise<void> {
  const asked = deps.admins.expecting(context.admin, context.chat);
  if (asked) return await answer(deps, context, asked);
  if (isGroup(context.chat)) return;
  const text = context.text.trim();
  const [only, ...more] = /^[\w#-]{2,32}$/.test(text) ? matching(deps.workers.all(), text) : [];
  if (only && more.length === 0)
    return await deps.panels.show(context.chat, { kind: "worker", worker: only.id }, null);
  if (only)
    return await deps.panels.show(
      context.chat,
      { kind: "workers", page: 0, problems: false, find: text },
      null,
    );
  await context.reply(say("unknown-text", { text: clip(text, 40) }));
  await deps.panels.show(context.chat, { kind: "menu" }, null);
}

interface Asked {
  readonly what: Question;
  readonly about: string;
}

/**
 * The button that asks each question. The role may have changed since it was pressed, so the answer
 * needs it too.
 */
const ASKED_BY: Readonly<Record<Question, Verb>> = {
  "worker-name": "add",
  find: "find",
  rename: "rename",
  tags: "tags",
  delete: "delete",
  quiet: "quiet",
  rwiz: "rwiz",
  since: "rset",
  proxy: "proxy",
  zone: "zone",
};

/** Takes the answer to a question; a bad one is asked again, with what is wrong. */
async function answer(deps: TextDeps, context: TextContext, asked: Asked): Promise<void> {
  const { role } = context;
  const verb = ASKED_BY[asked.what];
  if (!mayPress(role, verb)) {
    // It may hold a password.
    if (asked.what === "proxy") await context.erase();
    await context.reply(say("toast-refused", { role, needs: roleFor(verb) }));
    return await done(deps, context, { kind: "menu" });
  }
  const [about = "", askedAt = "0"] = asked.about.split(" ");
  const worker = deps.workers.find(about)?.id ?? null;
  const text = context.text.trim();
  switch (asked.what) {
    case "worker-name":
      return await newWorker(deps, context);
    case "find":
      return await done(deps, context, {
        kind: "workers",
        page: 0,
        problems: false,
        find: text.slice(0, 32),
      });
    case "quiet":
      return await quietHours(deps, context, text);
    case "zone":
      return await zone(deps, context, text);
    case "rename":
      if (worker)
        deps.workers.setLabel(worker, text === "-" ? null : clip(readableName(text), 32) || null);
      return await done(deps, context, worker ? { kind: "worker", worker } : { kind: "menu" });
    case "tags":
      if (worker) deps.workers.setTags(worker, text === "-" ? [] : tagsIn(text));
      return await done(deps, context, worker ? { kind: "more", worker } : { kind: "menu" });
    case "delete":
      return await deleteWorker(deps, context, worker, Number(askedAt));
    case "rwiz":
      return await draftText(deps, context);
    case "since":
      return await fillSince(deps, context, about);
    case "proxy":
      return await takeProxy(deps, context, worker);
    default:
      return asked.what satisfies never;
  }
}

async function done(deps: TextDeps, context: TextContext, screen: Screen): Promise<void> {
  deps.admins.expect(context.admin, null);
  await deps.panels.show(context.chat, screen, null);
}

async function again(
  deps: TextDeps,
  context: TextContext,
  what: Question,
  problem: Said,
  worker: WorkerId | null = null,
): Promise<void> {
  await deps.panels.show(context.chat, { kind: "ask", what, worker, problem }, null);
}

async function newWorker(deps: TextDeps, context: TextContext): Promise<void> {
  const worker = parseName(context.text);
  const taken = worker !== null && !deps.addWorker(worker, context.asker);
  const problem =
    worker === null ? say("add-bad-name") : taken ? say("add-taken", { worker }) : null;
  if (worker === null || problem)
    return await deps.panels.show(context.chat, { kind: "add", problem }, null);
  await deps.commands.askHost("start", worker, context.asker, context.id);
  await done(deps, context, { kind: "worker", worker });
}

async function quietHours(deps: TextDeps, context: TextContext, text: string): Promise<void> {
  const hours = hoursFromText(text);
  if (hours === null) return await again(deps, context, "quiet", say("ask-quiet-bad"));
  deps.settings.setQuiet(hours);
  deps.audit.write(context.asker, say("audit-quiet", { hours: text }), null, deps.clock.now());
  await done(deps, context, { kind: "settings" });
}

async function zone(deps: TextDeps, context: TextContext, text: string): Promise<void> {
  const found = zoneFromText(text, deps.clock.now());
  if (found === null) return await again(deps, context, "zone", say("ask-zone-bad"));
  deps.admins.setZone(context.admin, found);
  await done(deps, context, { kind: "settings" });
}

async function deleteWorker(
  deps: TextDeps,
  context: TextContext,
  worker: WorkerId | null,
  askedAt: number,
): Promise<void> {
  if (!worker) return await done(deps, context, { kind: "menu" });
  if (deps.clock.now() - askedAt > CONFIRM_MS)
    return await done(deps, context, { kind: "notice", text: say("toast-confirm-late"), worker });
  if (context.text.trim() !== worker)
    return await again(deps, context, "delete", say("ask-delete-bad"), worker);
  await deps.commands.askHost("forget", worker, context.asker, context.id);
  await done(deps, context, { kind: "worker", worker });
}

/**
 * An answer to the step of a route that is being made: a forwarded message stands for the chat that
 * it is from. Three lines at its beginning make a whole route, which is off.
 */
async function draftText(deps: TextDeps, context: TextContext): Promise<void> {
  const { routeWizard } = deps;
  const step = routeWizard.of(context.admin)?.step;
  const forwarded = step === "chats" || step === "target" ? context.forwardedFrom : undefined;
  const result = await routeWizard.text(context, forwarded ?? context.text);
  if (result.kind === "saved")
    return await done(deps, context, { kind: "route", route: result.route, sure: false });
  await deps.panels.show(context.chat, { kind: "rwiz", admin: context.admin }, null);
}

function tagsIn(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9_-]{1,16}/g) ?? [];
  return [...new Set(words)].slice(0, 8);
}

function parseName(text: string): WorkerId | null {
  try {
    return parseWorkerId(text.trim().toLowerCase());
  } catch {
    return null;
  }
}

/** Old messages of a route, since a day that was typed. */
async function fillSince(deps: TextDeps, context: TextContext, about: string): Promise<void> {
  const route = deps.routes.find(about);
  if (!route) return await done(deps, context, { kind: "menu" });
  const since = sinceFromText(context.text, deps.clock.now(), deps.wordsOf(context.chat).times);
  if (since === null)
    return await again(deps, context, "since", say("ask-since-bad"), route.from.worker);
  const wish = { kind: "relay.fill-since", route: route.id, since } as const;
  await deps.commands.relay(wish, route.from.worker, { asker: context.asker, id: context.id });
  await done(deps, context, { kind: "route", route: route.id, sure: false });
}
