import { parseProxy } from "@flotilla/kernel";
import { ENV, type EnvValues } from "./schema.ts";
import { type Secret, secretOf } from "./secret.ts";

/**
 * Proxy of the bot: BOT_PROXY, else TELEGRAM_PROXY. Null = direct, also to a custom Bot API server.
 */
export function botProxyOf(env: EnvValues): Secret | null {
  if (env.BOT_PROXY?.toLowerCase() === "direct") return null;
  return secretOf(env.BOT_PROXY || (env.BOT_API_ROOT ? "" : env.TELEGRAM_PROXY));
}

/**
 * One line when the bot has no usable proxy. Flotilla never bypasses a proxy that cannot carry a
 * connection (docs/safety.md).
 */
export function botProxyProblems(env: EnvValues): string[] {
  if (
    env.BOT_PROXY ||
    env.BOT_API_ROOT ||
    !env.TELEGRAM_PROXY ||
    ENV.TELEGRAM_PROXY.schema.safeParse(env.TELEGRAM_PROXY).error
  )
    return [];
  if (parseProxy(env.TELEGRAM_PROXY).kind === "mtproxy")
    return [
      "BOT_PROXY is not set, and TELEGRAM_PROXY is an MTProxy, which carries no Bot API: set " +
        "BOT_PROXY to a SOCKS or HTTP proxy, or to direct",
    ];
  return [];
}
