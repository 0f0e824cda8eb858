import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, toError } from "@flotilla/kernel";
import { collectDefaultMetrics, Registry } from "prom-client";

export { Counter, Gauge, Registry } from "prom-client";

/** A registry with Node's own metrics. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** A running health endpoint; close it before the process ends. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What a health page shows. */
export interface HealthOptions {
  readonly port: number;
  readonly registry: Registry;
  readonly problems: () => readonly string[];
  /** What this process is, instead of "ok", when it has no problem; null = nothing to say. */
  readonly state?: () => string | null;
}

/**
 * Serves on 127.0.0.1 and ::1, or on the one of them that this host has:
 * - `GET /livez`: 200 while the process answers. For programs that restart a hung process.
 * - `GET /healthz`: 200, or 503 with one reason per line. A restart mends few of them: use it for
 *   alerts and routing.
 * - `GET /metrics`: Prometheus text.
 *
 * Port 0 = any. Throws AppError `port-taken` with the remedy.
 */
export async function startHealth(options: HealthOptions): Promise<HealthServer> {
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const failed = (error: unknown): [number, string, string] => [
      500,
      "text/plain",
      `${toError(error).message}\n`,
    ];
    void answer(request.url ?? "/", options)
      .catch(failed)
      .then(([status, type, body]) => {
        response.writeHead(status, { "content-type": type }).end(body);
      });
  };
  const servers = await listenOnLoopback(serve, options.port);
  return {
    port: portOf(servers[0]),
    close: async () => void (await Promise.all(servers.map(closed))),
  };
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}

async function answer(
  url: string,
  options: Omit<HealthOptions, "port">,
): Promise<[number, string, string]> {
  const path = url.split("?")[0];
  if (path === "/metrics")
    return [200, options.registry.contentType, await options.registry.metrics()];
  if (path === "/livez") return [200, "text/plain", "alive\n"];
  if (path !== "/healthz")
    return [404, "text/plain", "not found: try /healthz, /livez or /metrics\n"];
  const problems = options.problems();
  if (problems.length === 0) return [200, "text/plain", `${options.state?.() ?? "ok"}\n`];
  return [503, "text/plain", `${problems.join("\n")}\n`];
}

/** The loopback address of a host without IPv4, or without IPv6, is none. */
const NO_ADDRESS: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/**
 * Both loopback addresses, with one port. A free one is chosen by the first; where the other has it
 * in use, the first is enough.
 */
async function listenOnLoopback(
  serve: RequestListener,
  wanted: number,
): Promise<[Server, ...Server[]]> {
  const servers: Server[] = [];
  let failure: NodeJS.ErrnoException | null = null;
  for (const host of ["127.0.0.1", "::1"]) {
    const [first] = servers;
    const server = createServer(serve);
    const error = await listen(server, first ? portOf(first) : wanted, host);
    if (error === null) servers.push(server);
    else if (NO_ADDRESS.has(error.code ?? "") || (first && wanted === 0)) failure ??= error;
    else {
      await Promise.all(servers.map(closed));
      throw error.code === "EADDRINUSE" ? portTaken(wanted, host) : error;
    }
  }
  const [first, ...more] = servers;
  if (!first) throw failure ?? new Error("no loopback address");
  return [first, ...more];
}

/** Null: it listens. */
async function listen(
  server: Server,
  port: number,
  host: string,
): Promise<NodeJS.ErrnoException | null> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  server.once("error", resolve);
  server.listen(port, host, () => resolve(null));
  const error = await promise;
  server.removeListener("error", resolve);
  return error;
}

function portTaken(port: number, host: string): AppError {
  const remedy =
    "Stop the program that has it, or set HTTP_PORT to another port (0 = any free one).";
  return new AppError("port-taken", `Port ${port} on ${host} is in use. ${remedy}`);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
