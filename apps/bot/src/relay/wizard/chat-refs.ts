import { ChatRef } from "@flotilla/contracts";
import { cleanPaste, markedChannel } from "@flotilla/kernel";

/** A chat that was typed, with the topic if a link named one. */
export interface TypedChat {
  readonly ref: string;
  readonly topic: number | null;
  /** The one number behind the chat in a link: a topic, or a message. */
  readonly number?: number;
}

const SITE = String.raw`(?:https?:\/\/)?(?:www\.)?(?:t|telegram)\.(?:me|dog)\/`;
const NAME = "([a-z][a-z0-9_]{3,31})";
/** Up to two numbers of a topic and a message, and what apps put behind them. */
const REST = String.raw`(?:\/(\d+)(?:\/(\d+))?)?\/?(?:[?#].*)?$`;
/** `s/` is the preview of a channel in a browser. */
const PUBLIC = new RegExp(`^${SITE}(?:s\\/)?${NAME}${REST}`, "i");
/** Telegram also answers at `name.t.me`. */
const OWN_SITE = new RegExp(`^(?:https?:\\/\\/)?${NAME}\\.t\\.me${REST}`, "i");
const PRIVATE = new RegExp(`^${SITE}c\\/([1-9]\\d{0,11})${REST}`, "i");
const INVITATION = new RegExp(
  `^(?:${SITE}(?:\\+|joinchat\\/)|tg:(?:\\/\\/)?join\\?invite=)[\\w-]+`,
  "i",
);
/** What the web apps have behind `#`. */
const WEB =
  /^(?:https?:\/\/)?web\.telegram\.org\/(?:[akz]\/?)?#(?:@([a-z][a-z0-9_]{3,31})|(-?\d+))(?:_(\d+))?$/i;
const APP = /^tg:(?:\/\/)?(resolve|privatepost)\/?\?(.+)$/i;
/** Paths of the site that are no names. */
const NO_NAMES: ReadonlySet<string> = new Set(
  (
    "joinchat addstickers addemoji addtheme addlist share proxy socks login setlanguage " +
    "confirmphone invoice giftcode boost"
  ).split(" "),
);

/** A link that lets someone into a chat. It names no chat before the account is in it. */
export function isInvitation(text: string): boolean {
  return INVITATION.test(cleanPaste(text));
}

/**
 * `@name`, a number, or a link to a chat or to a message in it, as it was pasted; null when it is
 * none. A link of three parts names the topic.
 */
export function typedChat(text: string): TypedChat | null {
  const clean = cleanPaste(text).replace(/^\(|[.,;)]+$/g, "");
  const app = APP.exec(clean);
  if (app) return ofApp(app[1] ?? "", new URLSearchParams(app[2]));
  const hidden = PRIVATE.exec(clean);
  if (hidden?.[1]) return { ref: markedChannel(hidden[1]), ...numbersIn(hidden) };
  const open = INVITATION.test(clean) ? null : (PUBLIC.exec(clean) ?? OWN_SITE.exec(clean));
  if (open?.[1] && !NO_NAMES.has(open[1].toLowerCase()))
    return { ref: `@${open[1]}`, ...numbersIn(open) };
  const [, name, id, topic] = WEB.exec(clean) ?? [];
  if (name !== undefined) return { ref: `@${name}`, topic: null };
  const ref = id ?? clean;
  if (!ChatRef.safeParse(ref).success) return null;
  return { ref, topic: topic === undefined ? null : Number(topic) };
}

function ofApp(kind: string, query: URLSearchParams): TypedChat | null {
  const isPublic = kind.toLowerCase() === "resolve";
  const ref = isPublic ? `@${query.get("domain") ?? ""}` : markedOf(query.get("channel") ?? "");
  const topic = Number(query.get("thread") ?? query.get("topic"));
  if (ref === null || !ChatRef.safeParse(ref).success) return null;
  return { ref, topic: topic > 0 ? topic : null };
}

function markedOf(bare: string): string | null {
  return /^[1-9]\d{0,11}$/.test(bare) ? markedChannel(bare) : null;
}

function numbersIn([link, , first, second]: RegExpExecArray): Omit<TypedChat, "ref"> {
  if (second !== undefined) return { topic: Number(first) };
  const thread = /[?&](?:thread|topic)=(\d{1,10})/.exec(link)?.[1];
  if (thread !== undefined) return { topic: Number(thread) };
  return { topic: null, ...(first === undefined ? {} : { number: Number(first) }) };
}
