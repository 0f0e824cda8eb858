import fc from "fast-check";
import { expect, test } from "vitest";
import { moveTimes, WorkerStatus } from "../src/index.ts";
import { valuesOf } from "./from-schema.ts";

const HOSTS_OWN = [
  "since",
  "startedAt",
  "nextTryAt",
  "lastSuccessAt",
  "lastMessageAt",
  "checkpointAt",
  "beganAt",
  "endedAt",
];
const UNTIL = ["waitUntil", "halvedUntil", "until"];
/** By Telegram's clock, or set by who reads. */
const OTHERS = ["silentSince", "checkedAt", "updatedAt", "toldAt"];

/** Every number in it that is a time, by its path. */
function timesIn(value: unknown, path = ""): [string, number][] {
  if (typeof value === "number")
    return /(At|since|until|Until|Since)$/.test(path) ? [[path, value]] : [];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, each]) => timesIn(each, `${path}.${key}`));
}

test(
  "every time of a status by the clock of its host moves, those of Telegram stay, and " +
    "nothing else changes",
  () => {
    fc.assert(
      fc.property(valuesOf(WorkerStatus), fc.integer({ min: -1e11, max: 1e11 }), (input, byMs) => {
        const status = WorkerStatus.parse(input);
        const moved = moveTimes(status, byMs);
        const after = new Map(timesIn(moved));
        for (const [path, at] of timesIn(status)) {
          const name = path.replace(/^.*\./, "");
          expect([...HOSTS_OWN, ...UNTIL, ...OTHERS], path).toContain(name);
          expect(after.get(path), path).toBe(OTHERS.includes(name) ? at : at + byMs);
        }
        expect(moveTimes(moved, -byMs)).toEqual(status);
      }),
    );
  },
);
