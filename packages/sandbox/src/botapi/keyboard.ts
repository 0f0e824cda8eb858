import { refusal } from "./model/refusal.ts";
import type { InlineButton } from "./model/types.ts";

const DATA_BYTES = 64;
const MARKUP_BYTES = 10_240;
const ACTIONS = ["callback_data", "url", "copy_text", "web_app", "disabled"] as const;
const STYLES = ["danger", "success", "primary"];

/** What `reply_markup` asks for. */
export type Markup =
  | { kind: "inline"; rows: InlineButton[][] }
  | { kind: "reply"; labels: string[][] }
  | { kind: "remove" | "force-reply" };

/**
 * Reads `reply_markup`. Refuses what Telegram refuses: data over 64 bytes, buttons without an
 * action, too much of it.
 */
export function parseMarkup(value: unknown): Markup | null {
  if (value === undefined) return null;
  if (!isRecord(value)) throw refusal(400, "object expected as reply markup");
  if (Buffer.byteLength(JSON.stringify(value)) > MARKUP_BYTES)
    throw refusal(400, "reply markup is too long");
  if (value.inline_keyboard !== undefined)
    return { kind: "inline", rows: rowsOf(value.inline_keyboard, "inline_keyboard", inlineButton) };
  if (value.keyboard !== undefined)
    return { kind: "reply", labels: rowsOf(value.keyboard, "keyboard", replyLabel) };
  if (value.remove_keyboard === true) return { kind: "remove" };
  if (value.force_reply === true) return { kind: "force-reply" };
  return null;
}

function rowsOf<T>(value: unknown, field: string, read: (button: unknown) => T): T[][] {
  if (!Array.isArray(value))
    throw refusal(400, `field "${field}" of the reply markup must be of type Array`);
  const rows = value.map((row: unknown) => {
    if (!Array.isArray(row))
      throw refusal(400, `field "${field}" of the reply markup must be an Array of Arrays`);
    return row.map(read);
  });
  return rows.filter((row) => row.length > 0);
}

function replyLabel(button: unknown): string {
  if (typeof button === "string") return button;
  if (isRecord(button) && typeof button.text === "string") return button.text;
  throw refusal(400, 'can\'t parse keyboard button: field "text" must be of type String');
}

function inlineButton(button: unknown): InlineButton {
  if (!isRecord(button))
    throw refusal(
      400,
      "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
    );
  if (typeof button.text !== "string")
    throw refusal(400, "can't parse inline keyboard button: can't find field \"text\"");
  if (button.text === "") throw refusal(400, "text of a button can't be empty");
  const actions = ACTIONS.filter((action) => button[action] !== undefined);
  if (actions.length === 0)
    throw refusal(
      400,
      "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    );
  checkData(button.callback_data);
  checkLink(button.url);
  if (button.style !== undefined && !STYLES.includes(String(button.style)))
    throw refusal(400, "invalid button style specified");
  const kept = ["text", "style", ...actions.slice(0, 1)];
  return Object.fromEntries(
    kept.flatMap((key) => (button[key] === undefined ? [] : [[key, button[key]]])),
  ) as unknown as InlineButton;
}

/** 1 to 64 bytes. https://core.telegram.org/bots/api#inlinekeyboardbutton */
function checkData(data: unknown): void {
  if (data === undefined) return;
  if (typeof data !== "string")
    throw refusal(
      400,
      'can\'t parse inline keyboard button: field "callback_data" must be of type String',
    );
  const bytes = Buffer.byteLength(data);
  if (bytes === 0 || bytes > DATA_BYTES) throw refusal(400, "BUTTON_DATA_INVALID");
}

function checkLink(url: unknown): void {
  if (url === undefined) return;
  if (typeof url !== "string" || !/^(https?:\/\/|tg:\/\/)?[^\s.]+(\.[^\s.]+|\S*)/i.test(url))
    throw refusal(400, "BUTTON_URL_INVALID");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
