import { inspect } from "node:util";
import {
  newSealKeyPair,
  type Sealed,
  seal,
  sealBytes,
  unseal,
  unsealBytes,
} from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";

const LOGIN = "login-1";

function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("it was opened");
}

/** Every variant of `sealed` with one bit of one part flipped. */
function* damaged(sealed: Sealed): Generator<Sealed> {
  for (const part of ["ephemeral", "nonce", "box"] as const) {
    const bytes = Buffer.from(sealed[part], "base64");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      yield { ...sealed, [part]: changed.toString("base64") };
    }
  }
}

test("a sealed text opens with its key and its login, whatever it is", () => {
  const keys = newSealKeyPair();
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), fc.string(), (text, login) => {
      expect(unseal(keys.privateKey, login, seal(keys.publicKey, login, text))).toBe(text);
    }),
    { numRuns: 50 },
  );
});

test("it does not open with another key, nor for another login", () => {
  const keys = newSealKeyPair();
  const sealed = seal(keys.publicKey, LOGIN, "12345");
  expect(refusal(() => unseal(newSealKeyPair().privateKey, LOGIN, sealed)).code).toBe("bad-seal");
  expect(refusal(() => unseal(keys.privateKey, "login-2", sealed)).code).toBe("bad-seal");
});

test("a single flipped bit anywhere is refused", () => {
  const keys = newSealKeyPair();
  const opened = [...damaged(seal(keys.publicKey, LOGIN, "12345"))].filter((sealed) => {
    try {
      unseal(keys.privateKey, LOGIN, sealed);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: "bad-seal" });
      return false;
    }
  });
  expect(opened).toEqual([]);
});

test.each(["", "12345"])("a box that was cut short is refused (%j)", (text) => {
  const keys = newSealKeyPair();
  const sealed = seal(keys.publicKey, LOGIN, text);
  const box = Buffer.from(sealed.box, "base64");
  for (let length = 0; length < box.length; length++) {
    const cut = { ...sealed, box: box.subarray(0, length).toString("base64") };
    expect(refusal(() => unseal(keys.privateKey, LOGIN, cut)).code).toBe("bad-seal");
  }
});

test("the refusal holds nothing of the text", () => {
  const keys = newSealKeyPair();
  const secret = "correct horse battery";
  const sealed = seal(keys.publicKey, LOGIN, secret);
  const error = refusal(() => unseal(keys.privateKey, "another", sealed));
  const printed = [
    error.message,
    error.stack,
    inspect(error, { showHidden: true, depth: null }),
    JSON.stringify(error),
  ].join();
  for (const word of [
    ...secret.split(" "),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ]) {
    expect(printed).not.toContain(word);
  }
  expect(error.cause).toBeUndefined();
});

test("the same text is never sealed to the same bytes twice", () => {
  const keys = newSealKeyPair();
  const boxes = Array.from({ length: 20 }, () => seal(keys.publicKey, LOGIN, "12345"));
  expect(new Set(boxes.map((sealed) => sealed.box)).size).toBe(20);
  expect(new Set(boxes.map((sealed) => sealed.nonce)).size).toBe(20);
});

test(
  "bytes that are sealed as one block open with their key and login, and with no other; a " +
    "changed or short block opens nothing",
  () => {
    const keys = newSealKeyPair();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const sealed = sealBytes(keys.publicKey, LOGIN, Buffer.from(bytes));
        expect(unsealBytes(keys.privateKey, LOGIN, sealed).equals(bytes)).toBe(true);
        expect(refusal(() => unsealBytes(keys.privateKey, "login-2", sealed)).code).toBe(
          "bad-seal",
        );
      }),
      { numRuns: 30 },
    );
    const sealed = sealBytes(keys.publicKey, LOGIN, Buffer.from("12345"));
    for (let length = 0; length < sealed.length; length++)
      expect(
        refusal(() => unsealBytes(keys.privateKey, LOGIN, sealed.subarray(0, length))).code,
      ).toBe("bad-seal");
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(refusal(() => unsealBytes(keys.privateKey, LOGIN, changed)).code).toBe("bad-seal");
    }
  },
);
