import { format, inspect } from "node:util";
import { Secret } from "@flotilla/config";
import { describe, expect, test } from "vitest";

const VALUE = "s3cr3t-value";
const secret = new Secret(VALUE);
/** The same object as a text, as a caller that bypasses the types would pass it. */
const text = secret as unknown as string;

test("a secret gives its value only to who asks for it", () => {
  expect(secret.reveal()).toBe(VALUE);
});

describe("a secret does not show", () => {
  test.each([
    ["in a template", () => `${text}`],
    ["joined to a text", () => "".concat(text)],
    ["as a text", () => String(secret)],
    ["as JSON", () => JSON.stringify({ secret, list: [secret] })],
    ["when inspected", () => inspect(secret)],
    [
      "when everything is inspected",
      () => inspect({ deep: { secret } }, { depth: null, showHidden: true, getters: true }),
    ],
    [
      "when its own way of printing is left out",
      () => inspect(secret, { customInspect: false, showHidden: true }),
    ],
    ["by format", () => format("%s %o %O %j %d", secret, secret, secret, secret, secret)],
    [
      "in an error about it",
      () => inspect(new Error(`bad ${text}`, { cause: secret }), { depth: null }),
    ],
    [
      "among its properties",
      () => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret).map(String)]),
    ],
    ["in a copy", () => inspect({ ...secret })],
    ["in a list", () => [secret, secret].join()],
  ])("%s", (_where, print) => {
    expect(print()).not.toContain(VALUE);
  });
});
