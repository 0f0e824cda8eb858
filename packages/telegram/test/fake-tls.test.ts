/** What an MTProxy with an `ee` secret receives and answers, byte by byte. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { createServer } from "node:tls";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { clientHello, TlsRecords } from "../src/link/fake-tls.ts";

const SECRET = Buffer.from("00112233445566778899aabbccddeeff", "hex");

test.each(["www.google.com", "a.b", `${"x".repeat(60)}.example.org`])(
  "a hello to %s is one that OpenSSL can read",
  async (domain) => {
    const names: string[] = [];
    const server = createServer({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    server.on("tlsClientError", () => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.write(clientHello(SECRET, domain).bytes);
    const [answer] = (await once(socket, "data")) as [Buffer];
    // Alert 40: understood, but without a certificate. A malformed hello gets 50.
    expect([names, [...answer.subarray(0, 1)], answer[6]]).toEqual([[domain], [0x15], 40]);
  },
);

test("the random bytes sign the hello and the time, and no two are the same", () => {
  const now = 1_800_000_000_000;
  const hellos = [1, 2, 3].map(() => clientHello(SECRET, "www.google.com", now).bytes);
  for (const bytes of hellos) {
    const blank = Buffer.from(bytes).fill(0, 11, 43);
    const digest = createHmac("sha256", SECRET).update(blank).digest();
    const random = bytes.subarray(11, 43);
    expect(random.subarray(0, 28)).toEqual(digest.subarray(0, 28));
    expect(digest.readUInt32LE(28) ^ random.readUInt32LE(28)).toBe(now / 1000);
    expect(bytes.length).toBe(517);
  }
  expect(new Set(hellos.map((bytes) => bytes.toString("hex"))).size).toBe(3);
});

test("records carry any bytes in any pieces, and what is no record is refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 9000 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 5000 }),
      (all, size) => {
        const [there, here] = [new TlsRecords(), new TlsRecords()];
        const wire = Buffer.concat(all.map((each) => there.wrap(Buffer.from(each))));
        const found: Buffer[] = [];
        for (let at = 0; at < wire.length; at += size)
          found.push(here.unwrap(wire.subarray(at, at + size)));
        expect(Buffer.concat(found)).toEqual(Buffer.concat(all));
      },
    ),
  );
  for (const bad of ["1503030002022800", "ffffffffff", "485454502f312e31"])
    expect(() => new TlsRecords().unwrap(Buffer.from(bad, "hex")), bad).toThrow(RangeError);
});
