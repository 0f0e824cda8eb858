/**
 * Channels with a misbehaving server: they block no other box, and no message of them is forgotten.
 */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import type { Envelope, Update } from "../../src/updates/model.ts";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

const asked = (rig: Rig, what: RegExp): number =>
  rig.server.calls.filter((call) => what.test(call)).length;
const isEven = (rig: Rig): boolean => rig.store.updates.account()?.pts === rig.server.pts(ACCOUNT);

test.each(["final never comes", "always too long"])(
  "a channel whose difference leads nowhere (%s) is taken from its history, and holds nothing",
  async (how) => {
    const rig = await Rig.create({ retryMs: [5, 10, 20], paceMs: 1 });
    for (const channel of ["5", "6"]) rig.server.join(channel);
    await rig.start();
    rig.server.channelDifference = async (channel, at) => {
      rig.server.calls.push(`channelDifference ${channel}`);
      await new Promise(setImmediate);
      return how.startsWith("final")
        ? { kind: "part", final: false, pts: at, events: [], updates: [], unreadable: 0 }
        : { kind: "too-long", pts: at, topId: null };
    };
    rig.server.post("5");
    rig.push({ kind: "channel-too-long", channel: "5" });
    rig.push(rig.server.post("6"), rig.server.post(ACCOUNT));
    await rig.complete();
    await waitFor(() => rig.store.updates.account()?.date === rig.server.date);
    expect(asked(rig, /^channelDifference/)).toBeLessThan(10);
  },
);

test.each(["SOME_NEW_CODE", "CHANNEL_MONOFORUM_UNSUPPORTED", "INPUT_FETCH_ERROR"])(
  "a channel that is refused for ever with %s is set aside, told once, and holds nothing else",
  async (code) => {
    const rig = await Rig.create({ retryMs: [1, 2, 5], paceMs: 1 });
    for (const channel of ["5", "6"]) rig.server.join(channel);
    await rig.start();
    let isRefused = true;
    rig.server.onCall = (name, box) => {
      if (isRefused && box === "5" && name.startsWith("channelDifference"))
        throw new Refusal(`REFUSED ${code}`);
    };
    rig.server.post("5");
    rig.push(rig.server.post("5"), rig.server.post("6"), rig.server.post(ACCOUNT));
    await waitFor(() => rig.trouble.length > 0);
    expect(rig.trouble).toEqual([{ kind: "closed", chat: "-1000000000005", reason: code }]);
    await waitFor(() => rig.store.updates.account()?.date === rig.server.date);
    expect(rig.inbox().sort()).toEqual(["5/2", "6/1", "account/1"]);
    const before = asked(rig, /^channelDifference \S+ 5/);
    for (let n = 0; n < 20; n++) rig.push(rig.server.post("6"));
    await waitFor(() => rig.inbox().length === 23);
    expect(
      asked(rig, /^channelDifference \S+ 5/),
      "no more questions without a reason",
    ).toBeLessThan(before + 3);
    expect(rig.trouble).toHaveLength(1);
    isRefused = false;
    await waitFor(() => {
      rig.push(rig.server.post("5"));
      return rig.trouble.length > 1;
    });
    expect(rig.trouble.at(-1)).toEqual({ kind: "reopened", chat: "-1000000000005" });
    await rig.complete();
  },
);

test("one passing refusal, then posts: a message opens the channel again", async () => {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  rig.push(rig.server.post("5"));
  await rig.complete();
  for (const code of ["CHANNEL_PRIVATE", "CHANNEL_INVALID", "CHANNEL_PUBLIC_GROUP_NA"]) {
    const before = rig.trouble.length;
    let left = 1;
    rig.server.onCall = (name, box) => {
      if (box === "5" && name.startsWith("channelDifference") && left-- > 0)
        throw new Refusal(code);
    };
    rig.push({ kind: "channel-too-long", channel: "5" });
    await waitFor(() => rig.trouble.length === before + 1);
    expect(rig.trouble.at(-1)).toEqual({ kind: "closed", chat: "-1000000000005", reason: code });
    rig.push(rig.server.post("5"));
    await rig.complete();
    await waitFor(() => rig.trouble.length === before + 2);
    expect(rig.trouble.at(-1)).toEqual({ kind: "reopened", chat: "-1000000000005" });
    expect(rig.store.updates.sources.get("-1000000000005")?.closed).toBeNull();
  }
});

test(
  "channels joined elsewhere: whatever was posted since then arrives, also what came before " +
    "the first update seen here",
  async () => {
    const rig = await Rig.create();
    await rig.start();
    rig.push(rig.server.post(ACCOUNT));
    await rig.complete();
    const before = rig.server.everything().length;
    const channels = Array.from({ length: 20 }, (_, n) => String(n + 10));
    for (const channel of channels) rig.server.join(channel);
    for (let n = 0; n < 3; n++) for (const channel of channels) rig.server.post(channel);
    // The account's own box continues meanwhile.
    rig.push(rig.server.post(ACCOUNT));
    await waitFor(() => rig.inbox().length === 2);
    rig.push(...channels.map((channel) => rig.server.post(channel)));
    await rig.complete();
    expect(rig.inbox()).toHaveLength(before + 81);
    expect(asked(rig, /^dialogsOf/), "asked together").toBeLessThan(10);
  },
);

