import { bareChannel, markedChannel } from "@flotilla/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";

test.each([
  ["ten digits", "1234567890", "-1001234567890"],
  ["eleven digits", "12345678901", "-1012345678901"],
  ["twelve digits, the highest", "997852516352", "-1997852516352"],
  ["seven digits", "2000001", "-1000002000001"],
  ["one", "1", "-1000000000001"],
])("a channel of %s is marked as the Bot API marks it", (_, bare, marked) => {
  expect(markedChannel(bare)).toBe(marked);
  expect(bareChannel(marked)).toBe(bare);
});

test.each([
  ["the number none", "-1000000000000"],
  ["a basic group whose number begins with 100", "-1001234567"],
  ["the highest basic group", "-999999999999"],
  ["the library's form of eleven digits", "-10012345678901"],
  ["a secret chat", "-1999999999999"],
  ["a person", "1001234567890"],
  ["a name", "@channel"],
  ["nothing", ""],
  ["blanks around it", " -1001234567890"],
  ["a leading zero", "-0001001234567890"],
])("%s is no channel", (_, marked) => {
  expect(bareChannel(marked)).toBeNull();
});

test("every channel goes both ways, and no two share a mark", () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 997_852_516_352n), (bare) => {
      const marked = markedChannel(bare);
      expect(BigInt(marked)).toBe(-1_000_000_000_000n - bare);
      expect(bareChannel(marked)).toBe(bare.toString());
    }),
  );
});
