import { createHmac, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

const HEAD = 5;
const RANDOM = { from: 11, to: 43 };
/** A hello that was signed longer ago, or later, is no longer taken. */
const MOST_SKEW_S = 600;

/** What a client sent and gets inside of the records, once its hello was right. */
export type Unveiled = Duplex;

/**
 * The server's side of an MTProxy that hides as a web server: checks the hello of `client` with the
 * secret, answers it, and returns what is inside of the records; null for who does not know the
 * secret.
 */
export async function unveil(
  client: Socket,
  secret: Buffer,
  domain: string,
): Promise<Unveiled | null> {
  const records = new Reader(client);
  const hello = await records.next();
  if (hello?.[0] !== 0x16 || !knows(hello, secret) || !hello.includes(Buffer.from(domain)))
    return null;
  client.write(answerTo(hello, secret));
  const inside = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      // More than one record for a long chunk, as servers do.
      for (let at = 0; at < chunk.length; at += 8192)
        client.write(record(0x17, chunk.subarray(at, at + 8192)));
      done();
    },
  });
  inside.on("close", () => client.destroy());
  client.on("close", () => inside.destroy());
  void pump(records, inside);
  return inside;
}

async function pump(records: Reader, inside: Duplex): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const found = await records.next();
    if (!found) return void inside.destroy();
    // https://github.com/TelegramMessenger/MTProxy wants this one first.
    if (isFirst && found[0] !== 0x14) return void inside.destroy();
    if (found[0] === 0x17) inside.push(found.subarray(HEAD));
  }
}

function sign(secret: Buffer, data: Buffer): Buffer {
  return createHmac("sha256", secret).update(data).digest();
}

function blank(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.fill(0, RANDOM.from, RANDOM.to);
  return copy;
}

function knows(hello: Buffer, secret: Buffer): boolean {
  const digest = sign(secret, blank(hello));
  const random = hello.subarray(RANDOM.from, RANDOM.to);
  const signedAt = digest.readUInt32LE(28) ^ random.readUInt32LE(28);
  return (
    digest.subarray(0, 28).equals(random.subarray(0, 28)) &&
    Math.abs(Date.now() / 1000 - signedAt) < MOST_SKEW_S
  );
}

function answerTo(hello: Buffer, secret: Buffer): Buffer {
  const session = hello.subarray(44, 44 + (hello[43] ?? 0));
  const share = Buffer.concat([
    Buffer.from("00330024001d0020", "hex"),
    randomBytes(32),
    Buffer.from("002b00020304", "hex"),
  ]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    Buffer.from([session.length]),
    session,
    Buffer.from([0x13, 0x01, 0, 0, share.length]),
    share,
  ]);
  const message = Buffer.concat([Buffer.from([2, 0, body.length >> 8, body.length & 255]), body]);
  const answer = Buffer.concat([
    record(0x16, message),
    record(0x14, Buffer.from([1])),
    record(0x17, randomBytes(1500)),
  ]);
  sign(secret, Buffer.concat([hello.subarray(RANDOM.from, RANDOM.to), answer])).copy(
    answer,
    RANDOM.from,
  );
  return answer;
}

function record(kind: number, content: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([kind, 3, 3, content.length >> 8, content.length & 255]),
    content,
  ]);
}

/** Whole records of a socket, one after the other; null at its end. */
class Reader {
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    socket.on("data", (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  async next(): Promise<Buffer | null> {
    for (;;) {
      const size =
        this.#bytes.length < HEAD ? Number.POSITIVE_INFINITY : HEAD + this.#bytes.readUInt16BE(3);
      if (this.#bytes.length >= size) {
        const found = this.#bytes.subarray(0, size);
        this.#bytes = this.#bytes.subarray(size);
        return found;
      }
      if (this.#ended) return null;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
