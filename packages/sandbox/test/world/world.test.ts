import { describe, expect, it } from "vitest";
import { emptyBox, eventsAfter, recordEvent } from "../../src/world/box.ts";
import { MovableClock } from "../../src/world/clock.ts";
import { LoginCodes } from "../../src/world/codes.ts";
import type { LoginCode } from "../../src/world/model.ts";
import { emptyState } from "../../src/world/model.ts";
import { fromText, toText } from "../../src/world/snapshot.ts";
import { World } from "../../src/world/world.ts";

describe("a login code in a text", () => {
  function withCode(): { codes: LoginCodes; code: LoginCode; digits: string[] } {
    const codes = new LoginCodes([], new MovableClock());
    const code = codes.issue("15550000001", "1", "sms");
    return { codes, code, digits: [...code.code] };
  }

  it.each([
    { form: "alone", write: (d: string[]) => d.join("") },
    { form: "in a sentence", write: (d: string[]) => `The code: ${d.join("")}!` },
    { form: "with dashes", write: (d: string[]) => d.join("-") },
    { form: "with long dashes", write: (d: string[]) => d.join("–") },
    { form: "with spaces", write: (d: string[]) => d.join("  ") },
    { form: "before another number", write: (d: string[]) => `${d.join("")} 7` },
    { form: "between letters", write: (d: string[]) => `x${d.join("")}y` },
  ])("is cancelled when it stands $form", ({ write }) => {
    const { codes, code, digits } = withCode();
    expect(codes.cancelSeen(write(digits))).toEqual(["15550000001"]);
    expect(code.state).toBe("cancelled");
    expect(codes.cancelSeen(write(digits))).toEqual([]);
  });

  it.each([
    { form: "inside a longer number", write: (d: string[]) => `9${d.join("")}` },
    { form: "in part", write: (d: string[]) => d.slice(1).join("") },
    { form: "with letters between its digits", write: (d: string[]) => d.join("a") },
  ])("stays valid when it stands $form", ({ write }) => {
    const { codes, code, digits } = withCode();
    expect(codes.cancelSeen(write(digits))).toEqual([]);
    expect(code.state).toBe("valid");
  });

  it("is replaced by the next one", () => {
    const { codes, code } = withCode();
    const next = codes.issue("15550000001", "1", "sms");
    expect([code.state, next.state, codes.latest("15550000001")?.code]).toEqual([
      "replaced",
      "valid",
      next.code,
    ]);
  });
});

describe("the world", () => {
  it("refuses accounts that cannot be", () => {
    const world = new World(emptyState(), new MovableClock());
    world.createAccount({ phone: "+1 555 000-0001", username: "Ann" });
    expect(() => world.createAccount({ phone: "15550000001" })).toThrow(
      expect.objectContaining({ code: "account-exists" }),
    );
    expect(() => world.createAccount({ phone: "12" })).toThrow(
      expect.objectContaining({ code: "bad-phone" }),
    );
    expect(() => world.createAccount({ phone: "15550000002", username: "ann" })).toThrow(
      expect.objectContaining({ code: "username-taken" }),
    );
    expect(world.byUsername("@ANN")).toBe(world.byPhone("+15550000001"));
  });

  it("survives being written down", () => {
    const world = new World(emptyState(), new MovableClock());
    const [ann, bob] = [
      world.createAccount({ phone: "15550000001", password: "x" }),
      world.createAccount({ phone: "15550000002" }),
    ];
    world.messaging.send(ann, { kind: "user", id: bob.id }, { text: "hé", randomId: 7n }, null);
    world.createChannel({ title: "News", members: [ann, bob] });
    expect(fromText(toText(world.state))).toEqual(world.state);
  });

  it("stops the code of one phone when any account repeats it, in an edit too", () => {
    const world = new World(emptyState(), new MovableClock());
    const [ann, bob] = [
      world.createAccount({ phone: "15550000001" }),
      world.createAccount({ phone: "15550000002" }),
    ];
    const peer = { kind: "user", id: ann.id } as const;
    const { message } = world.messaging.send(bob, peer, { text: "hi" }, null);
    const code = world.sendCode("15550000001", "1", true);
    world.messaging.edit(bob, { peer, id: message.id }, { text: code.code }, null);
    expect(code.state).toBe("cancelled");
  });
});

describe("a box", () => {
  it("gives the events after a pts, also after one in the middle of an event", () => {
    const box = emptyBox();
    recordEvent(box, { kind: "new", id: 1 }, 1, 0);
    recordEvent(box, { kind: "delete", ids: [1, 2, 3] }, 3, 0);
    expect([1, 2, 3, 5].map((pts) => eventsAfter(box, pts).map((event) => event.pts))).toEqual([
      [2, 5],
      [5],
      [5],
      [],
    ]);
  });
});
