/**
 * What a server in trouble must not cause: a position that runs away, a delay of other boxes, a
 * silent loss.
 */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

const pts = (rig: Rig): number | undefined => rig.store.updates.account()?.pts;
const lost = (rig: Rig): number =>
  rig.trouble.reduce((sum, trouble) => sum + (trouble.kind === "lost" ? trouble.count : 0), 0);
const asked = (rig: Rig, what: RegExp): number =>
  rig.server.calls.filter((call) => what.test(call)).length;
const isEven = (rig: Rig): boolean => pts(rig) === rig.server.pts(ACCOUNT);

/** Times of the requests of a rig. */
function times(rig: Rig): number[] {
  const at: number[] = [];
  const before = rig.server.onCall;
  rig.server.onCall = (name, box) => {
    at.push(performance.now());
    before(name, box);
  };
  return at;
}

const shortest = (at: readonly number[]): number =>
  Math.min(...at.slice(1).map((time, index) => time - (at[index] ?? 0)));

test.each([
  ["in every answer something that belongs to no step of any box", 1],
  ["three of them", 3],
])(
  "%s: the position stays the server's, at most one question in each pause, and nothing is called lost",
  async (_what, bogus) => {
    const rig = await Rig.create({ paceMs: 25 });
    await rig.start();
    rig.server.bogus = bogus;
    const at = times(rig);
    for (let n = 0; n < 30; n++) {
      rig.server.post(ACCOUNT);
      rig.push({ kind: "unreadable" });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const differences = at.filter((_, index) =>
      rig.server.calls.at(index - at.length)?.startsWith("difference"),
    );
    rig.server.bogus = 0;
    await rig.complete();
    expect(shortest(differences)).toBeGreaterThanOrEqual(24);
    expect(isEven(rig)).toBe(true);
    expect(lost(rig)).toBe(0);
    // The last request may still rest: a new connection starts without rests.
    await rig.stop();
    const states = asked(rig, /^state/);
    await rig.start();
    // A new connection asks once where the account stands, after a pause.
    await waitFor(() => asked(rig, /^state/) > states);
    const before = rig.server.calls.length;
    rig.push(rig.server.post(ACCOUNT));
    await rig.complete();
    expect(rig.server.calls.length, "what comes later is new").toBe(before);
  },
);

test(
  "a data centre whose answers cannot be read at all, and that is well afterwards: the " +
    "position is the server's",
  async () => {
    const rig = await Rig.create({ paceMs: 20, gapMs: 5 });
    await rig.start();
    let isIll = true;
    rig.server.onCall = (name) => {
      if (isIll && name.startsWith("difference")) throw new Refusal("UNDECODABLE");
    };
    const at = times(rig);
    for (let n = 0; n < 20; n++)
      n % 5 === 4 ? rig.server.postUnreadable(ACCOUNT) : rig.server.post(ACCOUNT);
    for (let n = 0; n < 20; n++) {
      rig.engine.doubt();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(asked(rig, /^difference/)).toBeGreaterThan(3);
    isIll = false;
    rig.engine.doubt();
    await rig.complete();
    await waitFor(() => isEven(rig) && lost(rig) === rig.server.unreadable());
    const differences = at.filter((_, index) =>
      rig.server.calls.at(index - at.length)?.startsWith("difference"),
    );
    expect(shortest(differences)).toBeGreaterThanOrEqual(19);
    rig.push(rig.server.post(ACCOUNT));
    await rig.complete();
  },
);

test(
  "unreadable messages among readable ones, in both kinds of box: each costs itself, the " +
    "count is true",
  async () => {
    const rig = await Rig.create();
    rig.server.join("5");
    await rig.start();
    rig.push(rig.server.post("5"), rig.server.post(ACCOUNT));
    for (let n = 0; n < 24; n++) {
      const box = n % 2 ? ACCOUNT : "5";
      if (n % 6 < 2) rig.push(rig.server.postUnreadable(box));
      else if (n % 6 === 3) rig.server.read(box);
      else rig.push(rig.server.post(box));
    }
    rig.push(rig.server.post("5"), rig.server.post(ACCOUNT));
    await rig.complete();
    await waitFor(() => lost(rig) === rig.server.unreadable());
    expect(isEven(rig)).toBe(true);
  },
);

test.each([5, 50, 100_000])(
  "a position that is %i beyond the server's is found at the next connection, and loses nothing",
  async (by) => {
    const rig = await Rig.create();
    await rig.start();
    rig.push(rig.server.post(ACCOUNT));
    await rig.complete();
    await rig.stop();
    const state = rig.store.updates.account();
    if (state) rig.store.updates.commit({ account: { ...state, pts: state.pts + by } }, () => true);
    rig.server.accepts = true;
    for (let n = 0; n < 3; n++) rig.server.post(ACCOUNT);
    await rig.start();
    await rig.complete();
    await waitFor(() => isEven(rig));
    rig.push(rig.server.post(ACCOUNT));
    await rig.complete();
  },
);

test(
  "a position beyond the server's is found while the connection lives, by a message that " +
    "looks old and is not here",
  async () => {
    const rig = await Rig.create();
    rig.server.join("5");
    await rig.start();
    rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
    await rig.complete();
    // As in the update of a broken server.
    for (const box of [ACCOUNT, "5"]) {
      const at = rig.server.pts(box);
      rig.push({ kind: "box", box, pts: at + 500, count: 500, events: [] });
    }
    await waitFor(() => (pts(rig) ?? 0) > 400);
    rig.server.accepts = true;
    for (let n = 0; n < 3; n++) rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
    await rig.complete();
    await waitFor(
      () => isEven(rig) && rig.store.updates.channels()[0]?.pts === rig.server.pts("5"),
    );
    rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
    await rig.complete();
  },
);

test("a server that does not say where it stands holds nothing up", async () => {
  const rig = await Rig.create({ retryMs: [1, 2] });
  await rig.start();
  await rig.stop();
  rig.server.onCall = (name) => {
    if (name === "state") throw new Refusal("REFUSED NEW_CODE");
  };
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  await waitFor(() => rig.store.updates.account()?.date === rig.server.date);
  expect(asked(rig, /^state/)).toBeLessThan(8);
});

const STUCK = {
  "a slice that leads nowhere": (rig: Rig) => {
    const difference = rig.server.difference.bind(rig.server);
    rig.server.difference = async (from, limit) => {
      const answer = await difference(from, limit);
      return answer.kind === "part"
        ? { ...answer, final: false, state: from, events: [], updates: [] }
        : answer;
    };
  },
  "a slice in which only the date moves": (rig: Rig) => {
    const difference = rig.server.difference.bind(rig.server);
    let date = 5000;
    rig.server.difference = async (from, limit) => {
      await difference(from, limit);
      return {
        kind: "part",
        final: false,
        state: { ...from, date: date++ },
        events: [],
        updates: [],
        unreadable: 0,
      };
    };
  },
  "a difference that is always too long": (rig: Rig) => {
    const difference = rig.server.difference.bind(rig.server);
    rig.server.difference = async (from, limit) => {
      await difference(from, limit);
      return { kind: "too-long", pts: from.pts };
    };
  },
};

test.each(Object.entries(STUCK))(
  "%s, again and again: asked a few times with pauses, then taken from the chats",
  async (_what, spoil) => {
    const rig = await Rig.create({ retryMs: [5, 10, 20], paceMs: 1 });
    await rig.start();
    spoil(rig);
    for (let n = 0; n < 4; n++) rig.server.post(ACCOUNT);
    const before = rig.server.calls.length;
    rig.engine.doubt();
    await rig.complete();
    await waitFor(() => isEven(rig) && rig.store.updates.account()?.pts === pts(rig));
    expect(
      rig.server.calls.slice(before).filter((call) => call.startsWith("difference")).length,
    ).toBeLessThan(10);
    await rig.stop();
    await rig.start();
    await rig.complete();
  },
);

test.each([
  ["account and channels", [ACCOUNT, "5", "6", "7"]],
  ["channels alone", ["5", "6", "7"]],
  ["many channels", ["5", "6", "7", "8", "9", "10", "11", "12"]],
])(
  "something unreadable in the answers of %s: one question in each pause for all of them together",
  async (_what, boxes) => {
    const rig = await Rig.create();
    for (const channel of boxes.filter((box) => box !== ACCOUNT)) rig.server.join(channel);
    await rig.start();
    rig.timings.paceMs = 25;
    rig.server.bogus = 1;
    const at = times(rig);
    // Ahead of the known position: each box needs a request.
    for (const box of boxes) for (let n = 0; n < 5; n++) rig.server.post(box);
    for (const box of boxes) rig.push(rig.server.post(box));
    await rig.complete();
    const differences = at.filter((_, index) =>
      /ifference/.test(rig.server.calls.at(index - at.length) ?? ""),
    );
    expect(differences.length).toBeGreaterThanOrEqual(boxes.length);
    expect(shortest(differences)).toBeGreaterThanOrEqual(24);
    expect(lost(rig)).toBe(0);
  },
);
