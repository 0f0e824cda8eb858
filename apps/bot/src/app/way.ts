import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Config } from "@flotilla/config";
import { dial, maskProxy, parseProxy, type TcpProxyRoute, toError } from "@flotilla/kernel";

/** How the bot's calls of the Bot API travel (field fault C6). */
export interface BotWay {
  readonly agent: HttpAgent;
  /** Address of the Bot API server. */
  readonly root: string;
  /** For people: the server, and the proxy without its password. */
  readonly shown: string;
  /** The proxy alone; null = direct. */
  readonly proxyShown: string | null;
}

/** The way that the configuration wants, to the server that the bot calls. */
export function wayOf(
  { botProxy }: Pick<Config, "botProxy">,
  apiRoot: string | null | undefined,
): BotWay {
  return botWay(apiRoot ?? null, botProxy?.reveal() ?? null);
}

const TELEGRAM = "https://api.telegram.org";
const DIAL_MS = 10_000;

/**
 * The way to the Bot API at `apiRoot` (null = Telegram's own) by way of `proxy` (null = direct).
 * Throws AppError `bad-proxy`.
 */
export function botWay(apiRoot: string | null, proxy: string | null): BotWay {
  const root = apiRoot ?? TELEGRAM;
  const route = proxy === null ? null : parseProxy(proxy);
  if (route?.kind === "mtproxy") throw new TypeError("an MTProxy carries no Bot API");
  const secure = new URL(root).protocol === "https:";
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  if (route) agent.createConnection = throughProxy(route, secure) as never;
  const proxyShown = route && maskProxy(route);
  return {
    agent,
    root,
    proxyShown,
    shown: proxyShown === null ? root : `${root} through ${proxyShown}`,
  };
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly servername?: string;
}

type Opened = (error: Error | null, socket?: Socket) => void;

/** The name is resolved by the proxy: nothing of the way is asked of the network here. */
function throughProxy(
  proxy: TcpProxyRoute,
  secure: boolean,
): (target: Target, opened: Opened) => undefined {
  return (target, opened) => {
    dial({
      target: { host: target.host, port: Number(target.port) },
      proxy,
      timeoutMs: DIAL_MS,
    }).then(
      (socket) =>
        opened(
          null,
          secure
            ? connectTls({ ...target, socket, servername: target.servername ?? target.host })
            : socket,
        ),
      (error: unknown) => opened(toError(error)),
    );
    return undefined;
  };
}