test(
  "what was posted in a channel before the account joined it does not count as missed, " +
    "whenever it is first seen",
  async () => {
    const rig = await Rig.create();
    rig.server.join("5");
    await rig.start();
    rig.server.join("9");
    for (let n = 0; n < 5; n++) rig.server.post("9");
    rig.server.joinLater("9");
    rig.server.post("9");
    rig.push(rig.server.post("9"));
    await waitFor(() => rig.inbox().length === 2);
    expect(rig.inbox().sort()).toEqual(["9/6", "9/7"]);
    rig.push(rig.server.read("9"), rig.server.edit("9"), rig.server.post("9"));
    await waitFor(() => rig.inbox().length === 3);
  },
);

test("an unknown channel that may not be looked up: what is pushed of it is taken", async () => {
  const rig = await Rig.create({ retryMs: [1, 2] });
  await rig.start();
  rig.server.join("9");
  rig.server.onCall = (name) => {
    if (name === "dialogsOf") throw new Refusal("CHANNEL_PRIVATE");
  };
  rig.push(rig.server.post("9"));
  rig.push(rig.server.post("9"));
  await rig.complete();
  expect(rig.trouble).toEqual([
    { kind: "closed", chat: "-1000000000009", reason: "CHANNEL_PRIVATE" },
  ]);
});

test(
  "with too many updates, channels that are too long, a reset position and unknown channels " +
    "are not forgotten",
  async () => {
    const rig = await Rig.create();
    rig.server.limits.slice = 20_000;
    for (const channel of ["5", "6"]) rig.server.join(channel);
    await rig.start();
    rig.server.join("9");
    for (const channel of ["5", "9", "9"]) rig.server.post(channel);
    const flood: Envelope[] = Array.from({ length: 10_040 }, () =>
      rig.server.envelope([rig.server.post("6")]),
    );
    const special: Update[] = [
      { kind: "channel-too-long", channel: "5" },
      { kind: "channel-changed", channel: "8" },
      rig.server.post("9"),
      { kind: "pts-changed" },
    ];
    rig.server.resetPts(700);
    for (const envelope of [...flood, ...special.map((each) => rig.server.envelope([each]))])
      rig.engine.feed(envelope);
    await rig.complete();
    await waitFor(() => isEven(rig));
    await waitFor(() => rig.store.updates.channels().length === 3);
    expect(
      rig.store.updates
        .channels()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(["5", "6", "9"]);
  },
);

test("a pushed channel outside the list of chats is asked for rarely; its message is taken", async () => {
  const rig = await Rig.create({ retryMs: [20, 50], paceMs: 1 });
  rig.server.join("5");
  await rig.start();
  const original = rig.server.dialogsOf.bind(rig.server);
  rig.server.dialogsOf = async (chats) => (await original(chats)).filter(({ box }) => box !== "9");
  rig.server.join("9");
  rig.push(rig.server.post("9"));
  await waitFor(() => rig.inbox().includes("9/1"));
  rig.push(rig.server.post("5"), rig.server.post(ACCOUNT));
  await waitFor(() => rig.inbox().length === 3);
  expect(asked(rig, /^dialogsOf/)).toBeLessThan(5);
});

test(
  "a gap that the difference of its channel does not close: a few questions, what was pushed " +
    "is taken, told once",
  async () => {
    const rig = await Rig.create({ retryMs: [2, 2, 2, 2, 60_000], paceMs: 1, gapMs: 1 });
    for (const channel of ["5", "6"]) rig.server.join(channel);
    await rig.start();
    const ahead = (): Update => {
      const update = rig.server.post("5");
      return { ...update, pts: update.pts + 500 };
    };
    rig.server.channelDifference = async (channel, at) => {
      rig.server.calls.push(`channelDifference ${channel}`);
      await new Promise(setImmediate);
      return { kind: "empty", pts: at };
    };
    rig.server.dialogsOf = async () => [
      { chat: "-1000000000005", box: "5", topId: 0, topDate: 0, pts: 1, joinedAt: 0 },
    ];
    rig.server.history = async () => ({ events: [], raw: 0, unreadable: 0, unreadableAfter: 0 });
    rig.push(ahead());
    await rig.complete();
    expect(asked(rig, /^channelDifference/)).toBeLessThan(10);
    for (let n = 0; n < 20; n++) {
      rig.push(ahead(), rig.server.post("6"), rig.server.post(ACCOUNT));
      await rig.complete();
    }
    expect(asked(rig, /^channelDifference/), "with pauses that grow").toBeLessThan(20);
    expect(rig.trouble).toEqual([
      { kind: "closed", chat: "-1000000000005", reason: "NO_PROGRESS" },
    ]);
  },
);
