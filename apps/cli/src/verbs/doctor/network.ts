import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect as connectTls } from "node:tls";
import { botProxyOf, type EnvValues } from "@flotilla/config";
import {
  AppError,
  dial,
  type Endpoint,
  homeAddressOf,
  maskProxy,
  type ProxyRoute,
  parseProxy,
  reachable,
  toError,
  withTimeout,
} from "@flotilla/kernel";
import type { Place } from "../../place/place.ts";
import type { Finding, Patient } from "./finding.ts";

const TIMEOUT_MS = 5000;
/**
 * Clock difference that is reported. MTProto refuses messages that are 300 s old or 30 s ahead
 * (https://core.telegram.org/mtproto/description#message-identifier-msg-id).
 */
const MAX_SKEW_MS = 20_000;
const TELEGRAM_BOT_API = "https://api.telegram.org";
/** The data centre in which every login begins. */
const FIRST_DC = 2;

/**
 * Checks that the Bot API and the data centre answer through the proxies of the bot and the
 * workers, never around them (field fault C11), and compares the clocks. Skips the sandbox, which
 * has its own servers, and the Bot API on a host without a bot.
 */
export async function checkNetwork({ place }: Patient): Promise<Finding[]> {
  if (place.sandbox) return [];
  const { env } = place;
  return (await Promise.all([env.BOT_TOKEN ? checkBotApi(place) : [], checkDc(env)])).flat();
}

function dcOf(address: string | undefined): Endpoint {
  if (!address) return { host: homeAddressOf(FIRST_DC) ?? "", port: 443 };
  const colon = address.lastIndexOf(":");
  return {
    host: address.slice(0, colon).replace(/^\[(.+)\]$/, "$1"),
    port: Number(address.slice(colon + 1)),
  };
}

function wayOf(proxy: string | undefined): ProxyRoute | null {
  return proxy ? parseProxy(proxy) : null;
}

function through(proxy: ProxyRoute | null): string {
  return proxy === null ? "" : ` through ${maskProxy(proxy)}`;
}

async function checkBotApi({ env, clock }: Place): Promise<Finding[]> {
  const root = env.BOT_API_ROOT ?? TELEGRAM_BOT_API;
  const proxy = wayOf(botProxyOf(env)?.reveal());
  try {
    const skewMs = clock.now() - Date.parse(await dateOf(new URL(root), proxy));
    if (Number.isNaN(skewMs) || Math.abs(skewMs) < MAX_SKEW_MS) return [];
    return [skewed(skewMs)];
  } catch (thrown) {
    return [
      unreachable(
        `The Bot API (${root}) cannot be reached${through(proxy)}: ${reasonOf(thrown)}.`,
        "Without it there is no chat: no menu, and no alert.",
      ),
    ];
  }
}

/** The Date header of the server's answer; empty when it has none. */
async function dateOf(url: URL, proxy: ProxyRoute | null): Promise<string> {
  if (proxy?.kind === "mtproxy")
    throw new AppError("bad-proxy", "an MTProxy carries no Bot API, and BOT_PROXY is not set");
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.+)\]$/, "$1");
  const tcp = await dial({
    target: { host, port: Number(url.port || (secure ? 443 : 80)) },
    proxy,
    timeoutMs: TIMEOUT_MS,
  });
  try {
    const socket = secure ? connectTls({ socket: tcp, servername: host }) : tcp;
    const request = (secure ? requestHttps : requestHttp)(url, {
      method: "HEAD",
      createConnection: () => socket,
    });
    request.end();
    const [response] = (await withTimeout(
      once(request, "response"),
      TIMEOUT_MS,
      () => new Error("no answer"),
    )) as [IncomingMessage];
    return response.headers.date ?? "";
  } finally {
    tcp.destroy();
  }
}

async function checkDc(env: EnvValues): Promise<Finding[]> {
  const proxy = wayOf(env.TELEGRAM_PROXY);
  const dc = dcOf(env.MTPROTO_DC);
  const { host, port } = proxy === null ? reachable(dc, FIRST_DC, env.LOCAL_ADDRESS) : dc;
  const lost = (what: string): Finding[] => [
    unreachable(what, "Without it no worker can connect."),
  ];
  try {
    // An MTProxy answers only its own protocol: checks only that it accepts connections.
    const way =
      proxy?.kind === "mtproxy"
        ? { target: proxy, proxy: null }
        : { target: { host, port }, proxy };
    (await dial({ ...way, timeoutMs: TIMEOUT_MS })).destroy();
    return [];
  } catch (thrown) {
    if (proxy?.kind === "mtproxy")
      return lost(
        `The proxy of the workers (${maskProxy(proxy)}) cannot be reached: ${reasonOf(thrown)}.`,
      );
    return lost(
      `The Telegram data centre (${host}:${port}) cannot be reached${through(proxy)}: ${reasonOf(thrown)}.`,
    );
  }
}

/** The reason of a failure: a proxy's message, or the system's error code. */
function reasonOf(thrown: unknown): string {
  const error: NodeJS.ErrnoException = toError(thrown);
  if (thrown instanceof AppError) return error.message.replace(/\.$/, "");
  return error.code ?? error.message;
}

function unreachable(what: string, why: string): Finding {
  return {
    check: "network",
    level: "problem",
    what,
    why,
    todo:
      "Check the network, the firewall and name resolution of this machine, and the proxy if one " +
      "is set (TELEGRAM_PROXY, BOT_PROXY).",
  };
}

function skewed(skewMs: number): Finding {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return {
    check: "clock",
    level: "problem",
    what: `The clock of this machine is ${seconds} s ${skewMs > 0 ? "ahead" : "behind"}.`,
    why: "Telegram refuses packets from a wrong time, and leases between machines are measured by the clock.",
    todo: "Turn on time synchronisation: timedatectl set-ntp true",
  };
}
