import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, toError } from "@flotilla/kernel";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { BotBackend } from "./botapi/backend.ts";
import { botApiRoutes } from "./botapi/http.ts";
import type { ChatUser } from "./botapi/model/types.ts";
import type { App } from "./control/context.ts";
import { FaultLog } from "./control/fault-log.ts";
import { loopbackOnly } from "./control/guard.ts";
import { controlRoutes } from "./control/http.ts";
import { pageRoutes } from "./control/page-routes.ts";
import type { WorldApi } from "./mtproto/world-api.ts";
import type { MovableClock } from "./world/clock.ts";

/** What the HTTP side needs. `world` is the MTProto half's. */
export interface HttpOptions {
  host: string;
  /** 0 = any free port. */
  port: number;
  backend: BotBackend;
  world: WorldApi;
  clock: MovableClock;
  admin: ChatUser;
}

/** A listening HTTP side: Bot API, control API and chat page on one port. */
export interface HttpSide {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** How long an idle connection is kept: the usual time of web servers. */
const KEEP_ALIVE_MS = 75_000;

/** Starts listening. Throws AppError `port-taken` or `cannot-listen` in plain words. */
export async function startHttp(options: HttpOptions): Promise<HttpSide> {
  const { backend, world, clock, admin, host } = options;
  const closing = new AbortController();
  const app: App = new Hono();
  app.use(loopbackOnly());
  app.route("/", botApiRoutes(backend));
  app.route(
    "/control",
    controlRoutes({
      backend,
      world,
      clock,
      admin,
      faultLog: new FaultLog(() => clock.now()),
      closing: closing.signal,
    }),
  );
  app.route("/", pageRoutes());
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  // Not Node's 5 s: a connection that is closed while a call is on its way loses the call, as on a
  // busy machine it would every day.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, host, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      backend.updates.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (thrown) {
    const error = toError(thrown) as NodeJS.ErrnoException;
    if (error.code === "EADDRINUSE")
      throw new AppError(
        "port-taken",
        `Port ${port} is taken by another program. Stop it, or choose another port.`,
        {
          cause: error,
        },
      );
    throw new AppError("cannot-listen", `Cannot listen on ${host}:${port}: ${error.message}`, {
      cause: error,
    });
  }
}

/** AppError `port-taken` with the remedy in its text. */
export function portTaken(port: number, cause: Error): AppError {
  return new AppError(
    "port-taken",
    `Port ${port} is taken by another program. Stop it, or choose another port.`,
    { cause },
  );
}
