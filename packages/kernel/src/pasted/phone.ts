import { cleanPaste } from "./clean.ts";

/** 7 digits = the shortest number of an account, 15 = the longest of ITU-T E.164. */
const DIGITS = /^\d{7,15}$/;
/** What links to a number begin with. */
const LINKS = [
  String.raw`(?:tel|sms|callto):(?:\/\/)?`,
  String.raw`(?:https?:\/\/)?wa\.me\/`,
  String.raw`(?:https?:\/\/)?api\.whatsapp\.com\/send\/?\?phone=`,
  String.raw`whatsapp:\/\/send\/?\?phone=`,
];
const LINK = new RegExp(`^(?:${LINKS.join("|")})`, "i");
/** What people write between digits. */
const BETWEEN = "[ .()[\\]/_·•∙⋅-]";
/** A number with its country code, inside of other words. */
const INSIDE = new RegExp(`(?<!\\d)(?:\\+|00)${BETWEEN}*\\d(?:${BETWEEN}*\\d)*(?!\\d)`, "gu");

/**
 * A pasted phone number as `+` and digits, or as bare digits when it has no country code with `+`
 * or `00`; null when it is not a full number. Accepts `tel:` links, the decoration of contacts,
 * digits of every script, and the `(0)` of "+49 (0) 151 …". Among other words a number
 * counts when it is the only one with a country code.
 */
export function parsePhone(text: string): string | null {
  const clean = cleanPaste(text.normalize("NFKC")).replace(/[\s.,;]+$/, "");
  if (LINK.test(clean)) return numberOf(decoded(clean.replace(LINK, "")).replace(/[;?&#].*$/s, ""));
  const whole = numberOf(clean.replaceAll("\n", " "));
  if (whole !== null) return whole;
  const found = new Set((clean.match(INSIDE) ?? []).flatMap((each) => numberOf(each) ?? []));
  const [only] = found;
  if (found.size === 1 && only !== undefined) return only;
  return null;
}

function numberOf(text: string): string | null {
  const number = text
    .replace(/^([( ]*(?:\+|00)[\d .()-]+?)[([] ?0 ?[)\]]/, "$1")
    .replace(new RegExp(BETWEEN, "gu"), "")
    .replace(/^00/, "+");
  return DIGITS.test(number.replace(/^\+/, "")) ? number : null;
}

function decoded(text: string): string {
  try {
    return cleanPaste(decodeURIComponent(text));
  } catch {
    return text;
  }
}
