import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { unpack } from "@flotilla/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";

const ways = { gzip: gzipSync, zlib: deflateSync, "bare deflate": deflateRawSync };

test.each(Object.entries(ways))(
  "whatever was packed as %s comes out as it went in",
  (_name, pack) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 0, max: 9 }),
        (bytes, level) => {
          expect(unpack(pack(bytes, { level }), 5000)).toEqual(Buffer.from(bytes));
        },
      ),
    );
  },
);

test.each(Object.entries(ways))(
  "a bomb in %s is refused before it fills the memory",
  (_name, pack) => {
    const bomb = pack(Buffer.alloc(40_000_000));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => unpack(bomb, 1_000_000)).toThrow(RangeError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  },
);

test.each(Object.entries(ways))(
  "%s that was cut short, and what is nothing of the kind, is refused",
  (_name, pack) => {
    const whole = pack(Buffer.from("signal ".repeat(100)));
    for (const length of [0, 1, 2, 9, whole.length - 9])
      expect(() => unpack(whole.subarray(0, length), 5000)).toThrow();
    expect(() => unpack(Buffer.from("no packing at all"), 5000)).toThrow();
  },
);
