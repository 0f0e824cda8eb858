import { STATE_TABLE, type WorkerStatus } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import type { CommandRow } from "../workers/command-store.ts";
import { commandOf, hostOf, type Move, type MoveStep } from "./move.ts";

/** The fleet as a move sees it. Times in milliseconds since the epoch. */
export interface World {
  readonly now: number;
  /** When this process began to look: waits begin there once more after a restart of the bot. */
  readonly since: number;
  readonly command: (id: string) => CommandRow | null;
  /** What the worker's host last said of it. */
  readonly status: WorkerStatus | null;
  readonly isHeard: (host: HostId) => boolean;
}

/** Longer than a command is valid: one that comes later is refused by its host. */
const UNANSWERED_MS = 75_000;
/** Within this time it must run on the new host. */
const RUNNING_MS = 120_000;
/** Until a step that failed and must be done is tried again. */
const AGAIN_MS = 10_000;
const MOST_PACKS = 3;
const MOST_TRIES = 3;

/** Brings a move as far as the world allows. Pure: the same when there is nothing new. */
export function advance(move: Move, world: World): Move {
  if (move.end) return move;
  const result = resultOf(move, world);
  switch (move.step) {
    case "pack":
      return afterPack(move, result, world);
    case "unpack":
      return afterUnpack(move, result, world);
    case "start":
      return afterStart(move, result, world);
    case "clear":
      if (result.kind === "done") return ended(move, "moved", world);
      return again(move, result, world);
    case "drop":
      if (result.kind === "done") return next(move, "restart", world);
      return again(move, result, world);
    case "restart":
      return afterRestart(move, result, world);
    default:
      return move.step satisfies never;
  }
}

type Result =
  | { readonly kind: "wait" | "done" | "unanswered" }
  | { readonly kind: "failed"; readonly why: { readonly code: string; readonly message: string } };

function resultOf(move: Move, world: World): Result {
  const command = world.command(commandOf(move));
  const isLate = waited(move, world) > UNANSWERED_MS;
  if (command === null || command.state === "asked")
    return { kind: isLate ? "unanswered" : "wait" };
  if (command.state === "done") return { kind: "done" };
  const code = command.code ?? command.state;
  // It was not sent, or came too late: its host did nothing.
  if (command.state !== "failed" || isNotSent(code)) return { kind: "unanswered" };
  return { kind: "failed", why: { code, message: command.result ?? "" } };
}

function isNotSent(code: string): boolean {
  return code.startsWith("redis-") || code === "not-sent";
}

function afterPack(move: Move, result: Result, world: World): Move {
  if (result.kind === "done")
    return move.cancelling ? next(move, "restart", world) : next(move, "unpack", world);
  if (result.kind === "failed") return back(move, "restart", result.why, world);
  if (result.kind === "wait") return move;
  // A host that does not answer may have stopped it: only it can start the worker again.
  if (move.cancelling) return next(move, "restart", world);
  return again(move, result, world);
}

function afterUnpack(move: Move, result: Result, world: World): Move {
  if (result.kind === "wait") return move;
  if (move.cancelling) return next(move, "drop", world);
  if (result.kind === "done") {
    if (move.wasRunning) return next(move, "start", world);
    return next(move, "clear", world);
  }
  if (result.kind === "failed") {
    const isGone = result.why.code === "move-parcel-gone" && move.packs < MOST_PACKS;
    if (isGone) return { ...next(move, "pack", world), packs: move.packs + 1 };
    return back(move, "drop", result.why, world);
  }
  const why = { code: "host-silent", message: "The new host did not answer." };
  // Nothing was started there, and a command that it finds later is too late.
  if (!world.isHeard(move.to)) return back(move, "restart", why, world);
  return move.tries < MOST_TRIES ? again(move, result, world) : back(move, "drop", why, world);
}

function afterStart(move: Move, result: Result, world: World): Move {
  const { status } = world;
  if (status?.host === move.to && hasArrived(status)) return next(move, "clear", world);
  if (result.kind === "failed") return back(move, "drop", result.why, world);
  // It has the worker: what it did is not known before it is heard again.
  if (!world.isHeard(move.to)) return move;
  if (result.kind === "unanswered" && move.tries < MOST_TRIES) return again(move, result, world);
  if (waited(move, world) <= RUNNING_MS) return move;
  const fault = status?.host === move.to ? status.fault : null;
  const why = {
    code: fault?.code ?? "not-running",
    message: fault?.message ?? status?.state ?? "It did not start.",
  };
  return back(move, "drop", why, world);
}

function afterRestart(move: Move, result: Result, world: World): Move {
  if (!move.wasRunning || result.kind === "done" || result.kind === "failed")
    return ended(move, "back", world);
  return again(move, result, world);
}

/** Telegram answers it, or it is one that no host can bring online. */
function hasArrived({ state }: WorkerStatus): boolean {
  const { online, needs } = STATE_TABLE[state];
  return (online === "yes" && needs !== "admin") || state === "NEEDS_LOGIN" || state === "BANNED";
}

/** The same step once more, under a new command, when its host is there. */
function again(move: Move, result: Result, world: World): Move {
  if (result.kind === "wait" || result.kind === "done") return move;
  if (!world.isHeard(hostOf(move)) || waited(move, world) < AGAIN_MS) return move;
  return { ...move, at: world.now, attempt: move.attempt + 1, tries: move.tries + 1 };
}

function next(move: Move, step: MoveStep, { now }: World): Move {
  return { ...move, step, at: now, attempt: move.attempt + 1, tries: 0 };
}

function back(move: Move, step: "drop" | "restart", why: Move["why"], world: World): Move {
  return { ...next(move, step, world), why };
}

function ended(move: Move, how: "moved" | "back", { now }: World): Move {
  return { ...move, end: { at: now, how } };
}

/** Milliseconds since the step was begun, or since this process looks, if that is less. */
function waited(move: Move, { now, since }: World): number {
  return now - Math.max(move.at, since);
}
