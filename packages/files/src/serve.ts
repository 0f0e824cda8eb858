import { open } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { relayFile } from "@flotilla/contracts";
import { AppError, type Clock } from "@flotilla/kernel";
import { PART_BYTES, PartSeal } from "./seal.ts";

/** Folder, key and address of a file server. */
export interface FileServerOptions {
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  /** Address to listen on; `host` null = all of this machine. Port 0 = any. */
  readonly listen: { readonly host: string | null; readonly port: number };
  readonly clock: Clock;
  /** Errors of the disk. A question that is refused is none. */
  readonly onError: (error: unknown) => void;
}

/** A running file server. */
export interface FileServer {
  readonly port: number;
  close(): Promise<void>;
}

const PART =
  /^\/files\/([a-z][a-z0-9_-]{0,31})\/([1-9]\d{0,14})\/([1-9]\d{0,14})\/(0|[1-9]\d{0,5})$/;
/** Milliseconds for a question: a slow or silent client holds no socket for long. */
const QUESTION_MS = 30_000;

/**
 * Serves the files that readers of this host downloaded, to senders of other hosts of the fleet, in
 * sealed parts. Questions without the signature of the fleet learn nothing: 403 for every path.
 * Throws AppError `port-taken`.
 */
export async function startFileServer(options: FileServerOptions): Promise<FileServer> {
  const seal = new PartSeal(options.fleetKey);
  const server = createServer({ requestTimeout: QUESTION_MS, headersTimeout: QUESTION_MS });
  server.on("request", (request, response) => {
    const path = request.url ?? "";
    const end = (status: number, body?: Buffer): void =>
      void response.writeHead(status, { "content-type": "application/octet-stream" }).end(body);
    const { authorization } = request.headers;
    if (request.method !== "GET" || !seal.isAsked(path, authorization, options.clock.now()))
      return end(403);
    partOf(options.dataDir, path).then(
      (part) => (part === null ? end(404) : end(200, seal.seal(path, part))),
      (error: unknown) => {
        options.onError(error);
        end(500);
      },
    );
  });
  const { host, port } = options.listen;
  await listening(server, port, host ?? undefined);
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

/** Null = there is no such file, or no such part of it. */
async function partOf(dataDir: string, path: string): Promise<Buffer | null> {
  const [, reader = "", row, message, part] = PART.exec(path) ?? [];
  if (reader === "") return null;
  const file = await open(relayFile(dataDir, reader, Number(row), Number(message))).catch(missing);
  if (file === null) return null;
  try {
    const bytes = Buffer.alloc(PART_BYTES);
    const { bytesRead } = await file.read(bytes, 0, PART_BYTES, Number(part) * PART_BYTES);
    return bytesRead === 0 ? null : bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}

async function listening(server: Server, port: number, host: string | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new AppError(
      "port-taken",
      `The port ${port} of HOST_URL cannot be used (${code}). Stop the program that has it, or set ` +
        "HOST_URL to another port; HOST_LISTEN when a proxy stands in front.",
      { cause },
    );
  }
  server.removeListener("error", reject);
}
