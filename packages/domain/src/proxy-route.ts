import { AppError } from "@flotilla/kernel";

/** A SOCKS proxy on the way of a worker to Telegram. */
export interface SocksRoute {
  readonly kind: "socks4" | "socks5";
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
}

/** An MTProxy (https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation): it takes Telegram's traffic alone. */
export interface MtProxyRoute {
  readonly kind: "mtproxy";
  readonly host: string;
  readonly port: number;
  /** 16 bytes in hex, without the leading `dd`. */
  readonly secret: string;
}

/** The way of a worker to Telegram, when it is not the direct one. It never changes by itself (docs/safety.md). */
export type ProxyRoute = SocksRoute | MtProxyRoute;

const SHAPE = /^(socks[45]|mtproxy):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\[[0-9a-fA-F:]+\]|[^:@/[\]?#\s]+):([1-9]\d{0,4})\/?$/;
const HOST = /^[^:@/[\]?#\s]{1,253}$/;

/**
 * `socks5://user:password@host:port`, `socks4://host:port`, `mtproxy://secret@host:port`, or a link that Telegram's apps share
 * (`https://t.me/proxy?server=…&port=…&secret=…`, `tg://socks?…`). AppError `bad-proxy`, which does not quote it.
 */
export function parseProxy(text: string): ProxyRoute {
  const link = /^(?:https?:\/\/t\.me\/|tg:(?:\/\/)?)(proxy|socks)\?(.+)$/i.exec(text);
  if (link) return fromLink(link[1]?.toLowerCase() === "proxy", new URLSearchParams(link[2]));
  const [, kind, user, password, host = "", port] = SHAPE.exec(text) ?? [];
  const bare = host.replace(/^\[|\]$/g, "");
  if (kind === "mtproxy") return mtProxy(bare, Number(port), user ?? "");
  if ((kind !== "socks4" && kind !== "socks5") || !(Number(port) <= 65_535)) throw bad();
  return { kind, host: bare, port: Number(port), username: decoded(user), password: decoded(password) };
}

/** Where it goes, without what nobody else may know. */
export function maskProxy({ kind, host, port, ...rest }: ProxyRoute): string {
  const hidden = kind === "mtproxy" || ("username" in rest && rest.username !== null) ? "•••@" : "";
  return `${kind}://${hidden}${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function fromLink(isMtProxy: boolean, query: URLSearchParams): ProxyRoute {
  const host = query.get("server") ?? "";
  const port = Number(query.get("port"));
  if (isMtProxy) return mtProxy(host, port, query.get("secret") ?? "");
  if (!HOST.test(host) || !isPort(port)) throw bad();
  return { kind: "socks5", host, port, username: query.get("user"), password: query.get("pass") };
}

function mtProxy(host: string, port: number, secret: string): MtProxyRoute {
  if (!(HOST.test(host) || /^[0-9a-fA-F:]+$/.test(host)) || !isPort(port)) throw bad();
  const hex = /^[0-9a-f]+$/i.test(secret) ? secret.toLowerCase() : Buffer.from(secret, "base64url").toString("hex");
  if (hex.startsWith("ee") && hex.length > 34)
    throw new AppError("bad-proxy", "This MTProxy hides as a web server (its secret begins with ee), which is not supported.");
  const bare = hex.length === 34 && hex.startsWith("dd") ? hex.slice(2) : hex;
  if (bare.length !== 32)
    throw new AppError("bad-proxy", "The secret of an MTProxy must be 16 bytes in hex, with or without dd.");
  return { kind: "mtproxy", host, port, secret: bare };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65_535;
}

function decoded(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad();
  }
}

function bad(): AppError {
  return new AppError(
    "bad-proxy",
    "The proxy must be socks5://user:password@host:port, socks4://host:port or mtproxy://secret@host:port.",
  );
}
