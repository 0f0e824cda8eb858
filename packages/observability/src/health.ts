import { createServer, type Server } from "node:http";
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

/**
 * Serves on 127.0.0.1:
 * - `GET /livez`: 200 while the process answers. For programs that restart a hung process.
 * - `GET /healthz`: 200, or 503 with one reason per line. A restart mends few of them: use it for
 *   alerts and routing.
 * - `GET /metrics`: Prometheus text.
 *
 * Port 0 = any. Throws AppError `port-taken` with the remedy.
 */
export async function startHealth(options: {
  readonly port: number;
  readonly registry: Registry;
  readonly problems: () => readonly string[];
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const failed = (error: unknown): [number, string, string] => [500, "text/plain", `${toError(error).message}\n`];
    void answer(request.url ?? "/", options)
      .catch(failed)
      .then(([status, type, body]) => {
        response.writeHead(status, { "content-type": type }).end(body);
      });
  });
  await listen(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      await promise;
    },
  };
}

async function answer(
  url: string,
  options: { readonly registry: Registry; readonly problems: () => readonly string[] },
): Promise<[number, string, string]> {
  const path = url.split("?")[0];
  if (path === "/metrics") return [200, options.registry.contentType, await options.registry.metrics()];
  if (path === "/livez") return [200, "text/plain", "alive\n"];
  if (path !== "/healthz") return [404, "text/plain", "not found: try /healthz, /livez or /metrics\n"];
  const problems = options.problems();
  return problems.length === 0 ? [200, "text/plain", "ok\n"] : [503, "text/plain", `${problems.join("\n")}\n`];
}

async function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  try {
    await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw toError(error);
    throw new AppError(
      "port-taken",
      `Port ${port} on 127.0.0.1 is in use. Stop the program that has it, or set HTTP_PORT to another port (0 = any free one).`,
    );
  }
}
