import { type Signed, Wire } from "@flotilla/queue";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";

const KEY = Buffer.alloc(32, 7);
const FLEET = "{flotilla.0123456789abcdef}";
const SLOT = { queue: "host.host-a", id: "command-1", name: "restart" };
const wire = new Wire(KEY, FLEET);
const REFUSED = { kind: "refused", why: "wrong-signature" };

afterEach(() => void vi.useRealTimers());

describe("what is signed", () => {
  test("comes out as it went in, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.string(),
        fc.string(),
        fc.boolean(),
        (payload, id, name, before) => {
          const slot = { queue: "events", id, name };
          const carried = JSON.parse(JSON.stringify(wire.sign(slot, payload, before))) as unknown;
          expect(wire.open(slot, carried)).toMatchObject({ kind: "signed", from01: before });
          expect(JSON.stringify((wire.open(slot, carried) as { body: unknown }).body)).toBe(
            JSON.stringify(payload),
          );
        },
      ),
    );
  });

  test.each([
    ["another queue", { ...SLOT, queue: "host.host-b" }],
    ["another job", { ...SLOT, id: "command-2" }],
    ["another name", { ...SLOT, name: "stop" }],
    [
      "a name and an id that only look the same together",
      { ...SLOT, id: "command-1restart", name: "" },
    ],
  ])("is no good for %s", (_what, slot) => {
    expect(wire.open(slot, wire.sign(SLOT, { kind: "restart" }))).toEqual(REFUSED);
  });

  test.each<[string, (signed: Signed) => object]>([
    ["its payload", (signed) => ({ ...signed, body: signed.body.replace("1", "2") })],
    ["a blank of its payload", (signed) => ({ ...signed, body: ` ${signed.body}` })],
    ["its time", (signed) => ({ ...signed, at: signed.at + 1 })],
    ["where it comes from", (signed) => ({ ...signed, from01: true })],
    ["its signature", (signed) => ({ ...signed, mac: Buffer.alloc(32).toString("base64") })],
    ["its signature, cut", (signed) => ({ ...signed, mac: signed.mac.slice(0, 8) })],
    ["its signature, gone", (signed) => ({ ...signed, mac: "" })],
  ])("is invalid after a change of %s", (_what, change) => {
    expect(wire.open(SLOT, change(wire.sign(SLOT, { n: 1 })))).toEqual(REFUSED);
  });

  test("by another key, or for another fleet of the same key, is refused", () => {
    for (const other of [
      new Wire(Buffer.alloc(32, 8), FLEET),
      new Wire(KEY, "{flotilla.ffffffffffffffff}"),
    ]) {
      expect(wire.open(SLOT, other.sign(SLOT, {}))).toEqual(REFUSED);
      expect(wire.openBytes(SLOT, other.signBytes(SLOT, Buffer.from("x")))).toBeNull();
      expect(wire.openRow("status", "a@b", other.signRow("status", "a@b", {}))).toBeNull();
    }
  });

  test.each([
    [null, "unreadable"],
    ["text", "unreadable"],
    [{}, "unsigned"],
    [{ v: 1, kind: "routes", version: Number.MAX_SAFE_INTEGER }, "unsigned"],
    [{ at: "1", mac: "x", body: "{}" }, "unsigned"],
    [{ at: 1, mac: "x", body: { kind: "routes" } }, "unsigned"],
    [{ at: 1, mac: "x", body: "{" }, "wrong-signature"],
  ])("is not %j", (data, why) => {
    expect(wire.open(SLOT, data)).toEqual({ kind: "refused", why });
  });

  test("is good for seven days, and for less where less is asked for", () => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    const signed = wire.sign(SLOT, {});
    vi.advanceTimersByTime(7 * 86_400_000);
    expect(wire.open(SLOT, signed)).toMatchObject({ kind: "signed" });
    expect(wire.open(SLOT, signed, 600_000)).toEqual({ kind: "refused", why: "too-old" });
    vi.advanceTimersByTime(1);
    expect(wire.open(SLOT, signed)).toEqual({ kind: "refused", why: "too-old" });
  });
});

test("bytes for one login are no good for another, and cut or changed ones for none", () => {
  const slot = { queue: "parcel", id: "login-1", name: "parcel" };
  const signed = wire.signBytes(slot, Buffer.from("sealed"));
  expect(wire.openBytes(slot, signed)?.toString()).toBe("sealed");
  expect(wire.openBytes({ ...slot, id: "login-2" }, signed)).toBeNull();
  expect(wire.openBytes(slot, signed.subarray(0, -1))).toBeNull();
  expect(wire.openBytes(slot, signed.subarray(0, 5))).toBeNull();
  expect(wire.openBytes(slot, Buffer.alloc(0))).toBeNull();
  expect(wire.openBytes(slot, Buffer.from("sealed"))).toBeNull();
});
