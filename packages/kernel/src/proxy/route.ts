import { AppError } from "../errors.ts";
import { cleanPaste } from "../pasted/clean.ts";
import { asWritten } from "./written.ts";

/** A proxy that connects to any address: SOCKS, or HTTP with CONNECT. */
export interface TcpProxyRoute {
  readonly kind: "socks4" | "socks5" | "http";
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
}

/**
 * An MTProxy (https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation): it
 * carries MTProto only.
 */
export interface MtProxyRoute {
  readonly kind: "mtproxy";
  readonly host: string;
  readonly port: number;
  /** 16 bytes in hex, without the leading `dd` or `ee`. */
  readonly secret: string;
  /** Only with an `ee` secret: the web site that the connection imitates. */
  readonly domain?: string;
}

/** The proxy of a worker. Flotilla never changes or bypasses it automatically (docs/safety.md). */
export type ProxyRoute = TcpProxyRoute | MtProxyRoute;

const KINDS: Readonly<Record<string, ProxyRoute["kind"]>> = {
  socks: "socks5",
  socks5: "socks5",
  socks5h: "socks5",
  socks4: "socks4",
  socks4a: "socks4",
  http: "http",
  mtproxy: "mtproxy",
  mtproto: "mtproxy",
};
const LINK =
  /^(?:https?:\/\/)?(?:t|telegram)\.(?:me|dog)\/(proxy|socks)\/?\?(.+)$|^tg:(?:\/\/)?(proxy|socks)\/?\?(.+)$/i;
/** An IPv6 address without its brackets: nothing says where it ends and the port begins. */
const BARE_V6 = /^[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){4,}/i;
const HOST = /^[\p{L}\p{M}\p{N}._-]{1,253}$/u;
const PLACE = /^(\[[0-9a-fA-F:.]+\]|[\p{L}\p{M}\p{N}._-]+):(\d{1,5})$/u;

/**
 * Parses a proxy in any form that people copy (field fault C5): `socks5://user:password@host:port`
 * (also `socks5h`, `socks4`, `socks4a`, `http`), a line of a list such as
 * `host:port:user:password`, `mtproxy://secret@host:port`, `host:port:secret`, or a link that
 * Telegram's apps share (`https://t.me/proxy?…`, `tg://socks?…`). Without a scheme it is SOCKS5.
 * `asWritten` drops what surrounds it. Throws AppError `bad-proxy`, which does not quote the text.
 */
export function parseProxy(text: string): ProxyRoute {
  const clean = asWritten(cleanPaste(text));
  const link = LINK.exec(clean);
  if (link)
    return fromLink(
      link[1] ?? link[3] ?? "",
      new URLSearchParams((link[2] ?? link[4])?.replaceAll("&amp;", "&")),
    );
  const [, scheme, rest = ""] =
    /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\S+?)\/?$/i.exec(clean.replace(/ +/g, ":")) ?? [];
  const kind = scheme === undefined ? null : KINDS[scheme.toLowerCase()];
  if (kind === undefined) throw scheme?.toLowerCase() === "https" ? bad(HTTPS) : bad();
  if (BARE_V6.test(rest)) throw bad(V6);
  const { place, user, password, raw } = parts(
    kind === "mtproxy" ? rest.replace(/\/?\?secret=|(?<=\d)\//, ":") : rest,
    kind,
  );
  const read = raw ? (value: string | undefined): string | null => value ?? null : decoded;
  const isSecret = kind === null && user !== undefined && password === undefined && raw;
  if (kind === "mtproxy" || isSecret) return mtProxy(place.host, place.port, user ?? "");
  return { kind: kind ?? "socks5", ...place, username: read(user), password: read(password) };
}

/** The proxy's address with user, password and secret masked, for logs and the chat. */
export function maskProxy({ kind, host, port, ...rest }: ProxyRoute): string {
  const hidden = kind === "mtproxy" || ("username" in rest && rest.username !== null) ? "•••@" : "";
  return `${kind}://${hidden}${host.includes(":") ? `[${host}]` : host}:${port}`;
}

