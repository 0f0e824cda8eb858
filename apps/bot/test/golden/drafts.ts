import { type KnownChat, Route } from "@flotilla/contracts";
import { parseUserId, parseWorkerId, type UserId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { say } from "../../src/kit/words/said.ts";
import { DraftStore } from "../../src/relay/wizard/draft-store.ts";
import { type Draft, draftOf, newDraft } from "../../src/relay/wizard/route-draft.ts";
import { NOW } from "../support.ts";

const NEWS = parseWorkerId("news_1");
const picked = (ref: string, title: string, forum = false) => ({ ref, title, forum });

/** What news_1 lists. */
export const CHATS: readonly KnownChat[] = [
  { ref: "@signals_1", title: "Signals", kind: "channel", forum: false, mayWrite: false },
  { ref: "-1003", title: "Trading desk", kind: "group", forum: true, mayWrite: true },
  { ref: "-55", title: "Family", kind: "group", forum: false, mayWrite: true },
  { ref: "5550001", title: "Ben", kind: "person", forum: false, mayWrite: true },
  ...Array.from(
    { length: 6 },
    (_, n): KnownChat => ({
      ref: `@more_${n}`,
      title: `More ${n}`,
      kind: "channel",
      forum: false,
      mayWrite: n === 0,
    }),
  ),
];
export const TOPICS = [
  { id: 1, title: "General", closed: false },
  { id: 2, title: "BTC", closed: false },
  { id: 9, title: "Archive", closed: true },
];

const base: Draft = {
  ...newDraft("route_1", NEWS),
  chats: [picked("-1003", "Trading desk", true)],
  topic: 2,
  filter: "btc or eth",
  kind: "worker",
  sender: NEWS,
  target: picked("@more_0", "More 0"),
};
const changed = Route.parse({
  id: "signals",
  from: { worker: NEWS, chats: ["@signals_1", "@signals_2"] },
  to: { kind: "bot", chat: "-1003", topic: 2 },
});

/** Every step of the wizard, and what people can do wrong there. */
export const DRAFTS: readonly (readonly [title: string, draft: Draft])[] = [
  ["name", newDraft("route_1", null)],
  ["name, the reader is known", { ...newDraft("route_1", NEWS), problem: say("rwiz-bad-name") }],
  ["reader", { ...newDraft("route_1", null), step: "reader" }],
  ["sources", { ...base, step: "chats" }],
  [
    "sources, second page, one typed",
    { ...base, step: "chats", page: 1, chats: [picked("@typed_1", "@typed_1")] },
  ],
  ["sources, no list", { ...base, step: "chats", reader: parseWorkerId("sport_1"), chats: [] }],
  ["topic", { ...base, step: "topic" }],
  ["filter", { ...base, step: "filter", problem: say("route-problem-rule-open", { at: 12 }) }],
  ["filter, changed later", { ...base, step: "filter", complete: true }],
  ["action", { ...base, step: "action" }],
  ["kind of target", { ...base, step: "kind" }],
  ["kind of target of a forward", { ...base, step: "kind", action: { kind: "forward" } }],
  ["sender", { ...base, step: "sender" }],
  ["target by a worker", { ...base, step: "target" }],
  [
    "target by the bot",
    { ...base, step: "target", kind: "bot", problem: say("rwiz-bot-not-in", { chat: "@desk" }) },
  ],
  ["webhook", { ...base, step: "target", kind: "webhook", problem: say("rwiz-bad-url") }],
  [
    "target topic by a worker",
    { ...base, step: "into", target: picked("-1003", "Trading desk", true) },
  ],
  [
    "target topic by the bot",
    { ...base, step: "into", kind: "bot", target: picked("-1004", "Desk", true) },
  ],
  ["summary", { ...base, step: "summary", complete: true }],
  [
    "summary of a loop",
    {
      ...base,
      step: "summary",
      complete: true,
      topic: null,
      target: picked("-1003", "Trading desk", true),
    },
  ],
  ["summary of a change", draftOf(changed, (ref) => picked(ref, ref))],
];

/** Whose draft it is. */
export function draftAdmin(n: number): UserId {
  return parseUserId(String(9000 + n));
}

export function fillDrafts(db: Database): DraftStore {
  const store = new DraftStore(db);
  for (const [n, [, draft]] of DRAFTS.entries()) store.save(draftAdmin(n), draft, NOW);
  return store;
}
