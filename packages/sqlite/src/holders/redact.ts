const LONGEST = 200;
const HIDDEN = "[hidden]";
const SECRET_NAME =
  "[\\w.-]*(?:token|secret|pass(?:word|wd)?|pwd|hash|api[_-]?key|auth|credential|session[_-]?string|phone|key)[\\w.-]*";

/**
 * An argument that supervisors pass to workers; it does not help an admin to recognise the process.
 */
const FLEET = /(^|\s)--fleet\s+\{\S*/g;

const SECRETS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // name=value and --name=value
  [new RegExp(`(^|\\s)(-{0,2}${SECRET_NAME})[=:]\\S+`, "gi"), `$1$2=${HIDDEN}`],
  // --name value
  [new RegExp(`(^|\\s)(-{1,2}${SECRET_NAME})\\s+(?!-)\\S+`, "gi"), `$1$2 ${HIDDEN}`],
  // scheme://user:password@host
  [/([a-z][\w+.-]*:\/\/)[^\s/@]*@/gi, `$1${HIDDEN}@`],
  // Bot tokens; phone numbers; long random text (keys, hashes, session strings).
  [/\b\d{6,}:[\w-]{20,}/g, HIDDEN],
  [/\+\d{7,15}\b/g, HIDDEN],
  [/(?<![\w/.-])(?=[\w+=-]*\d)[\w+=-]{32,}(?![\w/.-])/g, HIDDEN],
];

/**
 * A command line fit to show: one line, at most 200 characters. Masks the values of options with a
 * secret's name, bot tokens, phone numbers, passwords in URLs and long random words; drops the
 * fleet of a worker. `raw` separates arguments with NUL, as `/proc/<pid>/cmdline` does.
 */
export function printableCommand(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not reach a terminal
  const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g;
  let text = raw.replace(unprintable, " ").trim();
  text = text.replace(FLEET, "");
  for (const [pattern, replacement] of SECRETS) text = text.replace(pattern, replacement);
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
