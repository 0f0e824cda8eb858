import { parseProxy } from "@flotilla/kernel";
import { ENV, type EnvValues } from "./schema.ts";
import { Secret } from "./secret.ts";

/** Where the bot's calls go by way of: its own proxy, else the one of the sessions. A Bot API server of one's own is reached directly. */
export function botProxyOf(env: EnvValues): Secret | null {
  if (env.BOT_PROXY?.toLowerCase() === "direct") return null;
  const proxy = env.BOT_PROXY || (env.BOT_API_ROOT ? "" : env.TELEGRAM_PROXY);
  return proxy ? new Secret(proxy) : null;
}

/** One line when there is no way for the bot. Nothing goes around a proxy because it cannot carry it (docs/safety.md). */
export function wayProblems(env: EnvValues): string[] {
  if (env.BOT_PROXY || env.BOT_API_ROOT || !env.TELEGRAM_PROXY || ENV.TELEGRAM_PROXY.schema.safeParse(env.TELEGRAM_PROXY).error)
    return [];
  return parseProxy(env.TELEGRAM_PROXY).kind === "mtproxy"
    ? [
        "BOT_PROXY is not set, and TELEGRAM_PROXY is an MTProxy, which carries no Bot API: set BOT_PROXY to a SOCKS or HTTP proxy, or to direct",
      ]
    : [];
}
