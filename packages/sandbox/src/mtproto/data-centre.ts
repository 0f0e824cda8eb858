import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { AppError } from "@flotilla/kernel";

const FIRST_LOOPBACK = "127.0.0.1";

/** One data centre's listener. It can be closed and opened again on its port. */
export class DataCentre {
  readonly id: number;
  readonly #onSocket: (dc: number, socket: Socket) => void;
  #server: Server | null = null;
  #host: string;
  #port: number;

  constructor(
    id: number,
    at: { host: string; port: number },
    onSocket: (dc: number, socket: Socket) => void,
  ) {
    requireLoopback(at.host);
    this.id = id;
    this.#host = at.host;
    this.#port = at.port;
    this.#onSocket = onSocket;
  }

  get port(): number {
    return this.#port;
  }

  get host(): string {
    return this.#host;
  }

  /** Rejects with the system's error, e.g. EADDRINUSE. */
  async open(): Promise<void> {
    const server = createServer((socket) => this.#onSocket(this.id, socket));
    try {
      server.listen(this.#port, this.#host);
      await once(server, "listening");
    } catch (error) {
      if (
        (error as NodeJS.ErrnoException).code !== "EADDRNOTAVAIL" ||
        this.#host === FIRST_LOOPBACK
      )
        throw error;
      // A system that has only the first address of 127.0.0.0/8, as macOS: the port alone tells the
      // DCs apart there.
      this.#host = FIRST_LOOPBACK;
      server.listen(this.#port, this.#host);
      await once(server, "listening");
    }
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
    this.#server = server;
  }

  /**
   * Stops listening. Connections are the caller's; this resolves when the last of them has ended.
   */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = once(server, "close");
    server.close();
    await closed;
  }
}

/**
 * The sandbox is for this machine alone: it knows every secret of its accounts. Throws AppError
 * `not-loopback`.
 */
function requireLoopback(host: string): void {
  if (/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)) return;
  throw new AppError(
    "not-loopback",
    `The sandbox listens on loopback addresses (127.x.x.x) only, not on ${host}.`,
  );
}
