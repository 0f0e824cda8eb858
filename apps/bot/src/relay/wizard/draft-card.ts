import { GENERAL_TOPIC, type KnownChat, type KnownTopic, type Route } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { InlineKeyboardButton } from "grammy/types";
import { encodePress } from "../../kit/callback.ts";
import type { Card } from "../../kit/chat/screen.ts";
import { backButton, cancelButton, pairs, type Row, rows } from "../../kit/keyboard.ts";
import { type Html, html, type Line, lines } from "../../kit/words/html.ts";
import type { Said } from "../../kit/words/said.ts";
import type { Words } from "../../kit/words/words.ts";
import { why } from "../../workers/command-line.ts";
import type { CommandRow } from "../../workers/command-store.ts";
import { actionLine, filterLine } from "../route-card.ts";
import { sourceKey } from "../source-key.ts";
import { FILTERS } from "./draft-edits.ts";
import { type Draft, type Picked, stepBefore } from "./route-draft.ts";

/** What a card of the wizard shows. */
export interface DraftView {
  readonly words: Words;
  readonly draft: Draft;
  readonly workers: readonly WorkerId[];
  /** Groups that the bot was opened in. */
  readonly places: readonly { readonly chat: string; readonly title: string }[];
  /** The list of this step; null: not known yet. */
  readonly chats: readonly KnownChat[] | null;
  readonly topics: readonly KnownTopic[] | null;
  /** What a topic of a chat is called. */
  readonly topicName: (chat: string, id: number) => string;
  /** The command that asks for it. */
  readonly asking: CommandRow | null;
  readonly route: Route | null;
  /** What keeps it from being saved. */
  readonly problem: Said | null;
}

type Buttons = InlineKeyboardButton[][];

const PAGE = 8;
const ICONS = { channel: "📢", group: "👥", person: "👤" } as const;

/** One step of the wizard: what is asked, the answers as buttons, and the way back and out. */
export function draftCard(view: DraftView): Card {
  const { words, draft } = view;
  const { text, buttons } = PARTS[draft.step](view);
  const title = words.html(draft.editing ? "rwiz-title-edit" : "rwiz-title-new", {
    route: draft.id,
  });
  const problem = draft.problem && html`\n${words.said(draft.problem)}`;
  const back = stepBefore(draft) !== null && backButton(words, press(draft, "back"));
  const cancel = cancelButton(words, encodePress("rwiz", "", "cancel"));
  return {
    html: lines(title, "", ...text, problem).text,
    keyboard: rows(...buttons, [back, cancel]),
  };
}

/** The card for an admin without a draft. */
export function noDraftCard(words: Words): Card {
  return {
    html: words.html("rwiz-none").text,
    keyboard: [[backButton(words, encodePress("routes"))]],
  };
}

interface Part {
  readonly text: readonly Line[];
  /** Rows; those that are not offered are left out. */
  readonly buttons: readonly Row[];
}

const PARTS: Readonly<Record<Draft["step"], (view: DraftView) => Part>> = {
  name: ({ words, draft }) => ({
    text: [words.html("rwiz-name"), draft.reader !== null && words.html("rwiz-lines")],
    buttons: [[button(draft, words.text("button-rwiz-take", { name: draft.id }), "take")]],
  }),
  reader: (view) => workersPart(view, "rwiz-reader", view.draft.reader),
  chats: chatsPart,
  topic: topicsPart,
  filter: filterPart,
  action: ({ words, draft }) => ({
    text: [words.html("rwiz-action", { example: "📣 {source}: {text}" })],
    buttons: [["copy", "forward"].map((op) => button(draft, words.text(`button-rwiz-${op}`), op))],
  }),
  kind: ({ words, draft }) => {
    const kinds = draft.action.kind === "forward" ? ["worker"] : ["worker", "bot", "webhook"];
    return {
      text: [words.html("rwiz-kind")],
      buttons: kinds.map((op) => [button(draft, words.text(`button-rwiz-${op}`), op)]),
    };
  },
  sender: (view) => workersPart(view, "rwiz-sender", view.draft.sender ?? view.draft.reader),
  target: targetPart,
  into: topicsPart,
  summary: summaryPart,
};

