import { redact } from "@flotilla/observability";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const HEX = "0123456789abcdef".repeat(4);
const SECRETS = {
  "a bot token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
  "a key of 32 bytes": HEX,
  "a key of 32 bytes in capitals": HEX.toUpperCase(),
  "an auth key of 256 bytes": HEX.repeat(8),
  "a QR login link": "tg://login?token=AQLs4x_-8vVZ0aQ1b2c3d4e5f6g7h8i9j0",
  "a session string": `1${"BVtSQ+/-_aZ".repeat(32)}=`,
} as const;

/** The part of a secret that must not appear, without its public prefix. */
const coreOf = (secret: string): string => secret.replace("tg://login?token=", "").slice(0, 60);

describe.each(Object.entries(SECRETS))("%s", (_what, secret) => {
  test("never survives, whatever stands around it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (before, after) => {
        expect(redact(`${before}${secret}${after}`)).not.toContain(coreOf(secret));
      }),
    );
  });

  test("never survives in a line of JSON, whatever stands around it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (before, after) => {
        expect(redact(JSON.stringify({ msg: `${before}${secret}${after}` }))).not.toContain(
          coreOf(secret),
        );
      }),
    );
  });

  test.each(["", " ", "\n", "_", "key=", "x", "é"])("never survives after %j", (before) => {
    expect(redact(`${before}${secret}`)).not.toContain(coreOf(secret));
    expect(redact(JSON.stringify(`${before}${secret}`))).not.toContain(coreOf(secret));
  });

  test("never survives when it is there twice", () => {
    expect(redact(`${secret} and ${secret}`)).not.toContain(coreOf(secret));
  });
});

describe("the password of a Redis", () => {
  test.each([
    "redis://:hunter2@redis:6379",
    "redis://user:hunter2@redis:6379/0",
    "rediss://user:hunter2@redis",
    "redis://user:pre@hunter2@redis",
    "redis://user:a/hunter2?#@redis",
  ])("does not survive in %s", (url) => {
    expect(redact(`connecting to ${url} now`)).not.toContain("hunter2");
    expect(redact(JSON.stringify({ url, other: "mail@example.org" }))).not.toContain("hunter2");
  });

  test("takes nothing else with it", () => {
    expect(redact("redis://user:hunter2@redis:6379/0")).toBe(
      "redis://user:[redacted]@redis:6379/0",
    );
    expect(
      JSON.parse(
        redact(JSON.stringify({ url: "redis://u:hunter2@redis", mail: "ann@example.org" })),
      ),
    ).toEqual({
      url: "redis://u:[redacted]@redis",
      mail: "ann@example.org",
    });
  });
});

describe("a value under a name that says secret", () => {
  test.each(["token", "password", "phoneCode", "apiHash", "authKey", "botToken", "fleetKey"])(
    "%s is redacted at any depth of a line",
    (name) => {
      const line = JSON.stringify({
        [name]: 'to"p',
        a: { b: { c: [{ [name]: "dee\\p" }] } },
        kept: "yes",
      });
      expect(JSON.parse(redact(line))).toEqual({
        [name]: "[redacted]",
        a: { b: { c: [{ [name]: "[redacted]" }] } },
        kept: "yes",
      });
    },
  );

  test("a code of digits is redacted, the code of an error is not", () => {
    const line = JSON.stringify({
      a: { code: "12345" },
      err: { code: "ECONNREFUSED" },
      exit: { code: 1 },
    });
    expect(JSON.parse(redact(line))).toEqual({
      a: { code: "[redacted]" },
      err: { code: "ECONNREFUSED" },
      exit: { code: 1 },
    });
  });
});

test("what is no secret is left as it is", () => {
  for (const text of [
    "worker news_1 ended with exit code 7 after 12:04:31",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "id 6f1b0f9e-3a50-4b0e-9d6a-0b8a52e1c001",
    "redis://127.0.0.1:6379 is away",
    "https://t.me/flotilla",
  ])
    expect(redact(text)).toBe(text);
});

test("a line of a megabyte is done in no time", () => {
  const started = performance.now();
  for (const letter of ["a", "1", "/", ":", "redis://:"])
    redact(letter.repeat(1_000_000 / letter.length));
  expect(performance.now() - started).toBeLessThan(5000);
});
