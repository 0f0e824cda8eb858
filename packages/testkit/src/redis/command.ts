import { once } from "node:events";
import { connect } from "node:net";

/** A RESP2 reply of Redis. */
export type RedisReply = string | number | null | readonly RedisReply[];

/**
 * Sends one command over a new connection and returns the reply. For harnesses and assertions;
 * product code uses `packages/queue`. `server` is a socket path, or `redis://host:port[/db]`
 * without a password.
 * @throws Error with Redis' text when it answers with an error, or when the connection fails
 */
export async function redisCommand(
  server: string,
  ...args: readonly (string | number)[]
): Promise<RedisReply> {
  const url = server.startsWith("/") ? undefined : new URL(server);
  const socket =
    url === undefined ? connect(server) : connect(Number(url.port || 6379), url.hostname);
  try {
    await once(socket, "connect");
    const db = url?.pathname.slice(1) ?? "";
    const commands = db === "" ? [args] : [["SELECT", db], args];
    socket.write(commands.map(encode).join(""));
    let buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      buffer = Buffer.concat([buffer, chunk as Buffer]);
      const reply = lastReply(buffer, commands.length);
      if (reply !== undefined) return reply.value;
    }
    throw new Error(`Redis closed the connection before answering ${String(args[0])}`);
  } finally {
    socket.destroy();
  }
}

function encode(args: readonly (string | number)[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`).join("")}`;
}

interface Parsed {
  readonly value: RedisReply;
  readonly next: number;
}

function lastReply(buffer: Buffer, count: number): Parsed | undefined {
  let parsed: Parsed | undefined = { value: null, next: 0 };
  for (let index = 0; index < count && parsed !== undefined; index++)
    parsed = parse(buffer, parsed.next);
  return parsed;
}

/** RESP2; undefined while the reply is incomplete. */
function parse(buffer: Buffer, at: number): Parsed | undefined {
  const end = buffer.indexOf("\r\n", at);
  if (end < 0) return undefined;
  const head = buffer.toString("utf8", at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(buffer[at] ?? 0)) {
    case "+":
      return { value: head, next };
    case "-":
      throw new Error(`Redis: ${head}`);
    case ":":
      return { value: Number(head), next };
    case "$":
      return parseBulk(buffer, next, Number(head));
    case "*":
      return parseArray(buffer, next, Number(head));
    default:
      throw new Error(`not a Redis reply: ${buffer.toString("utf8", at, end)}`);
  }
}

function parseBulk(buffer: Buffer, at: number, size: number): Parsed | undefined {
  if (size < 0) return { value: null, next: at };
  if (buffer.length < at + size + 2) return undefined;
  return { value: buffer.toString("utf8", at, at + size), next: at + size + 2 };
}

function parseArray(buffer: Buffer, at: number, count: number): Parsed | undefined {
  if (count < 0) return { value: null, next: at };
  const items: RedisReply[] = [];
  let next = at;
  for (let index = 0; index < count; index++) {
    const item = parse(buffer, next);
    if (item === undefined) return undefined;
    items.push(item.value);
    next = item.next;
  }
  return { value: items, next };
}