function workersPart(
  { words, draft, workers }: DraftView,
  text: string,
  marked: WorkerId | null,
): Part {
  const { shown, pages } = paged(draft, workers);
  const buttons = shown.map((id) =>
    button(draft, `${id === marked ? "✅" : "👷"} ${id}`, sourceKey(id)),
  );
  return { text: [words.html(text)], buttons: [...pairs(buttons), ...pages] };
}

function chatsPart(view: DraftView): Part {
  const { words, draft, chats } = view;
  const isPicked = (ref: string): boolean => draft.chats.some((chat) => chat.ref === ref);
  const typed = draft.chats.filter(({ ref }) => !chats?.some((chat) => chat.ref === ref));
  const listed = [
    ...typed.map((chat) => ({ ...chat, icon: "💬" })),
    ...(chats ?? []).map((chat) => ({ ...chat, icon: iconOf(chat) })),
  ];
  const { shown, pages } = paged(draft, listed);
  const chatRows = shown.map((chat) => [
    button(draft, `${isPicked(chat.ref) ? "✅" : chat.icon} ${label(chat)}`, sourceKey(chat.ref)),
  ]);
  const count = draft.chats.length;
  const next = count > 0 && button(draft, words.text("button-rwiz-next", { count }), "next");
  return {
    text: [words.html("rwiz-chats", { reader: draft.reader ?? "" }), waiting(view, chats)],
    buttons: [...chatRows, ...pages, [again(view, chats)], [next]],
  };
}

function targetPart(view: DraftView): Part {
  const { words, draft, chats, places } = view;
  if (draft.kind === "webhook")
    return {
      text: [words.html("rwiz-url"), picked(words, draft.url)],
      buttons: [[keep(view, draft.url)]],
    };
  if (draft.kind === "bot") {
    const groups = places.map(({ chat, title }) => [
      button(draft, `👥 ${title.slice(0, 40)}`, sourceKey(chat)),
    ]);
    const here = button(draft, words.text("button-rwiz-here"), "here");
    return { text: [words.html("rwiz-target-bot")], buttons: [[here], ...groups.slice(0, PAGE)] };
  }
  const { shown, pages } = paged(
    draft,
    (chats ?? []).filter((chat) => chat.mayWrite && chat.kind !== "person"),
  );
  const chatRows = shown.map((chat) => [
    button(draft, `${iconOf(chat)} ${label(chat)}`, sourceKey(chat.ref)),
  ]);
  const me = draft.sender !== null && button(draft, words.text("button-rwiz-me"), "me");
  return {
    text: [words.html("rwiz-target", { sender: draft.sender ?? "" }), waiting(view, chats)],
    buttons: [...chatRows, ...pages, [me], [again(view, chats)]],
  };
}

function topicsPart(view: DraftView): Part {
  const { words, draft, topics } = view;
  const isSource = draft.step === "topic";
  const chosen = isSource ? draft.topic : draft.into;
  // The Bot API lists no topics; each forum has the general one.
  const asked = isSource || draft.kind === "worker";
  const general = { id: GENERAL_TOPIC, title: words.text("rwiz-general"), closed: false };
  const { shown, pages } = paged(draft, topics ?? (asked ? [] : [general]));
  const topicButtons = shown.map((topic) =>
    button(
      draft,
      `${topic.id === chosen ? "✅" : topicIcon(topic)} ${topic.title.slice(0, 24)}`,
      `t${topic.id.toString(36)}`,
    ),
  );
  const all = isSource && button(draft, words.text("button-rwiz-all"), "all");
  const chat = (isSource ? draft.chats[0]?.title : draft.target?.title) ?? "";
  return {
    text: [
      words.html(isSource ? "rwiz-topic" : "rwiz-into", { chat }),
      asked && waiting(view, topics),
    ],
    buttons: [[all], ...pairs(topicButtons), ...pages, [asked && again(view, topics)]],
  };
}

function topicIcon({ closed }: KnownTopic): string {
  return closed ? "🔒" : "#";
}

