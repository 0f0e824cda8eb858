import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import type { Move } from "../../src/moves/move.ts";
import { ASKER, HOST, NOW } from "../support.ts";

const base: Move = {
  id: "move",
  worker: parseWorkerId("news_1"),
  from: HOST,
  to: parseHostId("host-b"),
  asker: ASKER,
  askedAt: NOW - 21_000,
  wasRunning: true,
  step: "pack",
  at: NOW - 20_000,
  attempt: 0,
  tries: 0,
  packs: 1,
  cancelling: false,
  why: null,
  end: null,
};
const why = { code: "disk-full", message: "The disk of that host is full." };

/** Moves as far as they come; over, so that the buttons of the worker are as ever. */
export const MOVES: Readonly<Record<string, Move>> = {
  "move-begun": base,
  "move-there": { ...base, step: "start" },
  "move-cancelled": { ...base, step: "unpack", cancelling: true },
  "move-going-back": { ...base, step: "drop", why },
  "move-back": { ...base, step: "restart", why, end: { at: NOW, how: "back" } },
  "move-done": { ...base, step: "clear", end: { at: NOW, how: "moved" } },
};
