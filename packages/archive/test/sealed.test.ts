import fc from "fast-check";
import { expect, test } from "vitest";
import { CHUNK_BYTES, opened, sealed } from "../src/sealed/chunks.ts";

const key = Buffer.alloc(32, 1);
const place = { path: "x", key };

async function* pieces(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

async function all(source: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const piece of source) found.push(piece);
  return found;
}

const seal = (...parts: readonly Buffer[]): Promise<Buffer[]> => all(sealed(pieces(parts), key));
const open = async (parts: readonly Buffer[]): Promise<Buffer> =>
  Buffer.concat(await all(opened(pieces(parts), place)));
const content = (length: number): Buffer => Buffer.alloc(length, "abcdefg");

test("what is sealed opens again, whatever the sizes of content and pieces are", async () => {
  const near = fc.integer({ min: -2, max: 2 });
  const lengths = fc
    .tuple(fc.integer({ min: 0, max: 3 }), near)
    .map(([n, off]) => Math.max(0, n * CHUNK_BYTES + off));
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 1, max: 200_000 }), async (length, size) => {
      const text = content(length);
      const cut = (whole: Buffer): Buffer[] =>
        Array.from({ length: Math.ceil(whole.length / size) }, (_, n) =>
          whole.subarray(n * size, (n + 1) * size),
        );
      const hidden = Buffer.concat(await all(sealed(pieces(cut(text)), key)));
      expect((await open(cut(hidden))).equals(text)).toBe(true);
      expect(hidden.length).toBe(length + 16 * Math.max(1, Math.ceil(length / CHUNK_BYTES)));
    }),
    { numRuns: 40 },
  );
});

test("any single changed bit is refused", async () => {
  const hidden = Buffer.concat(await seal(content(3 * CHUNK_BYTES - 5)));
  await fc.assert(
    fc.asyncProperty(fc.nat(hidden.length * 8 - 1), async (bit) => {
      const changed = Buffer.from(hidden);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(open([changed])).rejects.toMatchObject({ code: "archive-damaged" });
    }),
    { numRuns: 60 },
  );
});

test("any end that comes too early is refused", async () => {
  const hidden = Buffer.concat(await seal(content(3 * CHUNK_BYTES - 5)));
  const borders = [0, 1, 16, CHUNK_BYTES + 16, 2 * (CHUNK_BYTES + 16), hidden.length - 1];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom(...borders), fc.nat(hidden.length - 1)),
      async (length) => {
        await expect(open([hidden.subarray(0, length)])).rejects.toMatchObject({
          code: "archive-damaged",
        });
      },
    ),
    { numRuns: 60 },
  );
});

test.each<[string, (chunks: readonly Buffer[]) => (Buffer | undefined)[]]>([
  ["swapped", ([a, b, c]) => [b, a, c]],
  ["left out", ([a, , c]) => [a, c]],
  ["repeated", ([a, b, c]) => [a, b, b, c]],
  ["put at the end", ([a, b, c]) => [a, b, c, b]],
  ["the end twice", ([a, b, c]) => [a, b, c, c]],
  ["a byte more", ([a, b, c]) => [a, b, c, Buffer.alloc(1)]],
])("chunks %s are refused", async (_, change) => {
  const chunks = await seal(content(2 * CHUNK_BYTES + 7));
  expect(chunks).toHaveLength(3);
  const changed = change(chunks).filter((chunk) => chunk !== undefined);
  await expect(open(changed)).rejects.toMatchObject({ code: "archive-damaged" });
});

test("a stream opens with its own key only", async () => {
  const other = opened(pieces(await seal(content(10))), { path: "x", key: Buffer.alloc(32, 2) });
  await expect(all(other)).rejects.toMatchObject({ code: "archive-damaged" });
});
