import { cleanPaste } from "./clean.ts";

/** 7 digits = the shortest number of an account, 15 = the longest of ITU-T E.164. */
const DIGITS = /^\d{7,15}$/;

/**
 * A pasted phone number as `+` and digits, or as bare digits when it has no country code with `+`
 * or `00`; null when it is not a full number. Accepts `tel:` links, the decoration of contacts,
 * digits of every script, and the `(0)` of "+49 (0) 151 …".
 */
export function parsePhone(text: string): string | null {
  const link = /^(?:tel|sms|callto):(?:\/\/)?/i;
  const clean = cleanPaste(text);
  const number = (link.test(clean) ? decoded(clean.replace(link, "")).replace(/[;?].*$/s, "") : clean)
    .replace(/^(\+|00)([\d .-]+)\( ?0 ?\)/, "$1$2")
    .replace(/[ .()/-]/g, "")
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
