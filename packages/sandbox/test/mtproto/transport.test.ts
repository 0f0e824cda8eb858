import { createCipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  ConnectionTCPAbridged,
  ConnectionTCPFull,
  ConnectionTCPObfuscated,
} from "telegram/network/index.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { TlReader, TlWriter } from "../../src/mtproto/tl/bytes.ts";
import { serviceCodec } from "../../src/mtproto/tl/service.ts";
import {
  abridgedFraming,
  type Framing,
  fullFraming,
  intermediateFraming,
  paddedFraming,
} from "../../src/mtproto/transport/codec.ts";
import { TransportStream } from "../../src/mtproto/transport/stream.ts";
import { connected, stage, until } from "./support/kit.ts";

interface Kind {
  readonly name: string;
  readonly framing: () => Framing;
  /** Bytes a plain client starts with. */
  readonly tag: Buffer;
  /** Tag inside the obfuscated header; null: this framing cannot be obfuscated. */
  readonly mask: Buffer | null;
}

const KINDS: readonly Kind[] = [
  { name: "full", framing: fullFraming, tag: Buffer.alloc(0), mask: null },
  {
    name: "abridged",
    framing: abridgedFraming,
    tag: Buffer.from("ef", "hex"),
    mask: Buffer.from("efefefef", "hex"),
  },
  {
    name: "intermediate",
    framing: intermediateFraming,
    tag: Buffer.from("eeeeeeee", "hex"),
    mask: Buffer.from("eeeeeeee", "hex"),
  },
  {
    name: "padded-intermediate",
    framing: paddedFraming,
    tag: Buffer.from("dddddddd", "hex"),
    mask: Buffer.from("dddddddd", "hex"),
  },
];

function question(nonce: Buffer): Buffer {
  const body = serviceCodec.encodeCall({ _: "req_pq_multi", nonce });
  return new TlWriter().long(0n).long(4n).int(body.length).raw(body).done();
}

/** Wraps a client's bytes as obfuscated2, or leaves them alone. */
function disguise(
  kind: Kind,
  obfuscated: boolean,
): { head: Buffer; mask: (bytes: Buffer) => Buffer; unmask: (bytes: Buffer) => Buffer } {
  if (!obfuscated) return { head: kind.tag, mask: (bytes) => bytes, unmask: (bytes) => bytes };
  const head = randomBytes(64);
  head[0] = 0x11;
  head[4] = 0x22;
  kind.mask?.copy(head, 56);
  const reversed = Buffer.from(head.subarray(8, 56)).reverse();
  const out = createCipheriv("aes-256-ctr", head.subarray(8, 40), head.subarray(40, 56));
  const back = createCipheriv("aes-256-ctr", reversed.subarray(0, 32), reversed.subarray(32, 48));
  const sealed = out.update(head);
  return {
    head: Buffer.concat([head.subarray(0, 56), sealed.subarray(56)]),
    mask: (bytes) => out.update(bytes),
    unmask: (bytes) => back.update(bytes),
  };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

const CASES = KINDS.flatMap((kind) =>
  kind.mask
    ? [
        { kind, obfuscated: false },
        { kind, obfuscated: true },
      ]
    : [{ kind, obfuscated: false }],
);

describe("every transport", () => {
  it.each(CASES)(
    "$kind.name (obfuscated: $obfuscated) carries a key exchange, byte by byte",
    async ({ kind, obfuscated }) => {
      const { telegram } = await stage();
      const socket = await open(telegram.port(2));
      const { head, mask, unmask } = disguise(kind, obfuscated);
      const framing = kind.framing();
      const nonce = randomBytes(16);
      let received: Buffer = Buffer.alloc(0);
      socket.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, unmask(chunk)]);
      });
      const bytes = Buffer.concat([head, mask(framing.wrap(question(nonce)))]);
      for (const byte of bytes) socket.write(Buffer.from([byte]));
      const { packet } = await until("an answer is there", () => framing.take(received));
      const reader = new TlReader(packet.subarray(16));
      const answer = serviceCodec.decode(reader.raw(reader.uint()));
      expect(answer._).toBe("resPQ");
      expect(nonce.equals(answer["nonce"] as Buffer)).toBe(true);
      expect(telegram.world.connections()[0]?.transport).toBe(
        obfuscated ? `obfuscated ${kind.name}` : kind.name,
      );
    },
  );

  it.each([
    { name: "full", connection: ConnectionTCPFull },
    { name: "abridged", connection: ConnectionTCPAbridged },
    { name: "obfuscated abridged", connection: ConnectionTCPObfuscated },
  ])("GramJS connects over $name", async ({ name, connection }) => {
    const { telegram } = await stage();
    await connected(telegram, { connection });
    expect(telegram.world.connections().map((view) => view.transport)).toEqual([name]);
  });

  it("hangs up on bytes that are no transport", async () => {
    const { telegram } = await stage();
    const socket = await open(telegram.port(2));
    socket.on("error", () => {});
    socket.write(Buffer.concat([Buffer.from("GET / HTTP/1.1\r\n"), Buffer.alloc(100, 65)]));
    await once(socket, "close");
  });

  it("takes two packets from one chunk, and refuses a wrong checksum", () => {
    const client = fullFraming();
    const bytes = Buffer.concat([
      client.wrap(Buffer.alloc(8, 1)),
      client.wrap(Buffer.alloc(12, 2)),
    ]);
    expect(new TransportStream().feed(bytes).map((packet) => packet.length)).toEqual([8, 12]);
    bytes[9] = 99;
    expect(() => new TransportStream().feed(bytes)).toThrow(RangeError);
  });
});