interface Parts {
  readonly place: { readonly host: string; readonly port: number };
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** True for a line of a list, in which no character is percent-encoded. */
  readonly raw: boolean;
}

function parts(text: string, kind: ProxyRoute["kind"] | null): Parts {
  const at = text.lastIndexOf("@");
  if (at >= 0) {
    const place = placeOf(text.slice(at + 1));
    if (place) return { place, ...named(text.slice(0, at)), raw: false };
    const before = placeOf(text.slice(0, at));
    if (before) return { place: before, ...named(text.slice(at + 1)), raw: true };
  }
  const [, first = "", more] = /^(\[[^\]]+\]:\d+|[^:]+:[^:]+)(?::(.+))?$/.exec(text) ?? [];
  const place = placeOf(first);
  if (place && (more === undefined || more.includes(":") || kind === null || kind === "mtproxy"))
    return { place, ...named(more), raw: more !== undefined };
  const [, user, password, last = ""] =
    /^([^:]+):(.+):(\[[^\]]+\]:\d+|[^:]+:\d+)$/.exec(text) ?? [];
  const end = placeOf(last);
  if (!end) throw bad();
  return { place: end, user, password, raw: true };
}

function named(text: string | undefined): {
  user: string | undefined;
  password: string | undefined;
} {
  const colon = text?.indexOf(":") ?? -1;
  if (colon < 0) return { user: text, password: undefined };
  return { user: text?.slice(0, colon), password: text?.slice(colon + 1) };
}

function placeOf(text: string): Parts["place"] | null {
  const [, host = "", digits] = PLACE.exec(text) ?? [];
  const port = Number(digits);
  if (host !== "" && isPort(port)) return { host: host.replace(/^\[|\]$/g, ""), port };
  return null;
}

function fromLink(what: string, query: URLSearchParams): ProxyRoute {
  const host = (query.get("server")?.trim() ?? "").replace(/^\[(.+)\]$/, "$1");
  const port = Number(query.get("port"));
  // A plus sign of base64 is a blank in a query.
  if (what.toLowerCase() === "proxy")
    return mtProxy(host, port, query.get("secret")?.trim().replaceAll(" ", "+") ?? "");
  if (!isHost(host) || !isPort(port)) throw bad();
  return { kind: "socks5", host, port, username: query.get("user"), password: query.get("pass") };
}

function mtProxy(host: string, port: number, secret: string): MtProxyRoute {
  if (!isHost(host) || !isPort(port)) throw bad();
  const bytes = /^(?:[0-9a-f]{2})+$/i.test(secret)
    ? Buffer.from(secret, "hex")
    : Buffer.from(secret, "base64");
  const keyAt = bytes.length === 16 ? 0 : 1;
  const key = bytes.subarray(keyAt, keyAt + 16).toString("hex");
  if (bytes.length === 16 || (bytes.length === 17 && bytes[0] === 0xdd))
    return { kind: "mtproxy", host, port, secret: key };
  const domain = bytes.subarray(17).toString("latin1");
  if (bytes[0] === 0xee && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,181}$/.test(domain))
    return { kind: "mtproxy", host, port, secret: key, domain };
  throw bad(SECRET);
}

function isHost(host: string): boolean {
  return HOST.test(host) || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(host);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

function decoded(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    // A sign that encodes nothing stands for itself.
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, "%25"));
  } catch {
    throw bad();
  }
}

/** The accepted forms, for the message that refuses another one. */
export const PROXY_FORMS =
  "socks5://user:password@host:port, socks4://host:port, http://user:password@host:port, " +
  "mtproxy://secret@host:port, host:port:user:password (SOCKS5), or a t.me/proxy link";
const HTTPS =
  "A proxy that is reached by https:// cannot be used. Most of them are HTTP proxies: write " +
  "http://host:port.";
const V6 = "An IPv6 address must stand in brackets: socks5://[2001:db8::1]:1080.";
const SECRET =
  "The secret of an MTProxy must be 16 bytes, in hex or base64, alone or after dd, or ee " +
  "with the name of a web site.";

function bad(why = `The proxy must be ${PROXY_FORMS}.`): AppError {
  return new AppError("bad-proxy", why);
}
