/** The time limits and the send rate as they are delivered, on a clock that the test moves. */
import { randomBytes } from "node:crypto";
import { AppError } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import { DEFAULT_TIMINGS, FloodGate } from "@flotilla/telegram";
import { testDir } from "@flotilla/testkit";
import { Api } from "telegram";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Link } from "../src/link/link.ts";
import { account, newStore } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

function moveClock(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
}

/** How it ended, or "under way". */
function watched(work: Promise<unknown>): () => string {
  let state = "under way";
  work.then(
    () => {
      state = "answered";
    },
    (error: unknown) => {
      state = error instanceof AppError ? error.code : String(error);
    },
  );
  return () => state;
}

/** The link of an account that is logged in. */
async function link(): Promise<Link> {
  const store = await newStore();
  await world.logIn(store, world.person());
  const none = (): void => {};
  const events = { traffic: none, updates: none, undecodable: none, newSession: none };
  const made = new Link(store, account(world.server), DEFAULT_TIMINGS, {
    ...events,
    answered: none,
  });
  onTestFinished(() => made.stop());
  return made;
}

test("a server that accepts and says nothing has 60 s", async () => {
  const made = await link();
  world.sandbox.world.faults.silence({}, "open-and-new");
  moveClock();
  const connecting = watched(made.connect());
  await vi.advanceTimersByTimeAsync(59_900);
  expect(connecting()).toBe("under way");
  await vi.advanceTimersByTimeAsync(100);
  await made.ended;
  await vi.advanceTimersByTimeAsync(1);
  expect(connecting()).toBe("link-lost");
});

test("a call has 60 s; after one without an answer 90 s, until one is answered", async () => {
  const made = await link();
  await made.connect();
  const call = (): (() => string) => watched(made.invoke(new Api.help.GetConfig()));
  const silence = (): number => world.sandbox.world.faults.silence({});
  silence();
  moveClock();
  for (const limitMs of [60_000, 90_000, 90_000]) {
    const state = call();
    await vi.advanceTimersByTimeAsync(limitMs - 1);
    expect(`${limitMs}: ${state()}`).toBe(`${limitMs}: under way`);
    await vi.advanceTimersByTimeAsync(1);
    expect(`${limitMs}: ${state()}`).toBe(`${limitMs}: call-timeout`);
  }
});

describe("the send rate", () => {
  /** Sends to these chats in turn as fast as the gate lets it, for a minute after a quiet one. */
  async function sendTo(chats: readonly string[]): Promise<number[]> {
    const store = openSession({ dir: await testDir(), name: "w", fleetKey: randomBytes(32) });
    onTestFinished(() => store.close());
    moveClock();
    const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
    const gate = new FloodGate({ table: store.flood, clock });
    const over = new AbortController();
    const sentAt: number[] = [];
    await vi.advanceTimersByTimeAsync(60_000);
    const began = performance.now();
    const sending = (async () => {
      for (let n = 0; ; n++) {
        await gate.turn(chats[n % chats.length] ?? "", over.signal);
        sentAt.push(Math.round(performance.now() - began));
      }
    })().catch(() => {});
    await vi.advanceTimersByTimeAsync(59_999);
    over.abort();
    await sending;
    return sentAt;
  }
  const many = Array.from({ length: 50 }, (_, n) => `chat ${n}`);

  test("is 20 a minute to all chats together, 5 of them at once", async () => {
    const sentAt = await sendTo(many);
    expect(sentAt.filter((at) => at === 0)).toHaveLength(5);
    expect(sentAt).toHaveLength(5 + 19);
    expect((sentAt[6] ?? 0) - (sentAt[5] ?? 0)).toBe(3000);
  });

  test("is 20 a minute to one chat, a second apart", async () => {
    const sentAt = await sendTo(["one"]);
    expect(sentAt.slice(0, 4)).toEqual([0, 1000, 2000, 3000]);
    expect(sentAt).toHaveLength(20);
  });
});
