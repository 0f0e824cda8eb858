import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { systemClock } from "@flotilla/kernel";

/**
 * Offset of the random bytes in a hello: after the heads of record and message, and the version.
 */
const RANDOM_AT = 11;
const RANDOM_BYTES = 32;
const HELLO_BYTES = 517;
/** Longest record of Telegram's own apps, in bytes. */
const MOST_IN_RECORD = 2878;
const RECORD_HEAD = 5;
const MAX_RECORD = 16 * 1024 + 256;
const [CHANGE_CIPHER, DATA] = [0x14, 0x17];
const CIPHERS = Buffer.from("130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035", "hex");
const CHANGED = Buffer.from("140303000101", "hex");

/** The first bytes to send, and the check of the answer. */
export interface ClientHello {
  readonly bytes: Buffer;
  /**
   * Whether the server knows the secret; `answer` is everything up to the end of its first data
   * record.
   */
  verifies(answer: Buffer): boolean;
}

/**
 * A TLS 1.3 hello to `domain` whose random bytes contain the time, signed with the secret: an
 * MTProxy with an `ee` secret recognises its clients by it (as Telegram's apps do,
 * https://github.com/tdlib/td `TlsInit`).
 */
export function clientHello(secret: Buffer, domain: string, now = systemClock.now()): ClientHello {
  const bytes = hello(domain);
  const digest = sign(secret, bytes);
  digest.writeInt32LE(digest.readInt32LE(28) ^ Math.floor(now / 1000), 28);
  digest.copy(bytes, RANDOM_AT);
  return {
    bytes,
    verifies: (answer) => {
      const blank = Buffer.from(answer);
      blank.fill(0, RANDOM_AT, RANDOM_AT + RANDOM_BYTES);
      return sign(secret, Buffer.concat([digest, blank])).equals(
        answer.subarray(RANDOM_AT, RANDOM_AT + RANDOM_BYTES),
      );
    },
  };
}

/**
 * Reads the answer to a hello: records up to and including the first data record. Throws RangeError
 * for bytes that are not TLS.
 */
export async function readAnswer(readExactly: (size: number) => Promise<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const head = await readExactly(RECORD_HEAD);
    const length = head.readUInt16BE(3);
    if (head[1] !== 3 || length > MAX_RECORD) throw new RangeError("no TLS");
    parts.push(head, await readExactly(length));
    if (head[0] === DATA) return Buffer.concat(parts);
  }
}

/** TLS records around both directions after the hello. */
export class TlsRecords {
  #isFirst = true;
  #rest: Buffer = Buffer.alloc(0);

  /** `data` in data records; the first ones follow the records that a TLS client sends there. */
  wrap(data: Buffer): Buffer {
    const parts: Buffer[] = this.#isFirst ? [CHANGED] : [];
    this.#isFirst = false;
    for (let at = 0; at < data.length; at += MOST_IN_RECORD) {
      const piece = data.subarray(at, at + MOST_IN_RECORD);
      const head = Buffer.from([DATA, 3, 3, 0, 0]);
      head.writeUInt16BE(piece.length, 3);
      parts.push(head, piece);
    }
    return Buffer.concat(parts);
  }

  /**
   * Content of the records that this chunk completes. Throws RangeError for bytes that are not a
   * record.
   */
  unwrap(chunk: Buffer): Buffer {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const found: Buffer[] = [];
    while (bytes.length >= RECORD_HEAD) {
      const [kind] = bytes;
      const end = RECORD_HEAD + bytes.readUInt16BE(3);
      if ((kind !== DATA && kind !== CHANGE_CIPHER) || end > MAX_RECORD)
        throw new RangeError("no record of data");
      if (bytes.length < end) break;
      if (kind === DATA) found.push(bytes.subarray(RECORD_HEAD, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = Buffer.from(bytes);
    return Buffer.concat(found);
  }
}

function sign(secret: Buffer, data: Buffer): Buffer {
  return createHmac("sha256", secret).update(data).digest();
}

/** The hello with zeros in place of the random bytes. */
function hello(domain: string): Buffer {
  const grease = (): Buffer => Buffer.alloc(2, ((randomBytes(1)[0] ?? 0) & 0xf0) | 0x0a);
  const [first, last] = [grease(), grease()];
  const name = Buffer.from(domain, "latin1");
  const { x = "" } = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" });
  const extensions = [
    extension(first, Buffer.alloc(0)),
    extension(0x0000, counted(2, Buffer.concat([Buffer.from([0]), counted(2, name)]))),
    extension(0x0017, Buffer.alloc(0)),
    extension(0xff01, Buffer.from([0])),
    extension(0x000a, counted(2, Buffer.concat([first, Buffer.from("001d00170018", "hex")]))),
    extension(0x000b, Buffer.from([1, 0])),
    extension(0x0023, Buffer.alloc(0)),
    extension(0x0010, counted(2, Buffer.from("\x02h2\x08http/1.1", "latin1"))),
    extension(0x0005, Buffer.from([1, 0, 0, 0, 0])),
    extension(0x000d, counted(2, Buffer.from("04030804040105030805050108060601", "hex"))),
    extension(0x0012, Buffer.alloc(0)),
    extension(
      0x0033,
      counted(
        2,
        Buffer.concat([first, Buffer.from([0, 1, 0, 0, 0x1d, 0, 32]), Buffer.from(x, "base64url")]),
      ),
    ),
    extension(0x002d, Buffer.from([1, 1])),
    extension(0x002b, counted(1, Buffer.concat([first, Buffer.from("03040303", "hex")]))),
    extension(0x001b, Buffer.from([2, 0, 2])),
    extension(last, Buffer.from([0])),
  ];
  const ciphers = counted(2, Buffer.concat([first, CIPHERS]));
  const head = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(RANDOM_BYTES),
    counted(1, randomBytes(32)),
    ciphers,
    Buffer.from([1, 0]),
  ]);
  const missing =
    HELLO_BYTES - RECORD_HEAD - 4 - head.length - 2 - Buffer.concat(extensions).length - 4;
  if (missing > 0) extensions.push(extension(0x0015, Buffer.alloc(missing)));
  const body = Buffer.concat([head, counted(2, Buffer.concat(extensions))]);
  const message = Buffer.concat([Buffer.from([1, 0]), counted(2, body)]);
  return Buffer.concat([Buffer.from([0x16, 3, 1]), counted(2, message)]);
}

function extension(kind: number | Buffer, content: Buffer): Buffer {
  const type = typeof kind === "number" ? Buffer.from([kind >> 8, kind & 255]) : kind;
  return Buffer.concat([type, counted(2, content)]);
}

/** The length in `bytes` bytes, then the content. */
function counted(bytes: 1 | 2, content: Buffer): Buffer {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([length, content]);
}
