/** Neither side may write what the other refuses: text for people is cut, never refused. */

import {
  CommandOutcome,
  Confirmation,
  clip,
  Delivery,
  Fault,
  type SourceMessage,
} from "@flotilla/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resultOfFault } from "../src/outcome.ts";
import { planUpload } from "../src/steps.ts";
import { aMessage, aRoute } from "./support.ts";

/** Longer than every limit, and with characters of two units. */
const long = fc.oneof(
  fc.string({ maxLength: 700 }),
  fc.string({ unit: "grapheme", maxLength: 400 }),
  fc.constantFrom("x".repeat(301), "x".repeat(110), "😀".repeat(300), "", "\ud83d"),
);
const CLASSES = [
  "NETWORK",
  "FLOOD",
  "AUTH_DEAD",
  "SOURCE",
  "REQUEST",
  "CRASH",
  "TG_SERVER",
  "LIMITED",
] as const;
const base = { v: 1, id: "reader.1.0", key: "k", route: "signals" } as const;

describe("limits agree at both ends", () => {
  it("whatever a server answers, its confirmation is taken", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CLASSES),
        long,
        long,
        fc.option(fc.nat(10_000)),
        (found, code, message, waitS) => {
          const fault = Fault.parse({
            class: found,
            code,
            message,
            ...(waitS === null ? {} : { waitS }),
          });
          const result = resultOfFault(fault, 1_800_000_000_000);
          const written = JSON.parse(JSON.stringify({ ...base, kind: "confirmation", result }));
          expect(Confirmation.safeParse(written).success).toBe(true);
        },
      ),
    );
  });

  it("whatever a file is called, it can be handed over", () => {
    fc.assert(
      fc.property(long, long, long, (name, mime, caption) => {
        const piece: SourceMessage = aMessage({ text: caption, media: "document" });
        const file = { message: 7, photo: false, mime, name, sizeBytes: 5, look: {} };
        const plan = planUpload(aRoute(), [piece], { row: 1, files: [file] }, () => null);
        if (plan.kind !== "step") throw new Error("no step");
        const source = { chat: "-1001", id: 7, date: 1, title: name, link: null };
        const delivery = {
          ...base,
          kind: "delivery",
          reader: "reader",
          to: aRoute().to,
          step: plan.step,
          source,
        };
        expect(Delivery.safeParse(delivery).success).toBe(true);
      }),
    );
  });

  it("whatever a chat, a device or a finding is called, the answer arrives", () => {
    fc.assert(
      fc.property(fc.array(long, { maxLength: 120 }), (titles) => {
        const chats = titles.map((title) => ({
          ref: "-5",
          title,
          kind: "group",
          forum: false,
          mayWrite: true,
        }));
        const topics = titles.map((title, n) => ({ id: n + 1, title, closed: false }));
        const lines = titles.map((text) => ({ text, verdict: text }));
        for (const outcome of [
          { kind: "chats", chats },
          { kind: "topics", chat: "-5", topics },
          { kind: "dry", lines: lines.slice(0, 20) },
          { kind: "failed", code: titles[0] ?? "", message: titles[1] ?? "" },
        ])
          expect(CommandOutcome.safeParse(outcome).success, outcome.kind).toBe(true);
      }),
    );
  });

  it("a text that is cut stays a text, is no longer than it may be, and is cut once", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 400 }),
        fc.integer({ min: 2, max: 300 }),
        (text, most) => {
          const cut = clip(text, most);
          expect(cut.length).toBeLessThanOrEqual(most);
          expect(cut.isWellFormed()).toBe(true);
          expect(clip(cut, most)).toBe(cut);
          expect(text.startsWith(cut.replace(/…$/, ""))).toBe(true);
        },
      ),
    );
  });
});
