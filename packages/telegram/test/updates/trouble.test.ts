import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import type { Envelope } from "../../src/updates/model.ts";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

test("a difference that is too long is taken from the chats, also of channels", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  for (let n = 0; n < 9; n++) rig.server.post(ACCOUNT);
  for (let n = 0; n < 8; n++) rig.server.post("5");
  rig.server.limits.tooLong = 4;
  expect(await rig.start()).toMatchObject({ missed: 17, recovered: 17, lost: 0 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  const calls = rig.server.calls.length;
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  expect(rig.server.calls.length).toBe(calls);
});

test("a position that the server does not accept any more loses nothing", async () => {
  const rig = await Rig.create();
  await rig.start();
  for (let n = 0; n < 5; n++) rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  await rig.stop();
  rig.server.post(ACCOUNT);
  rig.server.resetPts(2);
  await rig.start();
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
});

test("updatePtsChanged: the position is read again, and no message in between is lost", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  rig.server.post(ACCOUNT);
  rig.server.resetPts(900);
  rig.push({ kind: "pts-changed" });
  await rig.complete();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
});

test("only the closed channel is marked; when it reopens, it continues", async () => {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  rig.server.closed.set("5", "CHANNEL_PRIVATE");
  rig.server.post("5");
  rig.push(rig.server.post("5"));
  rig.server.post("6");
  rig.push(rig.server.post("6"), rig.server.post(ACCOUNT));
  // Pushed messages are taken; the others wait until the channel admits the account again.
  await waitFor(() => rig.trouble.length === 1 && rig.inbox().length === 4);
  expect(rig.inbox().sort()).toEqual(["5/2", "6/1", "6/2", "account/1"]);
  expect(rig.trouble).toEqual([
    { kind: "closed", chat: "-1000000000005", reason: "CHANNEL_PRIVATE" },
  ]);
  expect(rig.store.updates.sources.get("-1000000000005")?.closed).toBe("CHANNEL_PRIVATE");
  rig.server.closed.clear();
  rig.push({ kind: "channel-changed", channel: "5" });
  await rig.complete();
  expect(rig.trouble.at(-1)).toEqual({ kind: "reopened", chat: "-1000000000005" });
});

test("a channel joined during an outage delivers its posts since then, one joined now starts now", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  await rig.stop();
  rig.server.join("5");
  rig.server.post("5");
  await rig.start();
  await rig.complete();
  rig.push(rig.server.join("6"));
  await waitFor(() => rig.store.updates.channels().some(({ id }) => id === "6"));
  rig.push(rig.server.post("6"));
  await rig.complete();
});

test("one event that cannot be read is passed over and counted, the others come", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post(ACCOUNT), rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  for (const box of [ACCOUNT, "5"])
    for (let n = 2; n <= 6; n++) n === 3 ? rig.server.postUnreadable(box) : rig.server.post(box);
  // No part of an answer that contains the third message of a box is readable.
  rig.server.onCall = (name, box) => {
    if (/ifference/.test(name) && !(/ 1 /.test(name) && !rig.store.updates.has(box, 2)))
      throw new Refusal("UNDECODABLE");
  };
  const result = await rig.start();
  expect(result).toMatchObject({ missed: 10, recovered: 8, lost: 2 });
  expect(rig.trouble).toEqual([
    { kind: "lost", box: ACCOUNT, count: 1, why: "unreadable" },
    { kind: "lost", box: "5", count: 1, why: "unreadable" },
  ]);
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  expect(rig.store.updates.account()?.pts).toBe(rig.server.pts(ACCOUNT));
  expect(rig.store.updates.channels()).toMatchObject([{ id: "5", pts: rig.server.pts("5") }]);
});

test("a wait for one channel holds up neither the account nor the other channels", async () => {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  await rig.stop();
  for (const box of ["5", "6", ACCOUNT]) rig.server.post(box);
  let refuse = true;
  rig.server.onCall = (name, box) => {
    if (refuse && box === "5" && name.startsWith("channel")) throw new Refusal("WAIT_60000");
  };
  await rig.start();
  expect(rig.inbox().sort()).toEqual(["6/1", "account/1"]);
  refuse = false;
  await rig.stop();
  await rig.start();
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
});

test("a server that is in trouble is asked again", async () => {
  const rig = await Rig.create();
  let left = 4;
  rig.server.onCall = () => {
    if (left-- > 0) throw new Refusal("INTERNAL");
  };
  await rig.start();
  rig.server.post(ACCOUNT);
  left = 3;
  rig.engine.doubt();
  await rig.complete();
});

test("the sweep finds what the stream never said", async () => {
  const rig = await Rig.create({ sweepEveryMs: 20 });
  for (const channel of ["5", "6", "7"]) rig.server.join(channel);
  await rig.start();
  rig.server.post("6");
  await rig.complete();
  rig.server.post(ACCOUNT);
  await rig.complete();
  await waitFor(() => rig.engine.counts().sweepFound === 2);
  expect(rig.trouble).toEqual([]);
});

