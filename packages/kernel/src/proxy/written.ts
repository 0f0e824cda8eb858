/** What a place is called where a proxy is written line by line, as channels and forms do. */
const LABELS: Readonly<Record<string, RegExp>> = {
  host: /^(?:server|host|hostname|ip|address|proxy|сервер|хост|адрес)$/i,
  port: /^(?:port|порт)$/i,
  user: /^(?:user|username|login|логин|пользователь)$/i,
  password: /^(?:pass|password|пароль)$/i,
  secret: /^(?:secret|key|секрет|ключ)$/i,
};
const KINDS = "socks5h?|socks4a?|socks|https?|mtproxy|mtproto";
const ADDRESS_FIRST = new RegExp(`^(?:(?:${KINDS}):)?[\\p{L}\\p{N}._-]+:\\d{1,5}(?::|$)`, "iu");
const LINK = /^(?:https?:\/\/)?(?:t|telegram)\.(?:me|dog)\/|^tg:/i;
/** A URL that ends with the name which an app gave the proxy. */
const NAMED = /^(\w+:\/\/(?:.*@)?(?:\[[^\]]+\]|[^:@/[\]]+):\d{1,5}\/?)#[^@]*$/;
const LISTED = /^([^:|;,\s]+(?::\d{1,5})?) ?([|;,\n])(.+)$/s;

/**
 * A proxy without what people copy along with it, in one form: the address of a Markdown link, what
 * follows `NAME=`, a list with `|`, `;`, `,` or line breaks between its parts, a kind that stands
 * before the address without `://`, the name that apps write behind `#`, and lines such as `Server:
 * …`, `Port: …`, `Secret: …`. A text that is none of these stays as it is. `text`: cleaned.
 */
export function asWritten(text: string): string {
  const labelled = fromLabels(text);
  if (labelled !== null) return labelled;
  const alone = text
    .replace(/^\[[^\]]*\]\((\S+)\)$/, "$1")
    .replace(/^(?:export +|set +)?\w*proxy\w* *= *["']?(.*?)["']?$/is, "$1")
    .replace(/(?<=:\d{1,5}\/?)[,;]+$/, "");
  if (LINK.test(alone)) return alone.replace(/#.*$/, "");
  if (alone.includes("://")) return alone.replace(NAMED, "$1");
  return listed(alone)
    .replace(/ *: */g, ":")
    .replace(new RegExp(`^(${KINDS})[: ](?!\\d{1,5}(?:[: ]|$))`, "i"), "$1://");
}

/** Parts with one mark between them, the address first or behind its kind. */
function listed(text: string): string {
  const [, first = "", mark = "", rest = ""] = LISTED.exec(text) ?? [];
  if (mark === "") return text;
  const parts = [first, ...rest.split(mark)].map((part) => part.trim());
  const joined = parts.join(":");
  if (parts.length <= 5 && ADDRESS_FIRST.test(joined)) return joined;
  return text;
}

function fromLabels(text: string): string | null {
  const found: Record<string, string> = {};
  for (const line of text.split(/\n/)) {
    const [, label = "", value = ""] =
      /^[^\p{L}]*(\p{L}+)[^\p{L}\d:=]*[:=] *(\S+) *$/u.exec(line) ?? [];
    const name = Object.keys(LABELS).find((each) => LABELS[each]?.test(label));
    if (name !== undefined) found[name] = value;
  }
  const { host, port, user, password, secret } = found;
  if (host === undefined || port === undefined) return null;
  const place = `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
  if (secret !== undefined) return `mtproxy://${place}:${secret}`;
  return user === undefined ? place : `${place}:${user}:${password ?? ""}`;
}
