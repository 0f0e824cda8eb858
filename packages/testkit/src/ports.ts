import { once } from "node:events";
import { createServer } from "node:net";

/** Below Linux' range for outgoing connections (32768 and up), so that no client socket takes the port meanwhile. */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 50;

/**
 * A TCP port of 127.0.0.1 that nobody listens on right now. Only for programs that cannot listen on port 0:
 * another process may take it before you do.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await canListen(port)) return port;
  }
  throw new Error(`no free port found between ${FIRST} and ${LAST} in ${TRIES} tries`);
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
