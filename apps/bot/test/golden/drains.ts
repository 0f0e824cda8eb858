import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import type { Drain, DrainEntry } from "../../src/hosts/drain.ts";
import { ASKER, NOW } from "../support.ts";

/** A host of the golden fleet that is heard. */
export const DRAINED_HOST = parseHostId("host-well");
const B = parseHostId("host-b");

const entry = (name: string, more: Partial<DrainEntry> = {}): DrainEntry => ({
  worker: parseWorkerId(name),
  state: "waiting",
  to: null,
  wasStopped: false,
  tries: 0,
  why: null,
  ...more,
});
const left = (name: string, code: string): DrainEntry =>
  entry(name, { state: "left", why: { code, message: "" } });
const base: Drain = {
  id: "drain",
  host: DRAINED_HOST,
  asker: ASKER,
  askedAt: NOW - 95_000,
  how: "move",
  entries: [
    entry("well_1", { state: "done", to: B }),
    left("well_2", "disk-full"),
    entry("well_3", { state: "begun", to: B }),
    entry("well_4"),
    entry("well_5"),
  ],
  cancelling: false,
  overAt: null,
  end: null,
};
const over = {
  overAt: NOW - 5000,
  entries: [
    entry("well_1", { state: "done", to: B }),
    left("well_2", "drain-nowhere"),
    left("well_3", "drain-login"),
    left("well_4", "drain-unknown"),
    left("well_5", "drain-cancelled"),
    { ...left("well_6", "drain-gone"), state: "done" },
  ],
} as const satisfies Partial<Drain>;
const stopped = ["well_1", "well_2"].map((name) =>
  entry(name, { state: "done", wasStopped: true }),
);
const many = Array.from({ length: 70 }, (_, n) =>
  entry(`many_${n}`, n < 12 ? { state: "done", to: B } : {}),
);

/** Drains as far as they come. */
export const DRAINS: Readonly<Record<string, Drain>> = {
  "drain-begun": base,
  "drain-of-many": { ...base, entries: many },
  "drain-cancelling": { ...base, cancelling: true },
  "drain-over": { ...base, ...over, entries: [...over.entries] },
  "drain-by-stop": { ...base, how: "stop", entries: stopped, overAt: NOW - 5000 },
  "drain-ended": {
    ...base,
    how: "stop",
    overAt: NOW - 5000,
    entries: stopped,
    end: { at: NOW, how: "taking" },
  },
  "drain-of-a-silent-host": { ...base, host: B },
  "drain-forgotten": { ...base, end: { at: NOW, how: "forgotten" } },
};
