import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { unveil } from "./fake-tls.ts";

/** Options of {@link startMtProxy}. */
export interface MtProxyOptions {
  /** 16 bytes in hex. */
  readonly secret: string;
  /**
   * The web site that it hides as, for clients with a secret that begins with `ee`; absent: it does
   * not hide.
   */
  readonly domain?: string;
  /** Where a data centre is; null = there is none of that number. */
  readonly address: (dc: number) => { readonly host: string; readonly port: number } | null;
}

/** A running MTProxy on loopback. */
export interface MtProxy {
  readonly port: number;
  /** Data centres that were asked for, in order. */
  readonly asked: readonly number[];
  /** Connections that did not know the secret. */
  readonly strangers: number;
  close(): Promise<void>;
}

const HEAD_BYTES = 64;
const TAGS: ReadonlySet<number> = new Set([0xefefefef, 0xeeeeeeee, 0xdddddddd]);

type Mask = (bytes: Buffer) => Buffer;

interface Door {
  readonly tag: number;
  readonly dc: number;
  readonly incoming: Mask;
  readonly outgoing: Mask;
}

/**
 * An MTProxy as https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation has it:
 * it decrypts what clients send and encrypts it again.
 */
export async function startMtProxy(options: MtProxyOptions): Promise<MtProxy> {
  const secret = Buffer.from(options.secret, "hex");
  const open = new Set<Socket>();
  const asked: number[] = [];
  let strangers = 0;
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => open.delete(socket));
  };
  const refuse = (client: Duplex): void => {
    strangers += 1;
    client.destroy();
  };
  const server = createServer((client) => {
    keep(client);
    const serve = (inside: Duplex): void =>
      serveClient(inside, { ...options, secret, asked, keep, refuse });
    if (options.domain === undefined) return serve(client);
    void unveil(client, secret, options.domain).then((inside) =>
      inside ? serve(inside) : refuse(client),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    get strangers() {
      return strangers;
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

interface Proxying {
  readonly secret: Buffer;
  readonly address: MtProxyOptions["address"];
  readonly asked: number[];
  readonly keep: (socket: Socket) => void;
  readonly refuse: (client: Duplex) => void;
}

function serveClient(
  client: Duplex,
  { secret, address: addressOf, asked, keep, refuse }: Proxying,
): void {
  let head = Buffer.alloc(0);
  client.on("data", function first(chunk: Buffer) {
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) return;
    client.off("data", first).pause();
    const door = unlock(head.subarray(0, HEAD_BYTES), secret);
    if (!door) return refuse(client);
    const address = addressOf(door.dc);
    if (!address) return void client.destroy();
    asked.push(door.dc);
    const upstream = connect(address);
    keep(upstream);
    join(client, upstream, door, head.subarray(HEAD_BYTES));
  });
}

function join(
  client: Duplex,
  upstream: Socket,
  { tag, incoming, outgoing }: Door,
  first: Buffer,
): void {
  const { head, encrypt, decrypt } = hide(tag);
  upstream.write(head);
  const forward = (chunk: Buffer): void => void upstream.write(encrypt(incoming(chunk)));
  if (first.length > 0) forward(first);
  client.on("data", forward).on("close", () => upstream.destroy());
  upstream
    .on("data", (chunk: Buffer) => void client.write(outgoing(decrypt(chunk))))
    .on("close", () => client.destroy());
  client.resume();
}

/** Null: it was hidden with another secret, or is something else. */
function unlock(head: Buffer, secret: Buffer): Door | null {
  const reversed = Buffer.from(head.subarray(8, 56)).reverse();
  const keyed = (key: Buffer): Buffer => createHash("sha256").update(key).update(secret).digest();
  const incoming = createDecipheriv(
    "aes-256-ctr",
    keyed(head.subarray(8, 40)),
    head.subarray(40, 56),
  );
  const outgoing = createCipheriv(
    "aes-256-ctr",
    keyed(reversed.subarray(0, 32)),
    reversed.subarray(32, 48),
  );
  const plain = incoming.update(head);
  const tag = plain.readUInt32LE(56);
  if (!TAGS.has(tag)) return null;
  return {
    tag,
    dc: Math.abs(plain.readInt16LE(60)),
    incoming: (bytes) => incoming.update(bytes),
    outgoing: (bytes) => outgoing.update(bytes),
  };
}

/**
 * The way on to a data centre is hidden too, without a secret, in the transport that the client
 * chose.
 */
function hide(tag: number): {
  readonly head: Buffer;
  readonly encrypt: Mask;
  readonly decrypt: Mask;
} {
  const head = randomBytes(HEAD_BYTES);
  head[0] = 0x01;
  head[4] = 0x01;
  const reversed = Buffer.from(head.subarray(8, 56)).reverse();
  const outgoing = createCipheriv("aes-256-ctr", head.subarray(8, 40), head.subarray(40, 56));
  const incoming = createDecipheriv(
    "aes-256-ctr",
    reversed.subarray(0, 32),
    reversed.subarray(32, 48),
  );
  head.writeUInt32LE(tag, 56);
  outgoing.update(head).copy(head, 56, 56);
  return {
    head,
    encrypt: (bytes) => outgoing.update(bytes),
    decrypt: (bytes) => incoming.update(bytes),
  };
}
