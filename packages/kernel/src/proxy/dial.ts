import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { AppError, toError } from "../errors.ts";
import type { TcpProxyRoute } from "./route.ts";
import { type Endpoint, throughProxy } from "./through.ts";

/** Where {@link dial} connects to, and by which proxy. */
export interface DialOptions {
  readonly target: Endpoint;
  /** Null = direct. */
  readonly proxy: TcpProxyRoute | null;
  /** Limit for the whole connection, proxy handshake included, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Opens a TCP connection to `target`, through the proxy if there is one. On failure it closes the
 * socket and throws the system's error, the error of `throughProxy`, or an error with the code
 * `ETIMEDOUT`.
 */
export async function dial({ target, proxy, timeoutMs }: DialOptions): Promise<Socket> {
  const { host, port } = proxy ?? target;
  const socket = connect({ host, port });
  // Swallows errors that occur outside a wait of the handshake; its next wait reports them.
  socket.on("error", () => {});
  const late = setTimeout(() => socket.destroy(timedOut(timeoutMs)), timeoutMs);
  try {
    await once(socket, "connect");
    if (proxy) await throughProxy(wireOf(socket), proxy, target);
    return socket;
  } catch (error) {
    socket.destroy();
    throw toError(error);
  } finally {
    clearTimeout(late);
  }
}

function wireOf(socket: Socket): Parameters<typeof throughProxy>[0] {
  const readExactly = async (size: number): Promise<Buffer> => {
    for (;;) {
      const bytes = size === 0 ? Buffer.alloc(0) : (socket.read(size) as Buffer | null);
      if (bytes?.length === size) return bytes;
      if (socket.destroyed || socket.readableEnded || bytes) throw socket.errored ?? hungUp();
      await Promise.race([once(socket, "readable"), once(socket, "end"), once(socket, "close")]);
    }
  };
  return { write: (data) => void socket.write(data), readExactly };
}

function hungUp(): AppError {
  return new AppError("proxy-unfit", "The proxy hung up before it answered.");
}

function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`No connection within ${timeoutMs} ms.`), { code: "ETIMEDOUT" });
}