test(
  "a chat that is quieter than usual is asked for before anybody is alarmed; its silence is " +
    "told once, and ends with a word",
  async () => {
    const rig = await Rig.create({ deafEveryMs: 10 });
    rig.server.join("5");
    await rig.start();
    expect(rig.engine.quiet()).toEqual({ checkedAt: null, chats: [] });
    for (let n = 0; n < 8; n++) rig.push(rig.server.post("5"));
    await rig.complete();
    rig.passedMs += 3 * 3_600_000;
    await waitFor(() => rig.trouble.length > 0);
    const asked = rig.server.calls.filter((call) => call.startsWith("dialogsOf"));
    expect(asked.length).toBeGreaterThan(0);
    expect(rig.trouble).toEqual([{ kind: "quiet", chat: "-1000000000005", found: 0 }]);
    expect(rig.engine.quiet()).toMatchObject({
      checkedAt: expect.any(Number),
      chats: [{ chat: "-1000000000005", found: 0, withheld: false }],
    });
    rig.push(rig.server.post("5"));
    await rig.complete();
    expect(rig.engine.quiet().chats).toEqual([]);
  },
);

test.each([86_400_000, -86_400_000, 365 * 86_400_000])(
  "a clock of this host that jumps by %i ms makes no chat quiet, and hides none that is",
  async (jumpMs) => {
    const rig = await Rig.create({ deafEveryMs: 10 });
    rig.server.join("5");
    await rig.start();
    for (let n = 0; n < 8; n++) rig.push(rig.server.post("5"));
    await rig.complete();
    rig.jumpedMs = jumpMs;
    const before = rig.engine.quiet().checkedAt;
    await waitFor(() => rig.engine.quiet().checkedAt !== before);
    expect([rig.trouble, rig.server.calls.filter((call) => call.startsWith("dialogsOf"))]).toEqual([
      [],
      [],
    ]);
    rig.passedMs += 3 * 3_600_000;
    await waitFor(() => rig.trouble.length > 0);
    const { checkedAt, chats } = rig.engine.quiet();
    const silentMs = (checkedAt ?? 0) - (chats[0]?.silentSince ?? 0);
    expect(silentMs / 3_600_000).toBeCloseTo(3, 1);
  },
);

test("newer messages of a quiet chat that were not pushed are fetched and reported", async () => {
  const rig = await Rig.create({ deafEveryMs: 30, idleMs: 1e12, sweepEveryMs: 1e12 });
  rig.server.join("5");
  await rig.start();
  for (let n = 0; n < 8; n++) rig.push(rig.server.post("5"));
  for (let n = 0; n < 2; n++) rig.server.post("5");
  rig.passedMs += 3 * 3_600_000;
  await rig.complete();
  await waitFor(() => rig.trouble.length > 0);
  expect(rig.trouble[0]).toEqual({ kind: "quiet", chat: "-1000000000005", found: 2 });
  expect(rig.engine.quiet().chats).toMatchObject([
    { chat: "-1000000000005", found: 2, withheld: false },
  ]);
});

test("a chat of which the server has more than it gives is deaf, said once", async () => {
  const rig = await Rig.create({ sweepEveryMs: 5 });
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  const dialogs = rig.server.dialogs.bind(rig.server);
  rig.server.dialogs = async (next) => {
    const page = await dialogs(next);
    return { ...page, dialogs: page.dialogs.map((each) => ({ ...each, topId: 99 })) };
  };
  await waitFor(() => rig.trouble.length > 0);
  const sweeps = (): number =>
    rig.server.calls.filter((call) => call.startsWith("dialogs ")).length;
  const before = sweeps();
  await waitFor(() => sweeps() > before + 2);
  expect(rig.trouble).toEqual([{ kind: "deaf", chat: "7" }]);
});

test("a crash before the commit: what was under way is fetched again, once", async () => {
  const rig = await Rig.create();
  await rig.start();
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  rig.server.post(ACCOUNT);
  rig.brokenCommits = 1;
  rig.push(rig.server.post(ACCOUNT));
  await rig.crash();
  rig.brokenCommits = 0;
  expect(await rig.start()).toMatchObject({ recovered: 2 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
});

test("more than can be worked off is asked for instead", async () => {
  const rig = await Rig.create();
  rig.server.limits.slice = 20_000;
  rig.server.join("5");
  await rig.start();
  const flood: Envelope[] = [];
  for (let n = 0; n < 10_050; n++)
    flood.push(rig.server.envelope([rig.server.post(n % 2 ? ACCOUNT : "5")]));
  for (const envelope of flood) rig.engine.feed(envelope);
  await rig.complete();
  expect(rig.engine.counts().recovered).toBeGreaterThan(10_000);
});
