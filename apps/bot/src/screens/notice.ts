import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Html } from "./html.ts";
import type { Card } from "./screen.ts";

/** A sentence and the way on. */
export function noticeScreen(text: Html, worker: WorkerId | null): Card {
  const details = worker ? [[{ text: "👷 Worker Details", callback_data: encodePress("worker", worker) }]] : [];
  return { html: text.text, keyboard: [...details, [{ text: "⬅️ Menu", callback_data: encodePress("menu") }]] };
}
