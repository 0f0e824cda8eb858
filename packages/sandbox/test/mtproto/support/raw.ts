import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { onTestFinished } from "vitest";
import { sha256 } from "../../../src/mtproto/crypto/hash.ts";
import { igeDecrypt, igeEncrypt } from "../../../src/mtproto/crypto/ige.ts";
import { TlReader, TlWriter } from "../../../src/mtproto/tl/bytes.ts";
import { intermediateFraming } from "../../../src/mtproto/transport/codec.ts";
import { until } from "./kit.ts";

const CONTAINER = 0x73f1f8dc;
const GZIP = 0x3072cfa1;

/**
 * A message of the server, out of its container and unpacked; a transport error is 4 bytes with the
 * id 0.
 */
export interface RawMessage {
  readonly id: bigint;
  readonly body: Buffer;
}

/** The client's half of MTProto 2.0 with nothing on top: says what it is told, whatever it is. */
export interface RawClient {
  /** Sends one message body and returns its id. */
  send(body: Buffer, id?: bigint): bigint;
  /** Waits for a message whose body starts with this constructor id. */
  next(constructorId: number): Promise<TlReader>;
  readonly received: RawMessage[];
}

function aes(authKey: Buffer, msgKey: Buffer, x: number): { key: Buffer; iv: Buffer } {
  const a = sha256(msgKey, authKey.subarray(x, x + 36));
  const b = sha256(authKey.subarray(40 + x, 76 + x), msgKey);
  return {
    key: Buffer.concat([a.subarray(0, 8), b.subarray(8, 24), a.subarray(24, 32)]),
    iv: Buffer.concat([b.subarray(0, 8), a.subarray(8, 24), b.subarray(24, 32)]),
  };
}

function unpack(id: bigint, body: Buffer): RawMessage[] {
  const reader = new TlReader(body);
  if (reader.peekId() === GZIP)
    return [{ id, body: gunzipSync(new TlReader(body.subarray(4)).bytes()) }];
  if (reader.uint() !== CONTAINER) return [{ id, body }];
  const inner: RawMessage[] = [];
  for (let left = reader.uint(); left > 0; left--) {
    const [innerId] = [reader.long(), reader.int()];
    inner.push(...unpack(innerId, Buffer.from(reader.raw(reader.uint()))));
  }
  return inner;
}

/** Connects with an auth key that exists already. `salt` must be one the server takes. */
export async function rawClient(
  port: number,
  authKey: Buffer,
  keyId: Buffer,
  salt: bigint,
): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(Buffer.from("eeeeeeee", "hex"));
  const framing = intermediateFraming();
  const received: RawMessage[] = [];
  let buffered: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let taken = framing.take(buffered); taken; taken = framing.take(buffered)) {
      buffered = buffered.subarray(taken.used);
      if (taken.packet.length === 4) {
        received.push({ id: 0n, body: taken.packet });
        continue;
      }
      const msgKey = taken.packet.subarray(8, 24);
      const { key, iv } = aes(authKey, msgKey, 8);
      const reader = new TlReader(igeDecrypt(taken.packet.subarray(24), key, iv).subarray(16));
      const [id] = [reader.long(), reader.int()];
      received.push(...unpack(id, Buffer.from(reader.raw(reader.uint()))));
    }
  });
  const session = randomBytes(8).readBigInt64LE();
  let last = BigInt(Math.floor(Date.now() / 1000)) << 32n;
  let seen = 0;
  return {
    received,
    send(body, given) {
      last += 4n;
      const id = given ?? last;
      const head = new TlWriter()
        .long(salt)
        .long(session)
        .long(id)
        .int(1)
        .int(body.length)
        .raw(body)
        .done();
      const plain = Buffer.concat([
        head,
        randomBytes(12 + ((16 - ((head.length + 12) % 16)) % 16)),
      ]);
      const msgKey = sha256(authKey.subarray(88, 120), plain).subarray(8, 24);
      const { key, iv } = aes(authKey, msgKey, 0);
      socket.write(framing.wrap(Buffer.concat([keyId, msgKey, igeEncrypt(plain, key, iv)])));
      return id;
    },
    async next(constructorId) {
      const wanted = (): number =>
        received.findIndex(
          (message, index) => index >= seen && message.body.readUInt32LE(0) === constructorId,
        );
      await until(`a message ${constructorId.toString(16)} is there`, () => wanted() !== -1);
      const found = wanted();
      seen = found + 1;
      return new TlReader(received[found]?.body ?? Buffer.alloc(0));
    },
  };
}
