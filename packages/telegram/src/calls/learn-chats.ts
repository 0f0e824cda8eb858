import { sleep } from "@flotilla/kernel";
import { Api } from "telegram";
import { markedId } from "../wire/marked.ts";
import { inputPeer } from "../wire/peers.ts";
import type { AccountCallsDeps } from "./account-calls.ts";
import { FIRST_PAGE } from "./chat-list.ts";

/** Between two pages (docs/safety.md). */
const PACE_MS = 1000;
/** An account has at most about a thousand chats in use; each page is a hundred. */
const PAGES = 10;

/**
 * Asks for the chats of the account page by page; the session keeps their numbers. False: it has
 * more than {@link PAGES} pages.
 */
export async function learnChats({
  link,
  store,
  signal,
}: Pick<AccountCallsDeps, "link" | "store" | "signal">): Promise<boolean> {
  let [page, seen] = [FIRST_PAGE, 0];
  for (let n = 0; n < PAGES; n++) {
    if (n > 0) await sleep(PACE_MS, signal());
    const next = pageAfter(await link().invoke(new Api.messages.GetDialogs(page)), seen);
    if (next === "last") return true;
    if (next === null) return false;
    const { chat, offsetDate, offsetId } = next;
    seen = next.seen;
    page = { ...FIRST_PAGE, offsetDate, offsetId, offsetPeer: inputPeer(store, chat) };
  }
  return false;
}

/** Where a page of dialogs begins, and how many came before it. */
interface PageStart {
  readonly chat: string;
  readonly offsetDate: number;
  readonly offsetId: number;
  readonly seen: number;
}

/**
 * Where the page after this one begins, which `before` dialogs came before. `last`: there is none;
 * null: that cannot be told.
 */
function pageAfter(answer: Api.messages.TypeDialogs, before: number): "last" | PageStart | null {
  if (!(answer instanceof Api.messages.DialogsSlice)) return "last";
  const seen = before + answer.dialogs.length;
  if (seen >= answer.count) return "last";
  const last = answer.dialogs.findLast((dialog) => dialog instanceof Api.Dialog);
  if (!last) return "last";
  const chat = markedId(last.peer);
  const top = answer.messages.find(
    (message) =>
      !(message instanceof Api.MessageEmpty) &&
      message.id === last.topMessage &&
      markedId(message.peerId) === chat,
  );
  if (!top || top instanceof Api.MessageEmpty) return null;
  return { chat, offsetDate: top.date, offsetId: top.id, seen };
}
