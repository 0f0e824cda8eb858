import {
  KnownChat,
  Route,
  RouteAction,
  RouteId,
  type RouteTarget,
  WorkerIdField,
} from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { Said } from "../../kit/words/said.ts";

/**
 * Steps of the wizard in their order. Which of them there are follows from what was chosen before.
 */
export const STEPS = [
  "name",
  "reader",
  "chats",
  "topic",
  "filter",
  "action",
  "kind",
  "sender",
  "target",
  "into",
  "summary",
] as const;
/** A step of the wizard; a draft is at one of them. */
export type Step = (typeof STEPS)[number];

/** Steps that are changed together from the summary. */
const PARTS: readonly (readonly Step[])[] = [
  ["reader", "chats", "topic"],
  ["filter"],
  ["action"],
  ["kind", "sender", "target", "into"],
];

/** A chat that was picked, as far as it is known. */
const Picked = KnownChat.pick({ ref: true, title: true, forum: true });
/** A chat as a draft keeps it: what its card says of it, and whether a topic is asked for. */
export type Picked = z.infer<typeof Picked>;

/**
 * A route that is being made or changed, and where its admin is. Kept in the database: the bot may
 * start again in between.
 */
export const Draft = z.object({
  step: z.enum(STEPS),
  /** Changes a route that is there; its name stays. */
  editing: z.boolean(),
  /** Everything was answered once: a part that is done leads back to the summary. */
  complete: z.boolean(),
  id: RouteId,
  reader: WorkerIdField.nullable(),
  /** The reader was not asked for. */
  readerGiven: z.boolean(),
  chats: z.array(Picked).max(50),
  topic: z.number().int().positive().nullable(),
  filter: z.string().max(500),
  action: RouteAction,
  kind: z.enum(["worker", "bot", "webhook"]).nullable(),
  sender: WorkerIdField.nullable(),
  target: Picked.nullable(),
  into: z.number().int().positive().nullable(),
  url: z.string().max(500).nullable(),
  page: z.number().int().nonnegative(),
  /** The command that asked for the list on show. */
  command: z.string(),
  problem: Said.nullable(),
});
/** A draft as it is read back from the database. */
export type Draft = z.infer<typeof Draft>;

/** A new route; `reader` when it is known already. */
export function newDraft(id: string, reader: WorkerId | null): Draft {
  return {
    ...{
      step: "name",
      editing: false,
      complete: false,
      id,
      reader,
      readerGiven: reader !== null,
      chats: [],
      topic: null,
    },
    ...{
      filter: "",
      action: { kind: "copy", template: "{text}" },
      kind: null,
      sender: null,
      target: null,
      into: null,
    },
    ...{ url: null, page: 0, command: "", problem: null },
  };
}

/** A route that is there, at its summary. `title` names a chat, as far as it is known. */
export function draftOf(
  { id, from, filter, action, to }: Route,
  known: (ref: string) => Picked,
): Draft {
  const target = to.kind === "webhook" ? null : known(to.chat);
  const into = to.kind === "webhook" ? null : (to.topic ?? null);
  return {
    ...newDraft(id, from.worker),
    ...{ step: "summary", editing: true, complete: true, filter, action, kind: to.kind },
    chats: from.chats.map((ref) => withTopic(known(ref), from.topic)),
    topic: from.topic ?? null,
    sender: to.kind === "worker" ? to.worker : null,
    target: target && withTopic(target, into),
    into,
    url: to.kind === "webhook" ? to.url : null,
  };
}

/** Whatever has a topic is a forum. */
function withTopic(picked: Picked, topic: number | null | undefined): Picked {
  return topic == null ? picked : { ...picked, forum: true };
}

/** The steps of this draft. */
export function pathOf({ editing, readerGiven, chats, kind, target }: Draft): readonly Step[] {
  const isThere: Partial<Record<Step, boolean>> = {
    name: !editing,
    reader: !readerGiven,
    topic: chats.length === 1 && chats[0]?.forum === true,
    sender: kind === "worker",
    into: kind !== "webhook" && target?.forum === true,
  };
  return STEPS.filter((step) => isThere[step] !== false);
}

/**
 * After this step: the next one, or the summary when its part is done and the rest was there
 * before.
 */
export function nextStep(draft: Draft): Step {
  const path = pathOf(draft);
  const next = path[path.indexOf(draft.step) + 1] ?? "summary";
  const samePart = PARTS.some((part) => part.includes(draft.step) && part.includes(next));
  return draft.complete && !samePart ? "summary" : next;
}

/** The step before this one; null: there is none. */
export function stepBefore(draft: Draft): Step | null {
  const path = pathOf(draft);
  const before = path[path.indexOf(draft.step) - 1] ?? null;
  if (!draft.complete || draft.step === "summary")
    return draft.editing && draft.step === "summary" ? null : before;
  const samePart = PARTS.some(
    (part) => part.includes(draft.step) && before !== null && part.includes(before),
  );
  return samePart ? before : "summary";
}

/**
 * The route as it would be saved, over what is kept of the one that is changed; null while
 * something is missing.
 */
export function routeOf(draft: Draft, before: Route | null): Route | null {
  const to = targetOf(draft);
  if (draft.reader === null || to === null) return null;
  const chats = draft.chats.map(({ ref }) => ref);
  const paused = (before?.from.paused ?? []).filter((ref) => chats.includes(ref));
  const topic =
    draft.topic !== null && draft.chats.some(({ forum }) => forum) ? { topic: draft.topic } : {};
  const from = {
    worker: draft.reader,
    chats,
    ...topic,
    ...(paused.length === 0 ? {} : { paused }),
  };
  const { id, filter, action } = draft;
  return Route.safeParse({ ...before, id, from, filter, action, to }).data ?? null;
}

function targetOf({ kind, sender, target, into, url }: Draft): RouteTarget | null {
  if (kind === "webhook") return url === null ? null : { kind, url };
  if (kind === null || target === null) return null;
  const place = { chat: target.ref, ...(into === null ? {} : { topic: into }) };
  if (kind === "bot") return { kind, ...place };
  return sender === null ? null : { kind, worker: sender, ...place };
}
