import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Lowest port: the range is below Linux' outgoing ports (32768 and up), so that no client takes the
 * port.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 50;

/**
 * A TCP port of 127.0.0.1 without a listener. Only for programs that cannot listen on port 0:
 * another process may take the port first. Throws Error when no port is free.
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