function filterPart(view: DraftView): Part {
  const { words, draft } = view;
  const ops = Object.keys(FILTERS).map((op) =>
    button(draft, words.text(`button-rwiz-f-${op}`), op),
  );
  return {
    text: [words.html("rwiz-filter"), picked(words, draft.filter)],
    buttons: [...pairs(ops), [keep(view, draft.filter)]],
  };
}

function summaryPart({ words, draft, route, problem, topicName }: DraftView): Part {
  const { reader, chats, topic, filter, action } = draft;
  const sources = chats.map(label).join(", ");
  const part = (op: string) => button(draft, words.text(`button-rwiz-p-${op}`), op);
  const topicLine = (chat: Picked | null | undefined, id: number | null): Line =>
    id !== null && words.html("rwiz-s-topic", { topic: topicName(chat?.ref ?? "", id) });
  const text = [
    words.html("rwiz-s-from", { reader: reader ?? "?", chats: sources }),
    topicLine(chats[0], topic),
    filterLine(words, filter),
    actionLine(words, action),
    words.html("rwiz-s-to", { target: targetOf(words, draft) }),
    topicLine(draft.target, draft.into),
    problem && html`\n${words.said(problem)}`,
  ];
  return {
    text,
    buttons: [
      [problem === null && route && button(draft, words.text("button-rwiz-save"), "save")],
      [route && button(draft, words.text("button-rwiz-dry"), "dry")],
      [part("chats"), part("filter")],
      [part("action"), part("target")],
    ],
  };
}

function targetOf(words: Words, { kind, sender, target, url }: Draft): string {
  if (kind === "webhook") return url === null ? "?" : new URL(url).host;
  const by = kind === "bot" ? words.text("word-bot") : sender;
  return `${by ?? "?"}: ${target ? targetLabel(words, target) : "?"}`;
}

function targetLabel(words: Words, target: Picked): string {
  return target.ref === "me" ? words.text("rwiz-me") : label(target);
}

function label({ title, ref }: Pick<Picked, "title" | "ref">): string {
  if (title === ref || title === "") return ref;
  const name = title.slice(0, 32);
  return ref.startsWith("@") ? `${name} ${ref}` : name;
}

function iconOf({ kind, forum }: KnownChat): string {
  return forum ? "🗂" : ICONS[kind];
}

function picked(words: Words, value: string | null): Html | null {
  return value ? words.html("rwiz-now", { value }) : null;
}

/** Keeps the earlier choice and continues. */
function keep({ words, draft }: DraftView, value: string | null): InlineKeyboardButton | null {
  if (!draft.complete || !value) return null;
  return button(draft, words.text("button-rwiz-keep"), "next");
}

function waiting({ words, asking }: DraftView, list: readonly unknown[] | null): Html | null {
  if (asking?.state === "failed") return words.html("not-done", { why: why(words, asking) });
  if (list === null) return words.html(asking?.state === "asked" ? "rwiz-listing" : "rwiz-no-list");
  return list.length === 0 ? words.html("rwiz-empty") : null;
}

function again(
  { words, draft, asking }: DraftView,
  list: readonly unknown[] | null,
): InlineKeyboardButton | null {
  if (list === null && asking?.state === "asked") return null;
  return button(draft, words.text("button-refresh"), "again");
}

function paged<T>(
  draft: Draft,
  all: readonly T[],
): { readonly shown: readonly T[]; readonly pages: Buttons } {
  const last = Math.max(0, Math.ceil(all.length / PAGE) - 1);
  const page = Math.min(draft.page, last);
  const shown = all.slice(page * PAGE, page * PAGE + PAGE);
  if (last === 0) return { shown, pages: [] };
  const to = (text: string, at: number) => at >= 0 && at <= last && button(draft, text, `p${at}`);
  return { shown, pages: rows([to("◀️", page - 1), to(`${page + 1}/${last + 1} ▶️`, page + 1)]) };
}

function button(draft: Draft, text: string, op: string): InlineKeyboardButton {
  return { text, callback_data: press(draft, op) };
}

function press({ step }: Draft, op: string): string {
  return encodePress("rwiz", step, op);
}
